"""What can be answered, where and until when; lengths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from earful import ReplyContext, ReplyPermission, Surface
from earful_facebook import FACEBOOK
from earful_facebook.settings import FacebookSettings
from pydantic import ValidationError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PUBLIC, PRIVATE = Surface.PUBLIC_REPLY, Surface.PRIVATE


def settings(**changed: Any) -> FacebookSettings:
    return FacebookSettings(**{
        "app_id": "1", "app_secret": "s", "verify_token": "v", **changed})  # fmt: skip


def asked(
    surface: Surface, reply_surface: Surface, kind: str = "comment", **context: Any
) -> ReplyPermission:
    changed = {"human_agent": context.pop("human_agent", False)}
    extra = {"kind": kind, **context.pop("extra", {})}
    age = context.pop("age", timedelta(hours=1))
    given = ReplyContext(
        external_id="1_2", thread_id="t", surface=surface, sent_at=NOW - age,
        url="https://www.facebook.com/1_2", extra=extra, now=NOW, reply_surface=reply_surface,
        **context,
    )  # fmt: skip
    return FACEBOOK.permits_reply(settings(**changed), given)


@pytest.mark.parametrize("surface", [Surface.PUBLIC_POST, Surface.PUBLIC_REPLY])
def test_comments_and_posts_are_answered_in_public_at_any_time(surface: Surface) -> None:
    said = asked(surface, PUBLIC, age=timedelta(days=900))
    assert (said.allowed, said.until) == (True, None)


def test_a_private_reply_has_seven_days() -> None:
    said = asked(PUBLIC, PRIVATE)
    assert said.allowed
    assert said.until == NOW - timedelta(hours=1) + timedelta(days=7)
    late = asked(PUBLIC, PRIVATE, age=timedelta(days=7))
    assert not late.allowed
    assert "7 days" in late.reason
    assert late.open_url


def test_private_answers_take_no_picture_and_say_why() -> None:
    found = asked(Surface.PUBLIC_REPLY, Surface.PRIVATE)
    assert found.media is not None
    assert not found.media.allowed
    assert "message of its own" in found.media.reason


def test_a_private_reply_is_possible_once() -> None:
    said = asked(PUBLIC, PRIVATE, already_private=True)
    assert not said.allowed
    assert "one private reply" in said.reason


def test_facebook_may_refuse_a_private_reply_beforehand() -> None:
    said = asked(PUBLIC, PRIVATE, extra={"can_reply_privately": "false"})
    assert not said.allowed
    assert asked(PUBLIC, PRIVATE, extra={"can_reply_privately": "true"}).allowed


@pytest.mark.parametrize(
    ("kind", "surface", "reason"),
    [
        ("rating", PUBLIC, "recommendations"),
        ("rating", PRIVATE, "recommendations"),
        ("mention", PRIVATE, "elsewhere"),
    ],
)
def test_what_facebook_has_no_way_for_says_so(kind: str, surface: Surface, reason: str) -> None:
    said = asked(Surface.PUBLIC_POST, surface, kind=kind)
    assert not said.allowed
    assert reason in said.reason
    assert said.open_url


def test_closed_comments_cannot_be_answered() -> None:
    assert not asked(PUBLIC, PUBLIC, extra={"can_comment": "false"}).allowed


def test_messenger_has_a_day() -> None:
    wrote = NOW - timedelta(hours=23)
    said = asked(PRIVATE, PRIVATE, "message", last_inbound_at=wrote)
    assert (said.allowed, said.until) == (True, wrote + timedelta(hours=24))
    late = asked(PRIVATE, PRIVATE, "message", last_inbound_at=NOW - timedelta(hours=24))
    assert not late.allowed
    assert "24 hours" in late.reason


def test_a_human_agent_has_a_week() -> None:
    wrote = NOW - timedelta(days=6)
    said = asked(PRIVATE, PRIVATE, "message", last_inbound_at=wrote, human_agent=True)
    assert (said.allowed, said.until) == (True, wrote + timedelta(days=7))
    late = asked(
        PRIVATE, PRIVATE, "message", last_inbound_at=NOW - timedelta(days=7), human_agent=True
    )
    assert not late.allowed
    assert "7 days" in late.reason


def test_the_window_opens_with_the_persons_message_only() -> None:
    said = asked(PRIVATE, PRIVATE, "message", last_inbound_at=None)
    assert not said.allowed
    assert "not begin" in said.reason


def test_private_words_stay_private() -> None:
    assert not asked(PRIVATE, PUBLIC, "message", last_inbound_at=NOW).allowed


@pytest.mark.parametrize(
    ("text", "length"), [("", 0), ("abc", 3), ("ü", 1), ("🚲", 2), ("a\n", 2), ("\ud800", 1)]
)
def test_characters_are_counted_as_browsers_do(text: str, length: int) -> None:
    assert FACEBOOK.count_length(text) == length


def test_limits_are_those_of_the_place() -> None:
    found = FACEBOOK.capabilities(settings())
    assert (found.reply_length, found.private_reply_length) == (8000, 2000)
    assert found.reply_window == timedelta(hours=24)
    assert found.media.allowed
    assert found.public_media
    assert (found.public_media.most, found.private_media) == (1, None)
    assert FACEBOOK.capabilities(settings(human_agent=True)).reply_window == timedelta(days=7)


@pytest.mark.parametrize(
    "wrong",
    [
        {"app_id": "my app"}, {"api_version": "26"}, {"base_url": "graph.facebook.com"},
        {"recent_posts": 0}, {"slow_down_at": 100}, {"calls_per_fetch": 1},
    ],
)  # fmt: skip
def test_mistakes_in_settings_are_found(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)
