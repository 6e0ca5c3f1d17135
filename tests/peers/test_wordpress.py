"""What people write on a real WordPress arrives, whole and right, and is followed afterwards."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from earful import store
from earful.pipeline import fetch
from earful.store.models import (
    Channel,
    Conversation,
    Event,
    Message,
    MessageVersion,
    Thread,
)
from earful.testing.inbox import Inbox

from tests.peers.blog import Blog, Post
from tests.peers.conftest import OpenInbox

pytestmark = pytest.mark.peers

GUESTS = ("Mara Quill", "Theo Brandt", "Ines Okafor", "Jonas Pell", "Søren Łąka")


def arrived() -> dict[int, Any]:
    """The messages by the numbers of their comments, with thread, author and conversation."""
    with store.connection():
        rows = list(Message.select().order_by(Message.id))
        for row in rows:
            assert (row.thread.title, row.identity.name, row.conversation.subject) is not None
    return {
        int(row.external_id.removeprefix("comment-")): row
        for row in rows
        if row.external_id.startswith("comment-")
    }


def row(comment: int) -> Any:
    return arrived()[comment]


def channel() -> Any:
    with store.connection():
        return Channel.get(Channel.name == "blog")


def poll_twice(inbox: Inbox) -> None:
    inbox.poll("blog")
    inbox.poll("blog")


def write_many(blog: Blog, posts: list[Post]) -> None:
    """30 comments at once: guests by the form, answers to them, and two bursts within a second."""
    with ThreadPoolExecutor(4) as people:
        tops = list(
            people.map(
                lambda at: blog.comment(posts[at % 2], GUESTS[at % 5], f"Question {at}: why?"),
                range(12),
            )
        )
        list(
            people.map(
                lambda at: blog.comment(
                    posts[at % 2], GUESTS[(at + 1) % 5], f"Answer {at} & more", parent=tops[at]
                ),
                range(8),
            )
        )
    same = datetime.now(UTC) - timedelta(seconds=1)
    for at in range(10):
        blog.comment_at(
            posts[at % 2], GUESTS[at % 5], f"Burst {at}", same - timedelta(seconds=at // 5)
        )


def assert_all_arrived(blog: Blog, posts: list[Post]) -> None:
    found, titles = arrived(), {post.id: post.title for post in posts}
    standing = blog.comments()
    assert sorted(found) == sorted(comment["id"] for comment in standing)
    for comment in standing:
        message = found[comment["id"]]
        parent = comment["parent"]
        assert message.identity.name == comment["author_name"]
        assert message.text == unescape(comment["content"]["raw"])
        assert message.parent_external_id == (f"comment-{parent}" if parent else None)
        assert message.thread.title == titles[comment["post"]]
        assert message.sent_at == datetime.fromisoformat(comment["date_gmt"] + "+00:00")
        assert message.url == comment["link"]
        assert message.direction == "in"
        if parent:
            assert message.conversation_id == found[parent].conversation_id


@pytest.fixture
def posts(blog: Blog) -> list[Post]:
    return [blog.write_post("Which chain for winter?"), blog.write_post("Brakes, and “discs”")]


def test_thirty_comments_between_two_polls_arrive_complete(
    blog: Blog, posts: list[Post], open_inbox: OpenInbox
) -> None:
    inbox = open_inbox()
    first = blog.comment(posts[0], GUESTS[0], "First!")
    assert [message.external_id for message in inbox.poll("blog")] == [f"comment-{first}"]
    write_many(blog, posts)
    assert len(inbox.poll("blog")) == 30
    assert_all_arrived(blog, posts)
    seconds = Counter(comment["date_gmt"] for comment in blog.comments())
    assert max(seconds.values()) >= 5
    assert inbox.poll("blog") == []


def test_a_comment_of_a_second_that_was_read_before_arrives(
    blog: Blog, post: Post, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox()
    now = datetime.now(UTC)
    blog.comment_at(post, GUESTS[0], "In time", now)
    assert len(inbox.poll("blog")) == 1
    blog.comment_at(post, GUESTS[1], "In the same second", now)
    assert [message.text for message in inbox.poll("blog")] == ["In the same second"]


def test_a_comment_held_for_long_arrives_when_it_is_let_through(
    blog: Blog, post: Post, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox()
    links = " ".join(f"https://chains{at}.example/" for at in range(3))
    answer = blog.submit(post, GUESTS[0], f"Try {links}")
    held = int(answer.headers["location"].rpartition("-")[2])
    blog.redate(held, datetime.now(UTC) - timedelta(days=2))
    blog.comment(post, GUESTS[1], "Nobody holds me")
    assert [message.text for message in inbox.poll("blog")] == ["Nobody holds me"]
    blog.mark(held, "approved")
    poll_twice(inbox)
    assert row(held).identity.name == GUESTS[0]


def test_a_feed_brings_every_comment_while_its_window_lasts(
    blog: Blog, posts: list[Post], open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(reader="feed")
    ours = blog.comment(posts[0], GUESTS[0], "First!")
    inbox.poll("blog")
    for at in range(3):
        top = blog.comment(posts[at % 2], GUESTS[at % 5], f"Question {at}: why?")
        answers = [
            blog.comment(
                posts[at % 2], GUESTS[(at + number) % 5], f"{at}.{number} & so", parent=top
            )
            for number in range(1, 3)
        ]
        assert len(inbox.poll("blog")) == 1 + len(answers)
    assert ours in arrived()
    assert_all_arrived(blog, posts)
    assert channel().health == "ok"


def test_a_feed_that_ran_ahead_brings_its_window_and_tells_of_the_gap(
    blog: Blog, posts: list[Post], open_inbox: OpenInbox, caplog: pytest.LogCaptureFixture
) -> None:
    inbox = open_inbox(reader="feed")
    # A feed is ordered by the second: written in the same one, the first could be in the window.
    earlier = datetime.now(UTC) - timedelta(minutes=1)
    first = blog.comment_at(posts[0], GUESTS[0], "First!", earlier)
    inbox.poll("blog")
    write_many(blog, posts)
    new = inbox.poll("blog")
    assert len(new) == 10
    standing = {comment["id"]: comment for comment in blog.comments()}
    for number, message in arrived().items():
        assert message.identity.name == standing[number]["author_name"]
        assert message.text == unescape(standing[number]["content"]["raw"])
    assert first in arrived()
    assert "may have passed unseen" in caplog.text
    assert "All 10 entries" in channel().notice
    assert "older ones may have passed unseen" in channel().notice


def test_by_default_the_address_of_a_feed_is_read_through_the_interface_that_loses_nothing(
    blog: Blog, posts: list[Post], open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(url=f"{blog.url}/comments/feed/")
    write_many(blog, posts)
    assert len(inbox.poll("blog")) == 30
    assert_all_arrived(blog, posts)


# ── Afterwards ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reader", ["wordpress", "feed"])
def test_an_edit_becomes_a_version(
    blog: Blog, post: Post, open_inbox: OpenInbox, reader: str
) -> None:
    inbox = open_inbox(reader=reader)
    comment = blog.comment(post, GUESTS[0], "I want a refund for this chain.")
    blog.comment(post, GUESTS[1], "So do I.")
    poll_twice(inbox)
    blog.edit(comment, "I want a new chain.")
    poll_twice(inbox)
    now = row(comment)
    assert (now.text, now.version) == ("I want a new chain.", 2)
    with store.connection():
        versions = [(each.number, each.text) for each in MessageVersion.select()]
    assert versions == [(1, "I want a refund for this chain.")]
    assert "message_edited" in inbox.timeline(now.conversation_id)
    poll_twice(inbox)
    assert row(comment).version == 2
    assert len(arrived()) == 2


@pytest.mark.parametrize("signed_in", [True, False])
@pytest.mark.parametrize(
    ("status", "with_password", "without"),
    [("spam", "spam", "hidden"), ("hold", "hidden", "hidden")],
)
def test_what_moderators_take_away_is_followed_and_comes_back(
    blog: Blog,
    post: Post,
    open_inbox: OpenInbox,
    status: str,
    with_password: str,
    without: str,
    signed_in: bool,  # noqa: FBT001
) -> None:
    inbox = open_inbox(**({"user": blog.admin} if signed_in else {}))
    taken = blog.comment(post, GUESTS[0], "Cheap watches!")
    left = blog.comment(post, GUESTS[1], "Which chain do you ride?")
    poll_twice(inbox)
    blog.mark(taken, status)
    poll_twice(inbox)
    assert row(taken).removal == (with_password if signed_in else without)
    assert row(left).removal is None
    poll_twice(inbox)
    assert row(taken).removal == (with_password if signed_in else without)
    blog.mark(taken, "approved")
    poll_twice(inbox)
    assert row(taken).removal is None
    assert row(taken).text == "Cheap watches!"
    events = inbox.timeline(row(taken).conversation_id)
    assert events.count("message_removed") == events.count("message_restored") == 1


@pytest.mark.parametrize("signed_in", [True, False])
def test_a_deletion_erases_the_text_here_too(
    blog: Blog,
    post: Post,
    open_inbox: OpenInbox,
    signed_in: bool,  # noqa: FBT001
) -> None:
    inbox = open_inbox(**({"user": blog.admin} if signed_in else {}))
    comment = blog.comment(post, GUESTS[0], "My address is 4 Mill Lane.")
    poll_twice(inbox)
    blog.delete(comment)
    poll_twice(inbox)
    assert row(comment).removal == "deleted"
    assert row(comment).text == ""
    with store.connection():
        stored = [str(each.snippet) for each in Conversation.select()]
        stored += [str(each.data) for each in Event.select()]
        stored += [str(each.title) for each in Thread.select()]
    assert "Mill Lane" not in "".join(stored)


@pytest.mark.parametrize("signed_in", [True, False])
def test_the_trash_counts_as_deleted_for_those_who_may_look_into_it(
    blog: Blog,
    post: Post,
    open_inbox: OpenInbox,
    signed_in: bool,  # noqa: FBT001
) -> None:
    inbox = open_inbox(**({"user": blog.admin} if signed_in else {}))
    comment = blog.comment(post, GUESTS[0], "Take this away, please.")
    poll_twice(inbox)
    blog.trash(comment)
    poll_twice(inbox)
    assert row(comment).removal == ("deleted" if signed_in else "hidden")


# ── Where to look, and how often ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("reader", "page", "said", "messages"),
    [
        ("auto", "post", "The comments on one post are read through WordPress's REST interface", 1),
        ("auto", "home", "The comments of the whole site are read through WordPress's REST", 2),
        ("feed", "post", "/feed/ is read; it shows 1 entries", 1),
        ("feed", "home", "/comments/feed/ is read; it shows 2 entries", 2),
    ],
)
def test_the_address_of_a_page_is_enough(
    blog: Blog,
    posts: list[Post],
    open_inbox: OpenInbox,
    reader: str,
    page: str,
    said: str,
    messages: int,
) -> None:
    wanted = blog.comment(posts[0], GUESTS[0], "On the first post")
    blog.comment(posts[1], GUESTS[1], "On the second one")
    url = posts[0].url if page == "post" else f"{blog.url}/"
    inbox = open_inbox(url=url, reader=reader)
    assert said in fetch.check(inbox.runtime, channel().id)
    inbox.poll("blog")
    assert len(arrived()) == messages
    assert wanted in arrived()


def test_a_feed_is_fetched_whole_only_every_other_time_while_nothing_happens(
    blog: Blog, post: Post, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(reader="feed", url=f"{blog.url}/comments/feed/")
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    blog.comment_at(post, GUESTS[0], "Long ago", an_hour_ago)
    blog.redate_posts(an_hour_ago)
    inbox.poll("blog")
    with blog.asked_meanwhile() as asked:
        for _ in range(6):
            assert inbox.poll("blog") == []
    assert [each.path for each in asked] == ["/comments/feed/"] * 6
    # WordPress says "unchanged" after an edit, too, so that it is not believed twice in a row.
    assert [each.status for each in asked] == [304, 200] * 3


def test_a_quiet_poll_of_the_interface_asks_little(
    blog: Blog, post: Post, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.admin)
    blog.comment(post, GUESTS[0], "Just one")
    poll_twice(inbox)
    with blog.asked_meanwhile() as asked:
        poll_twice(inbox)
    assert [each.status for each in asked] == [200] * len(asked)
    assert len(asked) <= 4
