"""What the plugin promises: the contract of every channel, and what is its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from earful import Payload
from earful.testing.contract import ChannelContract
from earful.testing.inbox import Inbox

HERE = Path(__file__).parent
PAGE = Payload(body=(HERE / "fixtures" / "page.json").read_bytes())


# Shown as contract
class TestBoard(ChannelContract):
    """Keeps what every channel promises."""

    kind = "board"


# End of contract


# Shown as inbox
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


# End of inbox
