"""What is due is enqueued, once, by one ticker; what was left over is swept up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from earful import TemporaryFailure, actions
from earful.inbox.lifecycle import wake_snoozed
from earful.job_queue import JobQueueUnavailable
from earful.store import connection, transaction
from earful.store.database import execute, is_postgres, locked, rows
from earful.store.leases import beat, hold_lease, release_lease
from earful.store.models import (
    Channel,
    Conversation,
    Heartbeat,
    Message,
    Notification,
    Payload,
    Queue,
)
from earful.store.states import ConversationStatus, NotificationState, Stage
from earful.testing.inbox import Inbox
from earful.ticker import purge, run_ticker, sweep, tick

from tests.core.conftest import wait_until_held_up
from tests.wall import Wall, post


def enqueued(inbox: Inbox, decide: Callable[..., None]) -> dict[str, set[Any]]:
    """What one round enqueues, by job."""
    inbox.jobs.empty()
    decide(inbox.runtime, now=inbox.now)
    found: dict[str, set[Any]] = {}
    for job, ids in inbox.jobs.waiting():
        found.setdefault(job, set()).update(ids)
    return found


@pytest.fixture
def quiet(inbox: Inbox) -> Inbox:
    """Nothing is due: all channels were read just now."""
    Channel.update(next_poll_at=inbox.now + timedelta(hours=1)).execute()
    return inbox


def test_nothing_due_enqueues_nothing(quiet: Inbox) -> None:
    assert enqueued(quiet, tick) == enqueued(quiet, sweep) == {}


def test_due_channels_are_polled(inbox: Inbox) -> None:
    first, second = Channel.select().order_by(Channel.id)
    Channel.update(next_poll_at=inbox.now + timedelta(1)).where(Channel.id == second.id).execute()

    assert enqueued(inbox, tick) == {"poll_channel": {first.id}}


@pytest.mark.parametrize("state", ["paused", "disabled"])
def test_a_channel_at_rest_is_not_polled(inbox: Inbox, state: str) -> None:
    Channel.update(state=state).execute()

    assert enqueued(inbox, tick) == {}


def test_everything_due_is_enqueued(quiet: Inbox, wall: Wall) -> None:
    Queue.create(name="General", first_response_minutes=5)
    first, second = quiet.receive("wall", wall.payload(post("m1"), post("m2")))
    wall.sends.append(RuntimeError("unknown"))
    lost = quiet.reply(first, "One")
    actions.submit_reply(
        quiet.runtime,
        actions.SYSTEM,
        second.conversation_id,
        message_id=second.id,
        text="Two",
        last_seen_message_id=second.id,
        now=quiet.now,
    )
    notice = Notification.create(
        notifier="pager", kind="k", key="k", title="t", created_at=quiet.now, due_at=quiet.now
    )
    quiet.advance(minutes=6)

    found = enqueued(quiet, tick)

    assert found["find_reply"] == {lost.id}
    assert found["send_reply"] == {lost.id + 1}
    assert len(found["breach_clock"]) == 2
    assert found["deliver_notification"] == {notice.id}


def test_the_next_tick_enqueues_no_second_copy(inbox: Inbox) -> None:
    tick(inbox.runtime, now=inbox.now)
    tick(inbox.runtime, now=inbox.now)

    assert len(inbox.jobs.waiting()) == 2


def test_a_snooze_ends_when_it_is_over(quiet: Inbox, wall: Wall) -> None:
    (message,) = quiet.receive("wall", wall.payload(post("m1")))
    until = quiet.now + timedelta(hours=1)
    actions.snooze(quiet.runtime, actions.SYSTEM, message.conversation_id, until, now=quiet.now)

    quiet.tick()
    assert Conversation.get().status is ConversationStatus.SNOOZED

    quiet.now = until
    quiet.tick()
    assert Conversation.get().status is ConversationStatus.OPEN
    assert Conversation.get().snoozed_until is None
    assert quiet.timeline(message.conversation_id)[-1] == "woken"


def test_a_snooze_without_a_time_ends_when_they_write(quiet: Inbox, wall: Wall) -> None:
    (message,) = quiet.receive("wall", wall.payload(post("m1")))
    actions.snooze(quiet.runtime, actions.SYSTEM, message.conversation_id, None, now=quiet.now)

    quiet.advance(days=400)
    quiet.tick()
    assert Conversation.get().status is ConversationStatus.SNOOZED

    quiet.receive("wall", wall.payload(post("m2", "Me again", parent_id="m1")))
    assert Conversation.get().status is ConversationStatus.OPEN
    assert Conversation.get().snoozed_until is None


@pytest.mark.parametrize(
    "database", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_waking_takes_conversations_in_everybodys_order(quiet: Inbox, wall: Wall) -> None:
    messages = quiet.receive("wall", wall.payload(*(post(key, thread_id=key) for key in "ab")))
    first, second = sorted(message.conversation_id for message in messages)
    for conversation, hours in ((first, 2), (second, 1)):
        until = quiet.now + timedelta(hours=hours)
        actions.snooze(quiet.runtime, actions.SYSTEM, conversation, until, now=quiet.now)

    def wake() -> int:
        with connection():
            return wake_snoozed(now=until + timedelta(hours=2), limit=10)

    with ThreadPoolExecutor(1) as pool:
        with transaction():
            locked(Conversation.select().where(Conversation.id == first)).get()
            waking = pool.submit(wake)
            wait_until_held_up()
            locked(Conversation.select().where(Conversation.id == second)).get()
        assert waking.result(30) == 2


def test_the_sweep_finds_what_the_job_queue_lost(quiet: Inbox, wall: Wall) -> None:
    quiet.receive("fence", wall.payload(post("m2")))
    Message.update(stage=Stage.CLASSIFIED).execute()
    (payload_id,) = quiet.push("wall", wall.payload(post("m1")))

    assert enqueued(quiet, sweep) == {}
    quiet.advance(seconds=30)
    assert enqueued(quiet, sweep) == {"ingest_payload": {payload_id}, "triage": set()}


def test_nothing_is_lost_while_the_job_queue_is_away(quiet: Inbox, wall: Wall) -> None:
    quiet.jobs.away = True
    quiet.push("wall", wall.payload(post("m1")))
    with pytest.raises(JobQueueUnavailable):
        sweep(quiet.runtime, now=quiet.now + timedelta(minutes=1))

    quiet.jobs.away = False
    quiet.advance(minutes=1)
    quiet.sweep()

    assert [message.queue for message in quiet.messages()] == ["General"]


def test_old_payloads_go_some_at_a_time_and_refused_ones_stay(
    quiet: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.ticker.MOST", 2)
    quiet.receive("wall", *(wall.payload(post(f"m{n}")) for n in range(3)), b"refused")

    purge(quiet.runtime, now=quiet.advance(days=13))
    assert Payload.select().count() == 4

    purge(quiet.runtime, now=quiet.advance(days=2))
    assert Payload.select().count() == 2
    purge(quiet.runtime, now=quiet.now)
    purge(quiet.runtime, now=quiet.now)
    assert [bytes(row.body) for row in Payload.select()] == [b"refused"]
    assert Message.select().count() == 3


def test_only_notifications_told_long_ago_are_purged(inbox: Inbox) -> None:
    made = {"notifier": "pager", "kind": "k", "title": "t", "due_at": inbox.now}
    for state in NotificationState:
        sent_at = inbox.now if state is NotificationState.SENT else None
        Notification.create(key=state, state=state, sent_at=sent_at, created_at=inbox.now, **made)

    purge(inbox.runtime, now=inbox.advance(days=90))
    assert Notification.select().count() == 3

    purge(inbox.runtime, now=inbox.advance(days=1))
    assert {row.key for row in Notification.select()} == {"pending", "failed"}


@pytest.mark.parametrize(
    ("index", "where"),
    [("conversation", "conversation_id IN (1, 2)"), ("sent", "sent_at < '2026-01-01'")],
)
def test_notifications_are_found_by_an_index(inbox: Inbox, index: str, where: str) -> None:
    with transaction():
        if is_postgres():
            execute("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN" if is_postgres() else "EXPLAIN QUERY PLAN"
        plan = rows(f"{explain} SELECT id FROM notification WHERE {where}")

    assert f"notification_{index}" in str(plan)


def test_one_process_holds_a_lease(inbox: Inbox) -> None:
    now, later = inbox.now, inbox.now + timedelta(seconds=5)

    assert hold_lease("ticker", "one", now, later)
    assert not hold_lease("ticker", "two", now, later)
    assert hold_lease("ticker", "one", now, later)
    assert hold_lease("ticker", "two", later, later + timedelta(seconds=5))
    assert not hold_lease("ticker", "one", later, later)

    release_lease("ticker", "one")
    assert not hold_lease("ticker", "one", later, later)
    release_lease("ticker", "two")
    assert hold_lease("ticker", "one", later, later)


def test_many_at_once_give_one_holder(inbox: Inbox) -> None:
    together, held = threading.Barrier(6), []

    def try_it(name: str) -> None:
        together.wait(10)
        with connection():
            if hold_lease("x", name, inbox.now, inbox.now + timedelta(seconds=5)):
                held.append(name)

    threads = [threading.Thread(target=try_it, args=(str(n),)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert len(held) == 1


def test_a_heartbeat_is_one_row_and_the_silent_are_forgotten(inbox: Inbox) -> None:
    beat("worker@1", "worker", inbox.now)
    beat("ticker@1", "ticker", inbox.now + timedelta(minutes=30))
    beat("ticker@1", "ticker", inbox.now + timedelta(minutes=61))

    assert [row.process for row in Heartbeat.select()] == ["ticker@1"]


def test_a_ticker_goes_on_when_the_job_queue_comes_back(inbox: Inbox) -> None:
    stop, calls = threading.Event(), []

    def enqueue_many(*arguments: Any, **options: Any) -> int:
        calls.append(arguments)
        if len(calls) == 1:
            raise JobQueueUnavailable("away")
        stop.set()
        return 0

    inbox.jobs.enqueue_many = enqueue_many  # type: ignore[method-assign]
    run_ticker(inbox.runtime, stop)

    assert len(calls) == 2


def test_a_failing_channel_does_not_hold_up_the_others(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(TemporaryFailure("502"))

    inbox.tick()

    assert len(wall.cursors) == 2
