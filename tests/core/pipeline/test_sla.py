"""Clocks: started by the queue, in business hours; met, called off or run out."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from earful import actions, store
from earful.actions import Actor
from earful.inbox.conversations import answered
from earful.pipeline import sla
from earful.store.models import Clock, Conversation, Message, Notification, Queue
from earful.store.states import Stage
from earful.testing.inbox import Inbox, InboxMessage

from tests.core.conftest import wait_until_held_up
from tests.wall import NOON, Wall, post


@pytest.fixture
def earful_config(earful_config: str) -> str:
    return f"""
    [business_hours]
    timezone = "UTC"
    friday = ["09:00-17:00"]
    monday = ["09:00-17:00"]
    {earful_config}
    """


@pytest.fixture
def question(inbox: Inbox, wall: Wall) -> InboxMessage:
    """A message on Friday at noon, in a queue that promises an answer in six open hours."""
    Queue.create(name="General", first_response_minutes=360)
    (message,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    return message


def only_clock() -> Any:
    return Clock.select().get()


def test_a_clock_counts_business_hours_only(question: InboxMessage) -> None:
    monday_at_ten = NOON + timedelta(days=3) - timedelta(hours=2)

    clock = only_clock()
    assert (clock.started_at, clock.due_at) == (NOON, monday_at_ten)
    assert clock.explanation
    assert Conversation.get().due_at == monday_at_ten


def test_a_queue_without_a_target_starts_no_clock(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1")))

    assert Clock.select().count() == 0


def test_a_mere_thank_you_starts_no_clock(inbox: Inbox, wall: Wall) -> None:
    Queue.create(name="General", first_response_minutes=60)

    inbox.receive("wall", wall.payload(post("m1", "Thank you!")))

    assert Clock.select().count() == 0


def test_a_further_message_starts_no_second_clock(
    inbox: Inbox, wall: Wall, question: InboxMessage
) -> None:
    inbox.receive("wall", wall.payload(post("m2", "Hello?", thread_id="t", minute=9)))

    assert Clock.select().count() == 1


def test_a_reply_meets_the_clock(inbox: Inbox, question: InboxMessage) -> None:
    inbox.reply(question, "On its way.")

    assert only_clock().met_at == inbox.now
    assert Conversation.get().due_at.year == 9000


def test_resolving_calls_the_clock_off(inbox: Inbox, sam: Actor, question: InboxMessage) -> None:
    actions.resolve(inbox.runtime, sam, question.conversation_id, now=inbox.now)

    assert (only_clock().cancelled_at, only_clock().met_at) == (inbox.now, None)


def test_a_clock_that_runs_out_is_noted_once(inbox: Inbox, question: InboxMessage) -> None:
    inbox.advance(days=4)

    inbox.tick()
    inbox.advance(minutes=1)
    inbox.tick()

    assert only_clock().breached_at == NOON + timedelta(days=4)
    assert inbox.timeline(question.conversation_id).count("clock_breached") == 1
    kinds = [(row.kind, row.notifier) for row in Notification.select().order_by(Notification.id)]
    assert sorted(kinds) == [("clock_breached", "chat"), ("clock_breached", "pager")]


def test_a_clock_is_not_run_out_before_it_is_due(inbox: Inbox, question: InboxMessage) -> None:
    inbox.now = only_clock().due_at - timedelta(seconds=1)

    sla.breach(only_clock().id, [], now=inbox.now)

    assert only_clock().breached_at is None


def test_a_late_reply_meets_a_clock_that_ran_out(inbox: Inbox, question: InboxMessage) -> None:
    inbox.advance(days=4)
    inbox.tick()

    inbox.reply(question, "Sorry!")

    assert only_clock().met_at == inbox.now
    assert only_clock().breached_at is not None


def test_a_second_run_changes_nothing(inbox: Inbox, question: InboxMessage) -> None:
    before = list(Clock.select().dicts())

    sla.start_clocks(inbox.runtime, [question.id])

    assert list(Clock.select().dicts()) == before


@pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_no_clock_starts_on_what_is_answered_meanwhile(
    inbox: Inbox, question: InboxMessage
) -> None:
    Clock.delete().execute()
    Message.update(stage=Stage.ROUTED).execute()

    def work() -> None:
        with store.connection():
            sla.start_clocks(inbox.runtime, [question.id])

    with ThreadPoolExecutor(1) as pool:
        with store.transaction():
            answered([question.conversation_id], inbox.now)
            started = pool.submit(work)
            wait_until_held_up()
        started.result(30)

    assert Clock.select().count() == 0
    assert Conversation.get().due_at.year == 9000
    assert Message.get().stage == Stage.CLOCKED
