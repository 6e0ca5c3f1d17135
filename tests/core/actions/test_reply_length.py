"""A reply leaves whole, or is refused: it is never cut on its way."""

from __future__ import annotations

import pytest
from earful.errors import ActionRefused
from earful.inbox.text import MAX_TEXT
from earful.store.models import Reply
from earful.testing.inbox import Inbox

from tests.wall import Wall, post


def test_a_reply_longer_than_is_kept_is_refused_in_words(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    with pytest.raises(ActionRefused, match=f"too long: {MAX_TEXT + 1} of {MAX_TEXT} characters"):
        inbox.reply(message, "a" * (MAX_TEXT + 1))
    assert Reply.select().count() == 0
    assert inbox.reply(message, "a" * MAX_TEXT).state == "sent"
    assert len(wall.sent[0].text) == MAX_TEXT


def test_the_limit_of_the_platform_is_told_where_it_is_lower(inbox: Inbox, wall: Wall) -> None:
    wall.reply_length = 500
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    with pytest.raises(ActionRefused, match="too long: 65000 of 500 characters"):
        inbox.reply(message, "a" * 65_000)
