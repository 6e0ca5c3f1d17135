"""Which messages share a conversation, whatever the order in which they arrive."""

from __future__ import annotations

from itertools import permutations

import pytest
from earful import InboundMessage
from earful.store.models import Conversation, Message, Reply, Thread
from earful.testing.inbox import Inbox

from tests.wall import Wall, post

CHAIN = (
    post("root", by="ann", thread_id="root", thread_title="Parcels"),
    post("child", by="bob", parent_id="root", minute=1),
    post("grandchild", by="ann", parent_id="child", minute=2),
)


def conversations() -> set[int]:
    return {row.conversation_id for row in Message.select()}


@pytest.mark.parametrize("order", list(permutations(CHAIN)), ids=lambda o: o[0].external_id)
def test_a_reply_joins_the_thread_of_its_parent_in_any_order_of_one_payload(
    inbox: Inbox, wall: Wall, order: tuple[InboundMessage, ...]
) -> None:
    inbox.receive("wall", wall.payload(*order))

    assert len(conversations()) == 1
    assert Message.get(Message.opens).external_id == "root"


def test_a_reply_joins_the_thread_of_a_parent_that_came_before(inbox: Inbox, wall: Wall) -> None:
    for message in CHAIN:
        inbox.receive("wall", wall.payload(message))

    assert len(conversations()) == 1
    assert [row.opens for row in Message.select().order_by(Message.id)] == [True, False, False]


def test_a_parent_that_comes_later_joins_its_reply(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("child", parent_id="root", minute=1)))

    inbox.receive("wall", wall.payload(post("root")))

    assert len(conversations()) == 1
    assert Thread.get().external_id == "root"


@pytest.mark.parametrize(
    "items",
    [
        [post("a", parent_id="a")],
        [post("a", parent_id="b"), post("b", parent_id="a")],
        [post(f"m{n}", parent_id=f"m{(n + 1) % 300}") for n in range(300)],
    ],
    ids=["itself", "each other", "a long ring"],
)
def test_messages_that_are_their_own_ancestors_are_stored(
    inbox: Inbox, wall: Wall, items: list[InboundMessage]
) -> None:
    inbox.receive("wall", wall.payload(*items))

    assert inbox.refused_payloads() == []
    assert Message.select().count() == len(items)


def test_messages_without_thread_or_parent_are_conversations_of_their_own(
    inbox: Inbox, wall: Wall
) -> None:
    inbox.receive("wall", wall.payload(post("m1"), post("m2")))

    assert len(conversations()) == 2


def test_equal_thread_ids_on_two_channels_are_two_threads(inbox: Inbox, wall: Wall) -> None:
    body = wall.payload(post("m1", thread_id="t"))

    inbox.receive("wall", body)
    inbox.receive("fence", body)

    assert len(conversations()) == 2


def test_an_answer_to_our_reply_joins_its_conversation(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    inbox.reply(message, "It is on its way.")

    inbox.receive("wall", wall.payload(post("m2", "When?", parent_id="reply-1", minute=9)))

    assert len(conversations()) == 1
    assert Reply.select().count() == 1
    assert Conversation.get().message_count == 2
