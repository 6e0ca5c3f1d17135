"""Answering and hiding through WordPress's REST interface."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from earful import (
    Action,
    ActionKind,
    AuthenticationFailed,
    ChannelError,
    DeliveryRejected,
    OutboundReply,
    OutcomeUnknown,
    RateLimited,
    ReplyContext,
    Surface,
    TemporaryFailure,
)
from earful_forums import FORUMS
from earful_forums.abilities import LONGEST_REPLY
from earful_forums.sender import ForumSender
from earful_forums.settings import ForumsSettings

TEXT = 'Hi <b>Imke</b> & "all" --\n\nwe\'re sorry. 3 > 2 🙂'


def sender(site: Any, **settings: Any) -> ForumSender:
    return ForumSender(ForumsSettings(**{
        "url": site.url, "allow_private_addresses": True,
        "username": site.USER, "application_password": site.PASSWORD, **settings,
    }))  # fmt: skip


def reply(site: Any, parent: int, text: str = TEXT, **extra: str) -> OutboundReply:
    return OutboundReply(
        idempotency_key="k",
        text=text,
        surface=Surface.PUBLIC_REPLY,
        in_reply_to=f"comment-{parent}",
        thread_id="t",
        url=None,
        extra=extra,
        submitted_at=site.now,
    )


def last_write(site: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads([r for r in site.requests if r.method == "POST"][-1].body)
    return found


def test_a_reply_stands_below_its_comment_as_plain_text(wordpress: Any) -> None:
    parent = wordpress.comment("question")
    receipt = sender(wordpress).send(reply(wordpress, parent, post="4"))
    assert last_write(wordpress) == {
        "post": 4,
        "parent": parent,
        "content": 'Hi &lt;b&gt;Imke&lt;/b&gt; &amp; "all" --\n\nwe\'re sorry. 3 &gt; 2 🙂',
    }
    assert receipt.external_id == f"comment-{parent + 1}"
    assert receipt.url == f"{wordpress.url}/spring-sale/#comment-{parent + 1}"
    assert receipt.at == wordpress.now


def test_the_post_is_looked_up_for_comments_read_from_a_feed(wordpress: Any) -> None:
    parent = wordpress.comment("question", post=9)
    sender(wordpress).send(reply(wordpress, parent))
    assert last_write(wordpress)["post"] == 9
    with pytest.raises(DeliveryRejected, match="not there any more"):
        sender(wordpress).send(reply(wordpress, 999))


def test_a_reply_is_found_by_its_text_and_place(wordpress: Any) -> None:
    parent, other = wordpress.comment("question"), wordpress.comment("other")
    ours = sender(wordpress)
    assert ours.find(reply(wordpress, parent)) is None
    receipt = ours.send(reply(wordpress, parent))
    assert ours.find(reply(wordpress, parent)) == receipt
    assert ours.find(reply(wordpress, other)) is None
    assert ours.find(reply(wordpress, parent, "another text")) is None
    wordpress.comments[parent + 2]["status"] = "hold"
    assert ours.find(reply(wordpress, parent)) == receipt
    wordpress.wait(days=1)
    assert ours.find(reply(wordpress, parent)) is None


def test_strangers_who_say_the_same_are_not_us(wordpress: Any) -> None:
    parent = wordpress.comment("question")
    wordpress.comment("Thanks", parent=parent)
    assert sender(wordpress).find(reply(wordpress, parent, "Thanks")) is None


def test_looking_for_a_reply_works_without_being_a_moderator(wordpress: Any) -> None:
    wordpress.is_moderator = False
    parent = wordpress.comment("question")
    ours = sender(wordpress)
    assert ours.send(reply(wordpress, parent)) == ours.find(reply(wordpress, parent))


def test_a_duplicate_of_ours_is_the_reply_itself(wordpress: Any) -> None:
    parent, other = wordpress.comment("question"), wordpress.comment("other")
    first = sender(wordpress).send(reply(wordpress, parent))
    assert sender(wordpress).send(reply(wordpress, parent)) == first
    with pytest.raises(DeliveryRejected, match="refuses this text"):
        sender(wordpress).send(reply(wordpress, other))


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "rest_comment_content_invalid", DeliveryRejected),
        (400, "comment_flood", RateLimited),
        (401, "rest_comment_login_required", AuthenticationFailed),
        (403, "rest_comment_closed", DeliveryRejected),
        (404, "rest_post_invalid_id", DeliveryRejected),
        (429, "x", RateLimited),
        (500, "x", OutcomeUnknown),
        (503, "x", TemporaryFailure),
        (301, "x", ChannelError),
    ],
)
def test_each_refusal_has_its_word(
    wordpress: Any, status: int, code: str, error: type[Exception]
) -> None:
    answer = wordpress.pages["/"].__class__
    body = json.dumps({"code": code, "message": "Because &amp; so"}).encode()
    wordpress._write = lambda *_: answer(body, status, {"Location": "/x"})
    with pytest.raises(error):
        sender(wordpress).send(reply(wordpress, wordpress.comment("q"), post="4"))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}"])
def test_an_unreadable_success_is_unknown(wordpress: Any, body: bytes) -> None:
    answer = wordpress.pages["/"].__class__
    wordpress._write = lambda *_: answer(body, 201)
    with pytest.raises(OutcomeUnknown):
        sender(wordpress).send(reply(wordpress, wordpress.comment("q"), post="4"))


def test_a_wrong_password_pauses(wordpress: Any) -> None:
    parent = wordpress.comment("q")
    with pytest.raises(AuthenticationFailed):
        sender(wordpress, application_password="wrong").send(reply(wordpress, parent, post="4"))


def test_too_long_a_reply_is_rejected(wordpress: Any) -> None:
    with pytest.raises(DeliveryRejected, match="column_length"):
        sender(wordpress).send(reply(wordpress, wordpress.comment("q"), "x" * 70_000, post="4"))


def test_a_comment_is_hidden_and_shown_again(wordpress: Any) -> None:
    number = wordpress.comment("rude")
    action = Action(kind=ActionKind.HIDE, external_id=f"comment-{number}")
    assert sender(wordpress).act(action).external_id == f"comment-{number}"
    assert wordpress.comments[number]["status"] == "hold"
    sender(wordpress).act(Action(kind=ActionKind.HIDE, external_id=f"comment-{number}", undo=True))
    assert wordpress.comments[number]["status"] == "approved"
    with pytest.raises(DeliveryRejected, match="no likes"):
        sender(wordpress).act(Action(kind=ActionKind.LIKE, external_id=f"comment-{number}"))


def test_only_comments_are_answered(wordpress: Any) -> None:
    for external_id in ("entry-abc", "comment-x", "comment-"):
        with pytest.raises(DeliveryRejected):
            sender(wordpress).act(Action(kind=ActionKind.HIDE, external_id=external_id))


def context(external_id: str) -> ReplyContext:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    return ReplyContext(
        external_id=external_id, thread_id="t", surface=Surface.PUBLIC_REPLY, sent_at=now,
        url=None, extra={}, now=now + timedelta(days=900),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"reader": "feed"}, "Feeds can only be read. Open the page to answer there."),
        ({}, "no WordPress application password"),
        ({"username": "a", "application_password": "b"}, ""),
    ],
)
def test_every_absence_has_its_reason(settings: dict[str, Any], reason: str) -> None:
    channel = ForumsSettings(url="https://a.example", **settings)
    found = FORUMS.capabilities(channel)
    for one in (found.reply, found.hide, FORUMS.permits_reply(channel, context("comment-3"))):
        assert one.allowed == (not reason)
        assert reason in one.reason
    for one in (found.like, found.private_reply, found.media):
        assert not one.allowed
        assert one.reason
    assert not FORUMS.permits_reply(channel, context("entry-3")).allowed
    assert FORUMS.permits_reply(channel, context("entry-3")).reason


def test_length_is_what_wordpress_stores() -> None:
    assert FORUMS.count_length("a & ü") == len("a &amp; ü".encode())
    assert LONGEST_REPLY == 65_525
