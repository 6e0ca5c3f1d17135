"""A public message and the private conversation that follows it are one conversation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from earful import (
    ActionRefused,
    Capabilities,
    Capability,
    OutcomeUnknown,
    Receipt,
    Removal,
    RemovalKind,
    ReplyContext,
    ReplyPermission,
    Surface,
    actions,
)
from earful.actions import Actor
from earful.store.models import Message, Reply, Thread
from earful.store.queries.conversation import answerable
from earful.testing.inbox import Inbox, InboxMessage, SentReply

from tests.wall import NOON, Wall, post


@pytest.fixture(autouse=True)
def asked(wall: Wall, monkeypatch: pytest.MonkeyPatch) -> list[ReplyContext]:
    """A wall that can answer privately, and what it was asked."""
    wall.can = Capabilities(
        reply=Capability(allowed=True), private_reply=Capability(allowed=True), reply_length=100
    )
    contexts: list[ReplyContext] = []

    def can_reply(_settings: object, context: ReplyContext) -> ReplyPermission:
        contexts.append(context)
        if context.reply_surface is Surface.PRIVATE and context.already_private:
            return ReplyPermission(allowed=False, reason="Once per comment.")
        return ReplyPermission(allowed=True)

    monkeypatch.setattr(wall, "can_reply", can_reply)
    return contexts


@pytest.fixture
def comment(inbox: Inbox, wall: Wall) -> InboxMessage:
    (message,) = inbox.receive("wall", wall.payload(post("c1", thread_id="post")))
    return message


def private(inbox: Inbox, sam: Actor, message: InboxMessage, text: str = "Hello") -> int:
    return actions.submit_reply(
        inbox.runtime, sam, message.conversation_id, message_id=message.id, text=text,
        surface=Surface.PRIVATE, last_seen_message_id=message.id, force=True, now=inbox.now,
    )  # fmt: skip


def leave(inbox: Inbox, reply_id: int) -> SentReply:
    inbox.advance(seconds=inbox.runtime.config.inbox.undo_seconds)
    inbox.tick()
    return inbox.sent(reply_id)


def test_the_private_answer_arrives_in_the_same_conversation(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    wall.sends.append(Receipt(external_id="dm1", thread_id="dm"))
    reply = leave(inbox, private(inbox, sam, comment))
    assert reply.state == "sent"
    (outbound,) = wall.sent
    assert (outbound.surface, outbound.answered_surface) == ("private", "public_reply")
    assert (outbound.author_id, outbound.last_inbound_at) == ("ann", NOON)
    (answer,) = inbox.receive(
        "wall",
        wall.payload(post("dm2", "It is 4711", thread_id="dm", surface=Surface.PRIVATE, minute=5)),
    )
    assert answer.conversation_id == comment.conversation_id
    assert Thread.get(external_id="dm").surface is Surface.PRIVATE
    assert "went_private" in inbox.timeline(comment.conversation_id)


def test_a_thread_that_was_there_before_is_taken_over_and_its_past_stays(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    (old,) = inbox.receive(
        "wall", wall.payload(post("dm0", "Hi", thread_id="dm", surface=Surface.PRIVATE, minute=-9))
    )
    wall.sends.append(Receipt(external_id="dm1", thread_id="dm"))
    leave(inbox, private(inbox, sam, comment))
    (answer,) = inbox.receive(
        "wall", wall.payload(post("dm2", "Yes?", thread_id="dm", surface=Surface.PRIVATE, minute=9))
    )
    assert answer.conversation_id == comment.conversation_id
    assert {each.external_id: each.conversation_id for each in inbox.messages()}[
        "dm0"
    ] == old.conversation_id


def test_an_echo_links_the_thread_when_the_receipt_was_lost(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    wall.sends.append(OutcomeUnknown("cut off"))
    reply_id = private(inbox, sam, comment, "Write us here")
    assert leave(inbox, reply_id).state == "unconfirmed"
    echo = post(
        "dm1", "Write us here", thread_id="dm", from_us=True, by="us", surface=Surface.PRIVATE
    )
    assert inbox.receive("wall", wall.payload(echo)) == []
    assert inbox.sent(reply_id).state == "confirmed"
    (answer,) = inbox.receive(
        "wall", wall.payload(post("dm2", "Done", thread_id="dm", surface=Surface.PRIVATE, minute=9))
    )
    assert answer.conversation_id == comment.conversation_id
    assert inbox.timeline(comment.conversation_id).count("went_private") == 1


def test_a_receipt_and_its_echo_tell_of_it_once(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    wall.sends.append(Receipt(external_id="dm1", thread_id="dm"))
    leave(inbox, private(inbox, sam, comment))
    inbox.receive(
        "wall",
        wall.payload(
            post("dm1", "Hello", thread_id="dm", from_us=True, by="us", surface=Surface.PRIVATE)
        ),
    )
    assert inbox.timeline(comment.conversation_id).count("went_private") == 1


def test_the_plugin_is_told_that_a_comment_was_answered_privately(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage, asked: list[ReplyContext]
) -> None:
    first = private(inbox, sam, comment)
    assert not asked[-1].already_private
    with pytest.raises(ActionRefused, match="Once per comment"):
        private(inbox, sam, comment, "Hello again")
    actions.undo_reply(inbox.runtime, sam, first, now=inbox.now)
    assert private(inbox, sam, comment, "Hello again")


@pytest.mark.parametrize(("state", "counts"), [("held", True), ("failed", False)])
def test_the_page_and_the_sending_know_alike_whether_it_was_answered_privately(
    inbox: Inbox,
    sam: Actor,
    comment: InboxMessage,
    asked: list[ReplyContext],
    *,
    state: str,
    counts: bool,
) -> None:
    Reply.update(state=state).where(Reply.id == private(inbox, sam, comment)).execute()
    shown = answerable(comment.conversation_id, comment.id)
    actions.reply_permission(
        inbox.runtime, Message.get_by_id(comment.id), Surface.PRIVATE, now=inbox.now
    )
    assert shown is not None
    assert (shown.already_private, asked[-1].already_private) == (counts, counts)


def test_without_the_capability_nobody_goes_private(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    wall.can = Capabilities(reply=Capability(allowed=True))
    with pytest.raises(ActionRefused, match="cannot write privately"):
        private(inbox, sam, comment)
    assert not Reply.select().exists()


def test_a_private_message_is_never_answered_in_public(
    inbox: Inbox, wall: Wall, sam: Actor
) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("dm", surface=Surface.PRIVATE)))
    with pytest.raises(ActionRefused, match="in private"):
        actions.submit_reply(
            inbox.runtime, sam, message.conversation_id, message_id=message.id, text="x",
            surface=Surface.PUBLIC_REPLY, last_seen_message_id=message.id, now=inbox.now,
        )  # fmt: skip


def test_the_window_counts_from_the_newest_message_of_that_person(
    inbox: Inbox, wall: Wall, sam: Actor, asked: list[ReplyContext]
) -> None:
    (first, _, _) = inbox.receive(
        "wall",
        wall.payload(
            post("1", thread_id="dm", surface=Surface.PRIVATE),
            post("2", "Anybody?", thread_id="dm", surface=Surface.PRIVATE, minute=7),
            post("3", "Me too", by="bob", thread_id="dm", surface=Surface.PRIVATE, minute=9),
        ),
    )
    private(inbox, sam, first)
    assert asked[-1].last_inbound_at == NOON + timedelta(minutes=7)
    assert (asked[-1].author_id, asked[-1].reply_surface) == ("ann", Surface.PRIVATE)


def test_a_comment_deleted_while_its_answer_waits_is_not_answered(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    reply_id = private(inbox, sam, comment)
    inbox.receive("wall", wall.payload(Removal(external_id="c1")))
    reply = leave(inbox, reply_id)
    assert wall.sent == []
    assert reply.state == "failed"
    assert "deleted on the platform" in reply.error
    assert "reply_failed" in inbox.timeline(comment.conversation_id)


def test_a_hidden_comment_can_still_be_answered_privately(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    inbox.receive("wall", wall.payload(Removal(external_id="c1", kind=RemovalKind.HIDDEN)))
    assert private(inbox, sam, comment)
    with pytest.raises(ActionRefused, match="no longer shown"):
        actions.submit_reply(
            inbox.runtime, sam, comment.conversation_id, message_id=comment.id, text="x",
            last_seen_message_id=comment.id, now=inbox.now,
        )  # fmt: skip


def test_equal_private_words_are_told_apart_by_whom_they_reached(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    (other,) = inbox.receive("wall", wall.payload(post("c2", by="bob", thread_id="other")))
    wall.sends += [OutcomeUnknown("?"), OutcomeUnknown("?")]
    never_left = leave(inbox, private(inbox, sam, comment))
    left = leave(inbox, private(inbox, sam, other))

    ours = post("dm1", "Hello", thread_id="bob-us", surface=Surface.PRIVATE, from_us=True)
    inbox.receive("wall", wall.payload(ours))

    states = (inbox.sent(never_left.id).state, inbox.sent(left.id).state)
    assert states == ("unconfirmed", "confirmed")


def test_the_same_words_to_somebody_else_confirm_no_private_reply(
    inbox: Inbox, wall: Wall, sam: Actor, comment: InboxMessage
) -> None:
    asked = post("dm0", by="bob", thread_id="dm", surface=Surface.PRIVATE)
    inbox.receive("wall", wall.payload(asked))
    wall.sends.append(OutcomeUnknown("?"))
    reply = leave(inbox, private(inbox, sam, comment))

    ours = post("dm1", "Hello", thread_id="dm", surface=Surface.PRIVATE, from_us=True)
    inbox.receive("wall", wall.payload(ours))

    assert inbox.sent(reply.id).state == "unconfirmed"
