"""Replies reach a real WordPress once and word for word, whatever befalls the worker."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from earful import actions, config, store
from earful.actions import SYSTEM
from earful.errors import ActionRefused
from earful.plugins import PluginHost
from earful.runtime import Runtime
from earful.store.models import Message, Reply
from earful.testing.inbox import Inbox, InboxMessage
from earful.testing.job_queue import MemoryJobQueue
from earful_forums.abilities import LONGEST_REPLY
from playwright.sync_api import Page, expect

from tests.peers.blog import Blog, Post, User, refusal
from tests.peers.conftest import OpenInbox
from tests.peers.house import House, eventually

pytestmark = pytest.mark.peers

QUESTION = "Does the wax survive salted roads?"
ANSWER = "It does: wipe the chain after each ride, and wax it again every 300 km."
OpenHouse = Callable[..., House]


@pytest.fixture
def question(blog: Blog, post: Post) -> int:
    return blog.comment(post, "Mara Quill", QUESTION)


def first_message(inbox: Inbox) -> InboxMessage:
    (message,) = inbox.poll("blog")
    return message


def the_reply() -> Any:
    with store.connection():
        return Reply.select().get()


def messages() -> list[str]:
    with store.connection():
        return [row.text for row in Message.select().order_by(Message.id)]


def comments_written(blog: Blog) -> int:
    """How many comments were accepted by REST since the site was made."""
    return sum(
        asked.method == "POST" and asked.path == "/wp-json/wp/v2/comments" and asked.status == 201
        for asked in blog.asked()
    )


# ── Through all processes ─────────────────────────────────────────────────────────────────────


@pytest.mark.browser
def test_an_agent_answers_in_the_browser_and_the_blog_shows_it_below_the_comment(
    blog: Blog, post: Post, question: int, open_house: OpenHouse, window: Page, tmp_path: Path
) -> None:
    before = comments_written(blog)
    house = open_house(undo_seconds=3, poll_every_seconds=10)
    eventually(messages, "the arrival", told=house.told)
    window.goto(f"{house.address}/sign-in")
    window.fill("#email", house.EMAIL)
    window.fill("#password", house.PASSWORD)
    window.get_by_role("button", name="Sign in").click()
    window.locator(".row-link", has_text=QUESTION).click()
    expect(window.locator("#latest")).to_contain_text(QUESTION)
    window.locator("#composer-text").press_sequentially(ANSWER)
    window.locator("#send").click()
    sent = window.locator(".entry-out", has_text=ANSWER)
    expect(sent.get_by_role("button", name="Undo")).to_be_visible()
    assert len(blog.comments()) == 1
    expect(sent).to_contain_text("Shown there", timeout=60_000)
    window.reload()
    expect(sent).to_contain_text("Shown there")
    window.screenshot(path=tmp_path / "conversation.png")

    reply = the_reply()
    (child,) = blog.comments(parent=question)
    assert (reply.state, reply.external_id) == ("confirmed", f"comment-{child['id']}")
    assert (child["author"], child["content"]["raw"]) == (blog.admin.id, ANSWER)
    assert messages() == [QUESTION]
    assert comments_written(blog) == before + 1
    window.goto(post.url)
    below = window.locator(f"#comment-{question} #comment-{child['id']}")
    expect(below).to_contain_text(ANSWER)
    window.locator(".wp-block-comment-template").screenshot(path=tmp_path / "blog.png")


@pytest.mark.faults
@pytest.mark.parametrize("found_by", ["the poll", "looking for it"])
def test_a_worker_killed_after_wordpress_accepted_does_not_send_twice(
    blog: Blog, question: int, open_house: OpenHouse, earful_plugins: PluginHost, found_by: str
) -> None:
    before = comments_written(blog)
    polls = 10 if found_by == "the poll" else 3600
    house = open_house(undo_seconds=0, poll_every_seconds=polls)
    eventually(messages, "the arrival", told=house.told)
    blog.switch("hold")
    submit(house, earful_plugins)
    accepted = eventually(blog.held, "the sending", told=house.told)
    os.kill(house.sending_worker(), signal.SIGKILL)
    assert the_reply().state == "sending"
    blog.switch("hold", on=False)
    if found_by == "looking for it":
        let_the_lease_run_out()
    final = "confirmed" if found_by == "the poll" else "sent"
    eventually(lambda: the_reply().state == final, f"the {final} reply", told=house.told)
    assert the_reply().external_id == f"comment-{accepted}"
    assert [comment["id"] for comment in blog.comments(parent=question)] == [accepted]
    assert comments_written(blog) == before + 1
    assert messages() == [QUESTION]
    assert "signal SIGKILL" in house.told()


def submit(house: House, plugins: PluginHost) -> None:
    """The agent's reply, as the page's action puts it into the outbox."""
    loaded = config.load(house.file, {})
    runtime = Runtime.open(loaded, jobs=MemoryJobQueue(), plugins=plugins)
    with store.connection():
        message = Message.select().get()
        actions.submit_reply(
            runtime,
            SYSTEM,
            message.conversation_id,
            message_id=message.id,
            text=ANSWER,
            last_seen_message_id=message.id,
            now=datetime.now(UTC),
        )


def let_the_lease_run_out() -> None:
    """What five minutes of waiting would do."""
    with store.connection():
        past = datetime.now(UTC) - timedelta(seconds=1)
        Reply.update(lease_until=past).where(Reply.state == "sending").execute()


# ── What WordPress makes of replies ───────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["administrator", "subscriber"])
@pytest.mark.parametrize(
    "text",
    [
        'Less than < and more than >, "quoted" & it\'s fine: <b>not bold</b>',
        "A back\\slash, a path C:\\new, and 50 % off",
        "One line.\nAnother line.\n\nA paragraph 🚲 — “done”...",
        "Look at https://larkfield.example/wax?a=1&b=2 [gallery] -- 9x9",
    ],
)
def test_the_blog_says_what_was_typed_and_it_is_ours_when_it_comes_back(
    blog: Blog, question: int, open_inbox: OpenInbox, text: str, role: str
) -> None:
    user = blog.admin if role == "administrator" else blog.add_user("sam", role)
    inbox = open_inbox(user=user)
    sent = inbox.reply(first_message(inbox), text)
    assert (sent.state, sent.error) == ("sent", "")
    number = int(str(sent.external_id).removeprefix("comment-"))
    assert said(blog, number) == text
    assert inbox.poll("blog") == []
    assert inbox.sent(sent.id).state == "confirmed"
    assert len(inbox.messages()) == 1


def said(blog: Blog, comment: int) -> str:
    """What a comment says, before WordPress shows prettier quotes and dots."""
    (found,) = blog.comments(id=comment)
    raw: str = found["content"]["raw"]
    assert "<" not in raw
    return unescape(raw)


@pytest.mark.parametrize("found_by", ["the poll", "looking for it"])
@pytest.mark.parametrize("role", ["administrator", "subscriber"])
def test_a_lost_answer_is_not_sent_again(
    blog: Blog, question: int, open_inbox: OpenInbox, role: str, found_by: str
) -> None:
    user = blog.admin if role == "administrator" else blog.add_user("sam", role)
    inbox = open_inbox(user=user, timeout_seconds=3, poll_every_seconds=3600)
    message = first_message(inbox)
    blog.switch("hold")
    sent = inbox.reply(message, 'Wipe it -- "dry" -- after rides... & wax it')
    assert sent.state == "unconfirmed"
    accepted = blog.held()
    blog.switch("hold", on=False)
    if found_by == "looking for it":
        inbox.advance(minutes=2)
        inbox.tick()
        assert inbox.sent(sent.id).state == "sent"
    assert inbox.poll("blog") == []
    now = inbox.sent(sent.id)
    assert (now.state, now.external_id) == ("confirmed", f"comment-{accepted}")
    inbox.advance(hours=1)
    inbox.tick()
    assert len(blog.comments(parent=question)) == 1
    assert len(inbox.messages()) == 1


def test_a_reply_that_never_arrived_is_sent_when_the_site_is_back(
    blog: Blog, question: int, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.admin)
    message = first_message(inbox)
    blog.close_shop()
    waiting = inbox.reply(message, ANSWER)
    assert waiting.state == "queued"
    assert "No connection to 127.0.0.1" in waiting.error
    blog.reopen()
    inbox.advance(minutes=1)
    inbox.tick()
    assert inbox.sent(waiting.id).state == "sent"
    assert len(blog.comments(parent=question)) == 1


def test_a_text_that_stands_there_since_long_is_refused_in_wordpress_words(
    blog: Blog, post: Post, question: int, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.admin)
    message = first_message(inbox)
    old = blog.rest("POST", "comments", post=post.id, parent=question, content=ANSWER)["id"]
    blog.redate(old, datetime.now(UTC) - timedelta(days=1))
    refused = inbox.reply(message, ANSWER)
    assert refused.state == "failed"
    assert "Duplicate comment detected" in refused.error
    assert len(blog.comments(parent=question)) == 1


def test_the_same_answer_given_twice_stands_there_once(
    blog: Blog, question: int, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.admin)
    message = first_message(inbox)
    first, second = inbox.reply(message, ANSWER), inbox.reply(message, ANSWER)
    (child,) = blog.comments(parent=question)
    assert (first.state, first.external_id) == ("sent", f"comment-{child['id']}")
    assert (second.state, second.external_id) == ("sent", None)
    assert inbox.poll("blog") == []
    assert inbox.sent(first.id).state == "confirmed"


def test_the_flood_guard_delays_a_reply(
    blog: Blog, post: Post, question: int, open_inbox: OpenInbox
) -> None:
    blog.switch("flood")
    flooded = blog.submit(post, "Mara Quill", "And another thing")
    assert (flooded.status_code, refusal(flooded)) == (
        429,
        "You are posting comments too quickly. Slow down.",
    )
    sam = blog.add_user("sam", "subscriber")
    inbox = open_inbox(user=sam)
    message = first_message(inbox)
    assert inbox.reply(message, "First answer").state == "sent"
    delayed = inbox.reply(message, "Second answer")
    assert delayed.state == "queued"
    assert "posting comments too quickly" in delayed.error
    age_comments_of(blog, sam)
    inbox.tick()
    assert inbox.sent(delayed.id).state == "queued", "it asked for 15 seconds"
    inbox.advance(seconds=16)
    inbox.tick()
    assert inbox.sent(delayed.id).state == "sent"
    assert len(blog.comments(parent=question)) == 2


def age_comments_of(blog: Blog, user: User) -> None:
    for comment in blog.comments(author=user.id):
        blog.redate(comment["id"], datetime.now(UTC) - timedelta(minutes=1))


@pytest.mark.parametrize(("letter", "most"), [("a", 65_525), ("&", 13_105), ("é", 32_762)])
def test_the_longest_reply_arrives_whole_and_a_longer_one_is_refused(
    blog: Blog, question: int, open_inbox: OpenInbox, letter: str, most: int
) -> None:
    inbox = open_inbox(user=blog.admin)
    message = first_message(inbox)
    with pytest.raises(ActionRefused, match=r"The reply is too long: \d+ of \d+ characters"):
        inbox.reply(message, letter * (most + 1))
    sent = inbox.reply(message, letter * most)
    assert (sent.state, sent.error) == ("sent", "")
    assert said(blog, int(str(sent.external_id).removeprefix("comment-"))) == letter * most


def test_wordpress_refuses_one_byte_more_than_the_plugin_says(
    blog: Blog, post: Post, question: int
) -> None:
    def status(length: int) -> tuple[int, str]:
        answer = blog.http.post(
            f"{blog.url}/wp-json/wp/v2/comments",
            auth=blog.admin.auth,
            json={"post": post.id, "content": "a" * length},
        )
        return answer.status_code, answer.json().get("code", "")

    assert status(LONGEST_REPLY) == (201, "")
    assert status(LONGEST_REPLY + 1) == (400, "comment_content_column_length")


def test_what_only_a_site_can_know_is_refused_in_its_words(
    blog: Blog, post: Post, question: int, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.add_user("sam", "subscriber"))
    message = first_message(inbox)
    blog.rest("POST", f"posts/{post.id}", comment_status="closed")
    refused = inbox.reply(message, ANSWER)
    assert refused.state == "failed"
    assert "comments are closed" in refused.error
    assert len(blog.comments()) == 1
