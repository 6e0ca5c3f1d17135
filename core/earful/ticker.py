"""Decides when: enqueues what is due, and sweeps up what was left unfinished.

One ticker works at a time, by a lease in the database. Everything it enqueues is found by an
index on its unfinished state, so its cost is that of the work, never of the history.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from earful.actions import forget_bulk_items
from earful.inbox.assigning import hand_out_waiting, return_from_absent
from earful.inbox.attachment_retention import let_go
from earful.inbox.lifecycle import wake_snoozed
from earful.job_queue import JobQueueUnavailable
from earful.pipeline import digests, outbox, perform
from earful.runtime import Runtime
from earful.store import connection, transaction
from earful.store.channel_health import live_channels
from earful.store.leases import beat, hold_lease, release_lease
from earful.store.models import (
    AgentNotification,
    BulkJob,
    Channel,
    Clock,
    Digest,
    EarlyRemoval,
    Message,
    Notification,
    Payload,
    PlatformAction,
    Presence,
    Reply,
)
from earful.store.queries.presence import PRESENT_FOR
from earful.store.states import ChannelState, DigestState, PlatformActionState, ReplyState
from earful.store.unfinished import (
    BULK_JOB_UNFINISHED,
    CLOCK_UNBREACHED,
    DIGEST_UNFINISHED,
    MESSAGE_UNFINISHED,
    NOTIFICATION_UNFINISHED,
    PAYLOAD_FINISHED,
    PAYLOAD_UNFINISHED,
    PLATFORM_ACTION_UNFINISHED,
    REPLY_UNFINISHED,
)

__all__ = ["run_ticker", "sweep", "tick"]

logger = logging.getLogger(__name__)

EVERY = timedelta(seconds=1)
LEASE = timedelta(seconds=5)
"""How soon another ticker takes over from one that died; two at once would only do double work."""
TOLD_FOR = timedelta(days=90)
"""How long what agents and notifiers were told is kept."""
PURGE_EVERY = timedelta(minutes=1)
MOST = 2000
"""How much one round enqueues; the rest waits for the next."""
MOST_FILES = 200
"""How many attachments one round lets go."""
MOST_HANDED = 200
"""How many conversations change hands in one transaction."""


def run_ticker(runtime: Runtime, stop: threading.Event) -> None:
    """Tick until `stop` is set. A ticker without the lease waits for it."""
    owner = f"{socket.gethostname()}:{os.getpid()}"
    last_sweep = last_purge = datetime.min.replace(tzinfo=UTC)
    sweep_every = _lost_after(runtime) / 3
    with connection():
        while not stop.wait(EVERY.total_seconds()):
            now = datetime.now(UTC)
            try:
                beat(f"ticker@{owner}", "ticker", now)
                if not hold_lease("ticker", owner, now, now + LEASE):
                    continue
                tick(runtime, now=now)
                if now - last_sweep >= sweep_every:
                    sweep(runtime, now=now)
                    last_sweep = now
                if now - last_purge >= PURGE_EVERY:
                    purge(runtime, now=now)
                    return_from_absent(now=now, limit=MOST_HANDED)
                    hand_out_waiting(now=now, limit=MOST_HANDED)
                    digests.make_digests(runtime, now=now)
                    last_purge = now
            except JobQueueUnavailable as error:
                logger.warning("the job queue is away: %s", error)
        release_lease("ticker", owner)


def tick(runtime: Runtime, *, now: datetime) -> None:
    """Enqueue everything whose time has come."""
    _each(runtime, "poll_channel", _due_channels(now), on="fetch")
    _each(runtime, "send_reply", _due_replies(ReplyState.QUEUED, now), on="send")
    _each(runtime, "perform_action", _due_actions(now), on="send")
    _each(runtime, "find_reply", _due_replies(ReplyState.UNCONFIRMED, now), on="send")
    _each(runtime, "breach_clock", _due_clocks(now), on="notify")
    _each(runtime, "deliver_notification", _due_notifications(now), on="notify")
    if runtime.config.mail is not None:
        _each(runtime, "send_digest", _due_digests(now), on="notify")
    _each(runtime, "change_many", _due_bulk_jobs(now), on="notify")
    wake_snoozed(now=now, limit=MOST)


def _lost_after(runtime: Runtime) -> timedelta:
    """Work younger than this is left to the job that was enqueued with it."""
    return timedelta(seconds=runtime.config.job_queue.lost_after_seconds)


def sweep(runtime: Runtime, *, now: datetime) -> None:
    """Enqueue again what is unfinished though its job should long have run."""
    outbox.give_up_expired(now=now)
    perform.take_up_expired(now=now)
    digests.give_up_interrupted(now=now)
    before = now - _lost_after(runtime)
    _each(runtime, "ingest_payload", _unfinished_payloads(before), on="ingest")
    if _messages_wait(before):
        # It finds them itself, the newest first, and goes on until none is left.
        runtime.jobs.enqueue("triage", on="triage", unique="triage")


def purge(runtime: Runtime, *, now: datetime) -> None:
    """Remove what is finished and older than its retention, some at a time.

    Quarantined payloads stay until somebody decides about them.
    """
    before = now - timedelta(days=runtime.config.retention.payload_days)
    for model, due in (
        (Payload, PAYLOAD_FINISHED & (Payload.received_at < before)),
        (EarlyRemoval, EarlyRemoval.at < before),
        (AgentNotification, AgentNotification.at < now - TOLD_FOR),
        (Notification, Notification.sent_at < now - TOLD_FOR),
        (Digest, Digest.until < now - TOLD_FOR),
        (Presence, Presence.at < now - PRESENT_FOR),
    ):
        ids = _first_column(model.select(model.id).where(due).limit(MOST))
        if ids:
            with transaction():
                model.delete().where(model.id.in_(ids)).execute()
    forget_bulk_items(now=now, limit=MOST)
    let_go(now=now, limit=MOST_FILES)


def _each(runtime: Runtime, job: str, ids: Iterable[int], *, on: str) -> None:
    found = list(ids)
    if found:
        runtime.jobs.enqueue_many(job, found, on=on, unique=True)


def _first_column(query: Any) -> list[int]:
    return [row[0] for row in query.tuples()]


def _due_channels(now: datetime) -> list[int]:
    return _first_column(
        Channel.select(Channel.id).where(
            (Channel.state == ChannelState.LIVE)
            & (Channel.next_poll_at.is_null() | (Channel.next_poll_at <= now))
            & (Channel.polling_until.is_null() | (Channel.polling_until <= now))
        )
    )


def _due_replies(state: ReplyState, now: datetime) -> list[int]:
    return _first_column(
        Reply.select(Reply.id)
        .where(
            REPLY_UNFINISHED
            & (Reply.due_at <= now)
            & (Reply.state == state)
            & Reply.channel.in_(live_channels())
        )
        .order_by(Reply.due_at)
        .limit(MOST)
    )


def _due_actions(now: datetime) -> list[int]:
    return _first_column(
        PlatformAction.select(PlatformAction.id)
        .where(
            PLATFORM_ACTION_UNFINISHED
            & (PlatformAction.due_at <= now)
            & (PlatformAction.state == PlatformActionState.QUEUED)
            & PlatformAction.channel.in_(live_channels())
        )
        .order_by(PlatformAction.due_at)
        .limit(MOST)
    )


def _due_clocks(now: datetime) -> list[int]:
    return _first_column(
        Clock.select(Clock.id)
        .where(CLOCK_UNBREACHED & (Clock.due_at <= now))
        .order_by(Clock.due_at)
        .limit(MOST)
    )


def _due_notifications(now: datetime) -> list[int]:
    return _first_column(
        Notification.select(Notification.id)
        .where(NOTIFICATION_UNFINISHED & (Notification.due_at <= now))
        .order_by(Notification.due_at)
        .limit(MOST)
    )


def _due_bulk_jobs(now: datetime) -> list[int]:
    return _first_column(
        BulkJob.select(BulkJob.id).where(BULK_JOB_UNFINISHED & (BulkJob.due_at <= now))
    )


def _due_digests(now: datetime) -> list[int]:
    return _first_column(
        Digest.select(Digest.id)
        .where(DIGEST_UNFINISHED & (Digest.due_at <= now) & (Digest.state == DigestState.WAITING))
        .order_by(Digest.due_at)
        .limit(MOST)
    )


def _unfinished_payloads(before: datetime) -> list[int]:
    return _first_column(
        Payload.select(Payload.id)
        .where(
            PAYLOAD_UNFINISHED & (Payload.received_at <= before) & Payload.channel.in_(_readable())
        )
        .order_by(Payload.id)
        .limit(MOST)
    )


def _readable() -> Any:
    """Channels whose plugin is there; the payloads of others wait for it and hold up nobody."""
    return Channel.select(Channel.id).where(Channel.state != ChannelState.DISABLED)


def _messages_wait(before: datetime) -> bool:
    return bool(
        _first_column(
            Message.select(Message.id)
            .where(MESSAGE_UNFINISHED & (Message.received_at <= before))
            .order_by(Message.id)
            .limit(1)
        )
    )
