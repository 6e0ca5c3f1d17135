"""What the plugin promises: the same messages for the same page, and no surprise otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from earful import Author, InboundMessage, Payload, PayloadError
from earful.testing.inbox import Inbox
from earful_board import parse

HERE = Path(__file__).parent
PAGE = Payload(body=(HERE / "fixtures" / "page.json").read_bytes())


# Shown as test-parse
def test_each_post_becomes_a_message() -> None:
    first, second, third = parse(PAGE)
    assert first == InboundMessage(
        external_id="q-1",
        author=Author(external_id="Ann", name="Ann"),
        text="Are you open on Sundays?",
        sent_at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        thread_id="opening-hours",
        url="https://board.example/opening-hours#q-1",
    )
    assert second.thread_id == first.thread_id != third.thread_id


def test_the_same_page_gives_the_same_messages() -> None:
    assert parse(PAGE) == parse(PAGE)


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[1]", b'{"posts": [{"id": "q-4"}]}'])
def test_what_is_no_page_is_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse(Payload(body=body))


# End of test-parse


# Shown as test-inbox
@pytest.fixture
def earful_config() -> str:
    return (HERE.parent / "config.toml").read_text()


def test_posts_arrive_in_the_inbox_once(earful_inbox: Inbox) -> None:
    messages = earful_inbox.receive("questions", PAGE)
    assert [message.author for message in messages] == ["Ann", "Bo", "Chi"]
    assert messages[0].conversation_id == messages[1].conversation_id
    assert messages[0].queue == "General"
    assert earful_inbox.receive("questions", PAGE) == []


def test_what_is_no_page_is_kept_for_a_look(earful_inbox: Inbox) -> None:
    assert earful_inbox.receive("questions", b"<html>We are moving</html>") == []
    ((state, reason),) = earful_inbox.refused_payloads()
    assert state == "quarantined"
    assert "no page of a question board" in reason


# End of test-inbox
