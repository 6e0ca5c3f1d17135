"""What the people who run the installation look at.

Signs of life, unfinished work, what gave up, the database, and how far the set-up has come.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import InterfaceError, OperationalError

from earful.store.database import connection, is_postgres, rows
from earful.store.migrate import schema_state
from earful.store.models import Channel, Heartbeat, Message, Notification, Setting
from earful.store.queries.reading import dicts, tuples
from earful.store.unfinished import MESSAGE_UNFINISHED, NOTIFICATION_FAILED

__all__ = [
    "MOST_COUNTED",
    "DatabaseFacts",
    "FailedNotification",
    "HeartbeatLine",
    "Progress",
    "Unfinished",
    "channel_states",
    "database_facts",
    "failed_notifications",
    "heartbeats",
    "is_reachable",
    "oldest_unfinished_message",
    "progress",
    "setting",
    "unfinished",
]

logger = logging.getLogger(__name__)

MOST_COUNTED = 1000
MOST_HEARTBEATS = 100
MOST_PROGRESS = 100

_UNFINISHED = {
    "payloads": "payload WHERE state = 'received'",
    "messages": "message WHERE stage <> 'done'",
    "replies": "reply WHERE state IN ('queued', 'sending', 'unconfirmed')",
    "notifications": "notification WHERE state = 'pending'",
}
"""What the sweep finds, in the very words of the partial indexes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatLine:
    """One process, and when it was last alive."""

    process: str
    kind: str
    at: datetime
    memory_kb: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """How much work waits, up to `MOST_COUNTED` of each kind."""

    payloads: int
    messages: int
    replies: int
    notifications: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedNotification:
    """A notification that used up its tries."""

    id: int
    notifier: str
    kind: str
    title: str
    attempts: int
    error: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFacts:
    """The open database: which one, how large, and how far its schema has come."""

    engine: str
    version: str
    size_bytes: int
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an installation has been set up; counts stop at `MOST_PROGRESS`."""

    admins: int
    agents: int
    channels: int
    healthy_channels: int
    queues: int
    own_queues: int
    queues_with_target: int
    conversations: int
    replies_sent: int


def heartbeats() -> tuple[HeartbeatLine, ...]:
    """The processes that ever gave a sign of life, the latest first."""
    query = Heartbeat.select().order_by(Heartbeat.at.desc()).limit(MOST_HEARTBEATS)
    with connection():
        return tuple(
            HeartbeatLine(
                process=row["process"], kind=row["kind"], at=row["at"], memory_kb=row["memory_kb"]
            )
            for row in dicts(query)
        )


def unfinished() -> Unfinished:
    """Counts of rows in an unfinished state, in one statement."""
    parts = (
        f"(SELECT count(*) FROM (SELECT 1 FROM {what} LIMIT {MOST_COUNTED}) AS few)"  # noqa: S608
        for what in _UNFINISHED.values()
    )
    with connection():
        found = rows(f"SELECT {', '.join(parts)}")[0]
    return Unfinished(**dict(zip(_UNFINISHED, found, strict=True)))


def oldest_unfinished_message() -> datetime | None:
    """Since when the message that has waited longest waits to be routed; None if none does."""
    oldest = (
        Message.select(Message.received_at)
        .where(MESSAGE_UNFINISHED)
        .order_by(Message.id)
        .limit(1)
        .tuples()
    )
    with connection():
        found = list(oldest)
    return found[0][0] if found else None


def is_reachable() -> bool:
    """Whether the database answers a question."""
    try:
        with connection():
            rows('SELECT 1 FROM "setting" LIMIT 1')
    except (OperationalError, InterfaceError):
        logger.exception("the database cannot be reached")
        return False
    return True


def channel_states() -> tuple[tuple[str, str, str], ...]:
    """Name, state and health of every channel."""
    with connection():
        query = Channel.select(Channel.name, Channel.state, Channel.health)
        return tuple((name, str(state), str(health)) for name, state, health in query.tuples())


def failed_notifications(*, limit: int = 20) -> tuple[FailedNotification, ...]:
    """The latest notifications that gave up."""
    query = (
        Notification.select(
            Notification.id,
            Notification.notifier,
            Notification.kind,
            Notification.title,
            Notification.attempts,
            Notification.error,
            Notification.created_at,
        )
        .where(NOTIFICATION_FAILED)
        .order_by(Notification.id.desc())
        .limit(limit)
    )
    with connection():
        return tuple(FailedNotification(**row) for row in dicts(query))


def database_facts() -> DatabaseFacts:
    """Figures that the database keeps itself; nothing is counted for them."""
    with connection():
        if is_postgres():
            version = rows("SHOW server_version")[0][0]
            size = rows("SELECT pg_database_size(current_database())")[0][0]
        else:
            version = rows("SELECT sqlite_version()")[0][0]
            size = rows("PRAGMA page_count")[0][0] * rows("PRAGMA page_size")[0][0]
        state = schema_state()
    return DatabaseFacts(
        engine="PostgreSQL" if is_postgres() else "SQLite",
        version=str(version),
        size_bytes=int(size),
        missing=state.missing,
        unknown=state.unknown,
    )


_PROGRESS = {
    "admins": "agent WHERE active AND role = 3",
    "agents": "agent WHERE active",
    "channels": "channel WHERE state <> 'disabled'",
    "healthy_channels": "channel WHERE state = 'live' AND health = 'ok'",
    "queues": "queue WHERE active",
    "own_queues": "queue WHERE active AND name <> {param}",
    "queues_with_target": "queue WHERE active AND first_response_minutes IS NOT NULL",
    "conversations": "conversation",
    "replies_sent": "reply WHERE state IN ('sent', 'confirmed')",
}


def progress(fallback_queue: str) -> Progress:
    """How far the set-up has come; one statement. The fallback queue is nobody's own."""
    param = Setting._meta.database.param
    parts = (
        f"(SELECT count(*) FROM (SELECT 1 FROM {what} LIMIT {MOST_PROGRESS}) AS few)"  # noqa: S608 - ours
        for what in _PROGRESS.values()
    )
    statement = f"SELECT {', '.join(parts)}".format(param=param)
    with connection():
        found = rows(statement, [fallback_queue])[0]
    return Progress(**dict(zip(_PROGRESS, map(int, found), strict=True)))


def setting(key: str) -> Any:
    """A choice made in the browser; None where none was made."""
    with connection():
        found = tuples(Setting.select(Setting.value).where(Setting.key == key))
    return found[0][0] if found else None
