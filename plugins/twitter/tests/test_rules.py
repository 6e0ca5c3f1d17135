"""What may be answered, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from earful import ReplyContext, Surface
from earful_twitter import TWITTER
from earful_twitter.rules import NO_MESSAGES, NOT_SUMMONED
from earful_twitter.settings import TwitterSettings

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def settings(**changes: Any) -> TwitterSettings:
    return TwitterSettings(client_id="c", **changes)


def context(**changes: Any) -> ReplyContext:
    whole = ReplyContext(
        external_id="2123735605048246290",
        thread_id="2123735605048246290",
        surface=Surface.PUBLIC_POST,
        sent_at=NOW,
        url=None,
        extra={"kind": "post", "author_id": "7102"},
        now=NOW,
        reply_surface=Surface.PUBLIC_REPLY,
        author_id="7102",
    )
    return replace(whole, **changes)


@pytest.mark.parametrize("how", ["mention", "quote"])
def test_who_has_summoned_us_can_be_answered(how: str) -> None:
    found = TWITTER.permits_reply(settings(), context(extra={"summoned": how}))
    assert found.allowed
    assert found.cost_usd == 0.01


def test_others_cannot_and_the_way_to_x_is_shown() -> None:
    found = TWITTER.permits_reply(settings(), context())
    assert not found.allowed
    assert found.reason == NOT_SUMMONED
    assert found.open_url == "https://x.com/intent/post?in_reply_to=2123735605048246290"


def test_the_way_to_x_leads_to_the_latest_version() -> None:
    found = TWITTER.permits_reply(settings(), context(extra={"latest_id": "55"}))
    assert found.open_url == "https://x.com/intent/post?in_reply_to=55"


def test_enterprise_may_answer_everybody() -> None:
    found = TWITTER.permits_reply(settings(tier="enterprise"), context())
    assert found.allowed
    assert found.cost_usd == 0.015


def test_a_direct_message_can_be_answered() -> None:
    private = context(surface=Surface.PRIVATE, reply_surface=Surface.PRIVATE, extra={})
    found = TWITTER.permits_reply(settings(), private)
    assert found.allowed
    assert found.cost_usd == 0.015
    off = TWITTER.permits_reply(settings(direct_messages=False), private)
    assert not off.allowed
    assert "direct_messages" in off.reason


def test_an_author_who_takes_no_messages_is_answered_publicly() -> None:
    closed = context(reply_surface=Surface.PRIVATE, extra={"takes_messages": "no"})
    found = TWITTER.permits_reply(settings(), closed)
    assert not found.allowed
    assert found.reason == NO_MESSAGES
    unknown = context(reply_surface=Surface.PRIVATE, extra={})
    assert TWITTER.permits_reply(settings(), unknown).allowed


def test_likes_are_absent_with_their_reason_on_self_serve_tiers() -> None:
    assert "20 April 2026" in TWITTER.capabilities(settings()).like.reason
    assert TWITTER.capabilities(settings(tier="enterprise")).like.allowed
    assert TWITTER.capabilities(settings()).hide.allowed
    can = TWITTER.capabilities(settings())
    assert can.public_media
    assert (can.public_media.most, can.public_media.alt_length) == (4, 1000)
    assert can.private_media
    assert can.private_media.most == 1
    assert TWITTER.capabilities(settings(direct_messages=False)).private_media is None


@pytest.mark.parametrize(
    ("text", "surface", "tier", "cost"),
    [
        ("Thank you!", Surface.PUBLIC_REPLY, "self-serve", 0.01),
        ("Thank you!", Surface.PUBLIC_REPLY, "enterprise", 0.015),
        ("See shop.example.com", Surface.PUBLIC_REPLY, "self-serve", 0.2),
        ("See https://shop.example.com/x", Surface.PUBLIC_REPLY, "enterprise", 0.2),
        ("See https://shop.example.com/x", Surface.PRIVATE, "self-serve", 0.015),
    ],
)
def test_a_link_is_dearer(text: str, surface: Surface, tier: str, cost: float) -> None:
    assert TWITTER.reply_cost
    assert TWITTER.reply_cost(settings(tier=tier), text, surface) == cost
