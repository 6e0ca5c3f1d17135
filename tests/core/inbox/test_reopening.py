"""When a message brings a conversation back."""

from __future__ import annotations

import pytest
from earful import actions
from earful.actions import Actor
from earful.inbox.text import is_mere_thanks
from earful.store.models import Conversation
from earful.store.states import ConversationStatus
from earful.testing.inbox import Inbox

from tests.wall import Wall, post


@pytest.fixture
def conversation_id(inbox: Inbox, wall: Wall) -> int:
    (message,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return message.conversation_id


def status() -> ConversationStatus:
    found: ConversationStatus = Conversation.get().status
    return found


def test_a_question_reopens_a_resolved_conversation(
    inbox: Inbox, wall: Wall, sam: Actor, conversation_id: int
) -> None:
    actions.resolve(inbox.runtime, sam, conversation_id, now=inbox.now)

    inbox.receive("wall", wall.payload(post("m2", "It broke again", thread_id="t", minute=9)))

    assert status() is ConversationStatus.OPEN
    assert "reopened" in inbox.timeline(conversation_id)
    assert Conversation.get().resolved_at is None


def test_a_thank_you_does_not_reopen(
    inbox: Inbox, wall: Wall, sam: Actor, conversation_id: int
) -> None:
    actions.resolve(inbox.runtime, sam, conversation_id, now=inbox.now)

    inbox.receive("wall", wall.payload(post("m2", "Thank you so much!", thread_id="t", minute=9)))

    assert status() is ConversationStatus.RESOLVED
    assert Conversation.get().waiting_since is None


def test_any_message_wakes_a_snoozed_conversation(
    inbox: Inbox, wall: Wall, sam: Actor, conversation_id: int
) -> None:
    until = inbox.now.replace(year=2027)
    actions.snooze(inbox.runtime, sam, conversation_id, until, now=inbox.now)

    inbox.receive("wall", wall.payload(post("m2", "Hello?", thread_id="t", minute=9)))

    assert status() is ConversationStatus.OPEN
    assert Conversation.get().snoozed_until is None


def test_a_message_leaves_an_ignored_conversation_alone(
    inbox: Inbox, wall: Wall, sam: Actor, conversation_id: int
) -> None:
    actions.ignore(inbox.runtime, sam, conversation_id, "spam", now=inbox.now)

    inbox.receive("wall", wall.payload(post("m2", "Buy now", thread_id="t", minute=9)))

    assert status() is ConversationStatus.IGNORED


@pytest.mark.parametrize(
    "text", ["Thanks!", "Danke sehr", "thank you so much", "OK, thanks 👍", "Vielen Dank!!"]
)
def test_words_that_only_thank(text: str) -> None:
    assert is_mere_thanks(text)


@pytest.mark.parametrize(
    "text",
    ["", "👍", "Thanks, but it is broken", "No thanks", "Thanks?", "ok", "Thanks for nothing"],
)
def test_words_that_say_more_than_thanks(text: str) -> None:
    assert not is_mere_thanks(text)
