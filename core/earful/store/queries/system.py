"""What the people who run the installation look at: signs of life, unfinished work."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from peewee import InterfaceError, OperationalError

from earful.store.database import connection, rows
from earful.store.models import Channel, Heartbeat, Message
from earful.store.queries.reading import dicts
from earful.store.unfinished import MESSAGE_UNFINISHED

__all__ = [
    "MOST_COUNTED",
    "HeartbeatLine",
    "Unfinished",
    "channel_states",
    "heartbeats",
    "is_reachable",
    "oldest_unfinished_message",
    "unfinished",
]

logger = logging.getLogger(__name__)

MOST_COUNTED = 1000
MOST_HEARTBEATS = 100

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
