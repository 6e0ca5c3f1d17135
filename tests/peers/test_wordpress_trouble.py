"""A real WordPress that refuses, is away or is updated: what Earful says, and what it keeps."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from earful import store
from earful.store.models import Channel, Message, Notification
from earful.testing.inbox import Inbox

from tests.peers.blog import Blog, Post, User
from tests.peers.conftest import OpenInbox
from tests.peers.house import earful

pytestmark = pytest.mark.peers


def channel() -> Any:
    with store.connection():
        return Channel.get(Channel.name == "blog")


def texts(inbox: Inbox) -> set[str]:
    return {message.text for message in inbox.messages()}


def removed(inbox: Inbox) -> list[str]:
    return [message.text for message in inbox.messages() if message.removal]


def test_a_wrong_application_password_pauses_the_channel_and_says_why(
    blog: Blog, post: Post, open_inbox: OpenInbox, tmp_path: Path
) -> None:
    blog.comment(post, "Mara Quill", "Anybody there?")
    inbox = open_inbox(user=User(1, blog.admin.name, "abcd EFGH ijkl MNOP qrst UVWX"))
    assert inbox.poll("blog") == []
    now = channel()
    assert (now.state, now.health) == ("paused", "auth_required")
    assert now.state_reason.startswith(
        "WordPress does not accept the application password of 'larkfield'"
    )
    with blog.asked_meanwhile() as asked:
        inbox.advance(hours=1)
        inbox.tick()
        inbox.poll("blog")
    assert asked == []
    said = earful(tmp_path / "config.toml", "check")
    assert said.returncode == 1
    assert (
        "WRONG  channels.blog: WordPress does not accept the application password of 'larkfield'"
        in said.stderr
    )
    assert "abcd" not in said.stdout + said.stderr


def test_check_tells_who_answers_and_how_the_site_is_read(
    blog: Blog, open_inbox: OpenInbox, tmp_path: Path
) -> None:
    open_inbox(user=blog.admin)
    said = earful(tmp_path / "config.toml", "check")
    assert said.returncode == 0, said.stderr
    assert (
        f"ok     channel blog: The comments of the whole site are read through WordPress's REST "
        f"interface at {blog.url}/wp-json/; replies are sent as larkfield." in said.stdout
    )


@pytest.mark.parametrize("noticed_by", ["reading", "answering"])
def test_a_password_that_is_taken_back_is_noticed(
    blog: Blog, post: Post, open_inbox: OpenInbox, noticed_by: str
) -> None:
    blog.comment(post, "Mara Quill", "Anybody there?")
    sam = blog.add_user("sam", "author")
    inbox = open_inbox(user=sam)
    (message,) = inbox.poll("blog")
    blog.revoke(sam)
    if noticed_by == "reading":
        inbox.poll("blog")
        inbox.poll("blog")
    else:
        waiting = inbox.reply(message, "Here we are")
        assert waiting.state == "queued"
        assert "does not accept the application password" in waiting.error
    now = channel()
    assert (now.state, now.health) == ("paused", "auth_required")
    assert "does not accept the application password" in now.state_reason
    assert removed(inbox) == []
    assert len(blog.comments()) == 1


def test_a_stopped_wordpress_degrades_the_channel_backs_off_and_loses_nothing(
    blog: Blog, post: Post, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.admin, poll_every_seconds=60)
    blog.comment(post, "Mara Quill", "Before")
    inbox.tick()
    assert texts(inbox) == {"Before"}
    blog.comment(post, "Mara Quill", "Unread when it went away")
    blog.close_shop()
    pauses = []
    for failures in range(1, 5):
        inbox.now = channel().next_poll_at
        inbox.tick()
        now = channel()
        assert (now.state, now.health, now.failures) == ("live", "degraded", failures)
        assert "No connection to 127.0.0.1" in now.health_detail
        pauses.append(now.next_poll_at - inbox.now)
        inbox.advance(seconds=59)
        inbox.tick()
        assert channel().failures == failures
    assert pauses == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    blog.reopen()
    blog.comment(post, "Theo Brandt", "After")
    inbox.now = channel().next_poll_at
    inbox.tick()
    now = channel()
    assert (now.state, now.health, now.failures) == ("live", "ok", 0)
    assert texts(inbox) == {"Before", "Unread when it went away", "After"}
    assert removed(inbox) == []
    with store.connection():
        assert Notification.select().count() == 0


@pytest.mark.parametrize("reader", ["wordpress", "feed"])
def test_an_update_of_wordpress_is_waited_for_as_it_asks(
    blog: Blog, post: Post, open_inbox: OpenInbox, reader: str
) -> None:
    inbox = open_inbox(reader=reader)
    blog.comment(post, "Mara Quill", "Before")
    inbox.tick()
    blog.comment(post, "Theo Brandt", "Meanwhile")
    blog.maintain(on=True)
    inbox.now = channel().next_poll_at
    inbox.tick()
    now = channel()
    assert (now.state, now.health) == ("live", "rate_limited")
    assert now.next_poll_at - inbox.now == timedelta(seconds=600)
    blog.maintain(on=False)
    inbox.now = now.next_poll_at
    inbox.tick()
    assert channel().health == "ok"
    assert texts(inbox) == {"Before", "Meanwhile"}
    assert removed(inbox) == []


def test_a_broken_database_of_the_blog_removes_nothing_here(
    blog: Blog, post: Post, open_inbox: OpenInbox
) -> None:
    inbox = open_inbox(user=blog.admin)
    blog.comment(post, "Mara Quill", "Still here")
    inbox.poll("blog")
    blog.sql("REVOKE ALL ON blog.* FROM blog@'127.0.0.1'; FLUSH PRIVILEGES")
    try:
        for _ in range(4):
            inbox.advance(hours=1)
            inbox.poll("blog")
            assert channel().health == "degraded"
    finally:
        blog.sql("GRANT ALL ON blog.* TO blog@'127.0.0.1'; FLUSH PRIVILEGES")
    with store.connection():
        assert [row.removal for row in Message.select()] == [None]
    inbox.poll("blog")
    inbox.poll("blog")
    assert channel().health == "ok"
    assert removed(inbox) == []
