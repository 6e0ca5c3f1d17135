"""Replies leave once each, whatever goes wrong, and never blindly a second time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from earful import (
    AuthenticationFailed,
    DeliveryRejected,
    OutcomeUnknown,
    RateLimited,
    Receipt,
    ReplyPermission,
    SpendingCapReached,
    TemporaryFailure,
    actions,
    store,
)
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.pipeline import outbox
from earful.store.models import Channel, Clock, Conversation, Queue, Reply
from earful.store.states import ChannelState, ConversationStatus, ReplyState
from earful.testing.inbox import Inbox, InboxMessage

from tests.wall import Wall, post

Submit = Callable[..., int]


@pytest.fixture
def question(inbox: Inbox, wall: Wall) -> InboxMessage:
    Queue.create(name="General", first_response_minutes=60)
    asked = post("m1", thread_id="t", url="https://wall/m1", extra={"post": "7"})
    (message,) = inbox.receive("wall", wall.payload(asked))
    return message


@pytest.fixture
def submit(inbox: Inbox, sam: Actor, question: InboxMessage) -> Submit:
    def put_into_outbox(text: str = "On its way.", **options: Any) -> int:
        return actions.submit_reply(
            inbox.runtime,
            sam,
            question.conversation_id,
            message_id=question.id,
            text=text,
            last_seen_message_id=question.id,
            now=inbox.now,
            **options,
        )

    return put_into_outbox


def only_reply() -> Any:
    return Reply.select().get()


def test_a_reply_leaves_when_it_can_no_longer_be_undone(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    submit()
    inbox.tick()
    assert wall.sent == []

    inbox.advance(seconds=10)
    inbox.tick()

    (sent,) = wall.sent
    assert (sent.text, sent.in_reply_to, sent.thread_id) == ("On its way.", "m1", "t")
    assert (sent.url, sent.extra) == ("https://wall/m1", {"post": "7"})
    reply = only_reply()
    assert sent.idempotency_key == reply.idempotency_key
    assert (reply.state, reply.external_id, reply.sent_at) == ("sent", "reply-1", inbox.now)


def test_a_sent_reply_answers_the_conversation(inbox: Inbox, submit: Submit) -> None:
    submit()
    inbox.advance(seconds=10)

    inbox.tick()

    conversation = Conversation.get()
    assert conversation.status is ConversationStatus.PENDING
    assert (conversation.waiting_since, conversation.snippet) == (None, "On its way.")
    assert Clock.get().met_at == inbox.now
    assert inbox.timeline(conversation.id)[-1] == "reply_sent"


def test_a_reply_can_resolve_what_it_answers(inbox: Inbox, submit: Submit) -> None:
    submit(resolve_after=True)
    inbox.advance(seconds=10)

    inbox.tick()

    assert Conversation.get().status is ConversationStatus.RESOLVED


def test_undo_takes_a_reply_back_before_it_is_due(
    inbox: Inbox, wall: Wall, sam: Actor, submit: Submit
) -> None:
    reply_id = submit("Oops")

    assert actions.undo_reply(inbox.runtime, sam, reply_id, now=inbox.now).text == "Oops"
    inbox.advance(minutes=5)
    inbox.tick()

    assert wall.sent == []
    assert only_reply().state is ReplyState.UNDONE


def test_undo_comes_too_late_for_a_reply_that_has_left(
    inbox: Inbox, sam: Actor, submit: Submit
) -> None:
    reply_id = submit()
    inbox.advance(seconds=10)
    inbox.tick()

    with pytest.raises(ActionRefused, match="Too late"):
        actions.undo_reply(inbox.runtime, sam, reply_id, now=inbox.now)


def test_two_workers_send_a_reply_once(inbox: Inbox, wall: Wall, submit: Submit) -> None:
    reply_id = submit()
    now = inbox.advance(seconds=10)
    together = threading.Barrier(4)

    def work() -> None:
        together.wait(10)
        with store.connection():
            outbox.send_reply(inbox.runtime, reply_id, now=now)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert len(wall.sent) == 1
    assert only_reply().attempts == 1


def test_the_same_reply_submitted_twice_at_once_is_one_reply(inbox: Inbox, submit: Submit) -> None:
    together = threading.Barrier(2)

    def both_may(_settings: Any, _context: Any) -> ReplyPermission:
        together.wait(10)
        return ReplyPermission(allowed=True)

    channel = inbox.runtime.channels["wall"]
    channel.type = replace(channel.type, can_reply=both_may)

    def work(_: int) -> str:
        with store.connection():
            try:
                return f"reply {submit()}"
            except ActionRefused as refused:
                return str(refused)

    with ThreadPoolExecutor(2) as pool:
        told = sorted(pool.map(work, range(2)))

    assert told == ["The same reply is already on its way.", f"reply {only_reply().id}"]
    assert Reply.select().count() == 1


def test_a_rejected_reply_fails_with_the_platforms_reason(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    wall.sends.append(DeliveryRejected("The thread is closed."))
    submit()
    inbox.advance(seconds=10)

    inbox.tick()
    inbox.advance(days=1)
    inbox.tick()

    assert (only_reply().state, only_reply().error) == ("failed", "The thread is closed.")
    assert len(wall.sent) == 1
    assert "reply_failed" in inbox.timeline(Conversation.get().id)


def test_a_failed_reply_can_be_sent_again_by_a_person(
    inbox: Inbox, wall: Wall, sam: Actor, submit: Submit
) -> None:
    wall.sends.append(DeliveryRejected("The thread is closed."))
    reply_id = submit()
    inbox.advance(seconds=10)
    inbox.tick()

    actions.retry_reply(inbox.runtime, sam, reply_id, now=inbox.now)
    inbox.tick()

    assert (only_reply().state, only_reply().error) == ("sent", "")


def test_what_was_not_accepted_is_sent_later_and_later(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    wall.sends.extend([TemporaryFailure("busy")] * 3)
    submit()
    pauses = []
    inbox.advance(seconds=10)

    for _ in range(3):
        inbox.tick()
        pauses.append((only_reply().due_at - inbox.now).total_seconds())
        inbox.now = only_reply().due_at
    inbox.tick()

    assert pauses == [30, 60, 120]
    assert (only_reply().state, len(wall.sent)) == ("sent", 4)


def test_a_reply_that_is_never_accepted_is_given_up(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    wall.sends.extend([TemporaryFailure("busy")] * 99)
    submit()
    inbox.advance(seconds=10)

    while only_reply().state is ReplyState.QUEUED:
        inbox.now = max(inbox.now, only_reply().due_at)
        inbox.tick()

    assert (only_reply().state, only_reply().error) == ("failed", "busy")
    assert len(wall.sent) == outbox.MOST_TRIES


def test_a_rate_limit_is_kept_to(inbox: Inbox, wall: Wall, submit: Submit) -> None:
    wall.sends.append(RateLimited("slow down", retry_after=timedelta(hours=1)))
    submit()
    inbox.advance(seconds=10)

    inbox.tick()

    assert only_reply().due_at == inbox.now + timedelta(hours=1)


def capped() -> SpendingCapReached:
    return SpendingCapReached("The cap is reached.", retry_after=timedelta(days=20))


def test_a_reply_leaves_soon_after_the_spending_cap_was_raised(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    wall.sends += [capped() for _ in range(10)]
    submit()
    for _ in range(10):
        inbox.advance(hours=1)
        inbox.tick()
        assert only_reply().state is ReplyState.QUEUED
    inbox.advance(hours=1)
    inbox.tick()
    assert only_reply().state is ReplyState.SENT


def test_a_reply_does_not_wait_for_next_months_money(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    wall.sends += [capped() for _ in range(30)]
    submit()
    for _ in range(25):
        inbox.advance(hours=1)
        inbox.tick()
    assert (only_reply().state, only_reply().error) == (ReplyState.FAILED, "The cap is reached.")
    wall.sends.clear()
    inbox.advance(days=20)
    inbox.tick()
    assert only_reply().state is ReplyState.FAILED


def test_refused_credentials_pause_the_channel_and_keep_the_reply(
    inbox: Inbox, wall: Wall, admin: Actor, submit: Submit
) -> None:
    wall.sends.append(AuthenticationFailed("The password was changed."))
    submit()
    inbox.advance(seconds=10)
    inbox.tick()

    channel = Channel.get(Channel.name == "wall")
    assert (channel.state, channel.health) == (ChannelState.PAUSED, "auth_required")
    assert channel.state_reason == "The password was changed."
    assert only_reply().state is ReplyState.QUEUED

    inbox.advance(hours=1)
    inbox.tick()
    assert len(wall.sent) == 1

    actions.resume_channel(inbox.runtime, admin, channel.id, now=inbox.now)
    inbox.tick()
    assert (only_reply().state, len(wall.sent)) == ("sent", 2)


@pytest.mark.parametrize("error", [OutcomeUnknown("the line broke"), ValueError("a bug")], ids=repr)
def test_an_unknown_outcome_is_looked_for_and_found(
    inbox: Inbox, wall: Wall, submit: Submit, error: Exception
) -> None:
    wall.sends.append(error)
    wall.finds.append(Receipt(external_id="r9", url="https://wall/r9"))
    submit()
    inbox.advance(seconds=10)
    inbox.tick()
    assert only_reply().state is ReplyState.UNCONFIRMED
    assert str(error) in only_reply().error

    inbox.advance(seconds=30)
    inbox.tick()

    assert (only_reply().state, only_reply().external_id) == ("sent", "r9")
    assert len(wall.sent) == 1


def test_an_unknown_outcome_is_sent_again_only_when_it_is_surely_not_there(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    wall.sends.append(OutcomeUnknown("the line broke"))
    wall.finds.extend([TemporaryFailure("busy"), None])
    submit()
    inbox.advance(seconds=10)
    inbox.tick()
    inbox.advance(seconds=30)

    inbox.tick()
    assert (only_reply().state, len(wall.sent)) == ("unconfirmed", 1)

    inbox.advance(hours=1)
    inbox.tick()
    inbox.tick()
    assert (only_reply().state, len(wall.sent)) == ("sent", 2)


def test_what_cannot_be_told_is_left_to_people(
    inbox: Inbox, wall: Wall, sam: Actor, submit: Submit
) -> None:
    wall.sends.append(OutcomeUnknown("the line broke"))
    wall.finds.extend([OutcomeUnknown("Look on the page yourself.")] * 99)
    reply_id = submit()
    inbox.advance(seconds=10)
    for _ in range(40):
        inbox.tick()
        inbox.advance(hours=7)

    assert (only_reply().state, len(wall.sent)) == ("unconfirmed", 1)
    assert only_reply().error == "Look on the page yourself."

    actions.confirm_reply_sent(inbox.runtime, sam, reply_id, now=inbox.now)
    assert only_reply().state is ReplyState.SENT
    assert "reply_vouched" in inbox.timeline(Conversation.get().id)


def test_a_sender_that_never_came_back_leaves_an_unconfirmed_reply(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    reply_id = submit()
    inbox.advance(seconds=10)
    # The process died after the platform had accepted the reply.
    wall.sends.append(KeyboardInterrupt())
    wall.finds.append(Receipt(external_id="r1"))
    with pytest.raises(KeyboardInterrupt):
        outbox.send_reply(inbox.runtime, reply_id, now=inbox.now)
    assert only_reply().state is ReplyState.SENDING

    inbox.sweep()
    assert only_reply().state is ReplyState.SENDING

    inbox.now += outbox.LEASE
    inbox.sweep()
    assert only_reply().state is ReplyState.UNCONFIRMED
    inbox.tick()

    assert (only_reply().state, only_reply().external_id) == ("sent", "r1")
    assert len(wall.sent) == 1


def test_a_second_run_of_either_job_changes_nothing(
    inbox: Inbox, wall: Wall, submit: Submit
) -> None:
    reply_id = submit()
    inbox.advance(seconds=10)
    inbox.tick()
    before = list(Reply.select().dicts())

    outbox.send_reply(inbox.runtime, reply_id, now=inbox.now)
    outbox.find_reply(inbox.runtime, reply_id, now=inbox.now)
    outbox.give_up_expired(now=inbox.now)

    assert list(Reply.select().dicts()) == before
    assert len(wall.sent) == 1


def test_a_hostile_receipt_is_kept(inbox: Inbox, wall: Wall, submit: Submit) -> None:
    wall.sends.append(Receipt(external_id="r\x00\ud800" * 300, url="https://\x00\ud800"))
    submit()
    inbox.advance(seconds=10)

    inbox.tick()

    assert only_reply().state is ReplyState.SENT


@pytest.mark.parametrize("receipt", [object(), Receipt(external_id=None)], ids=["none", "no id"])  # type: ignore[arg-type]
def test_a_receipt_that_says_nothing_leaves_the_outcome_unknown(
    inbox: Inbox, wall: Wall, submit: Submit, receipt: Any
) -> None:
    wall.sends.append(receipt)
    submit()
    inbox.advance(seconds=10)

    inbox.tick()

    assert only_reply().state is ReplyState.UNCONFIRMED


@pytest.mark.parametrize("external_id", ["", "same"])
def test_two_replies_with_one_receipt_are_both_sent(
    inbox: Inbox, wall: Wall, submit: Submit, external_id: str
) -> None:
    wall.sends.extend([Receipt(external_id=external_id)] * 2)
    submit("One")
    submit("Two")
    inbox.advance(seconds=10)

    inbox.tick()

    assert {reply.state for reply in Reply.select()} == {ReplyState.SENT}
