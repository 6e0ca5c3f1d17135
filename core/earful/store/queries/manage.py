"""What the people who set Earful up look at: policies, refused payloads, progress, the database.

Every count is capped and every list has an end, so that a page costs the same however much is
stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN, SQL, fn

from earful.store.database import connection, is_postgres, rows
from earful.store.migrate import schema_state
from earful.store.models import (
    Agent,
    Channel,
    Notification,
    Payload,
    Policy,
    PolicyVersion,
    Setting,
)
from earful.store.queries.reading import dicts, tuples
from earful.store.states import PayloadState
from earful.store.unfinished import NOTIFICATION_FAILED

__all__ = [
    "MOST_COUNTED",
    "DatabaseFacts",
    "FailedNotification",
    "PayloadLine",
    "PolicyLine",
    "Progress",
    "VersionLine",
    "agent_emails",
    "channel_names",
    "database_facts",
    "failed_notifications",
    "payload",
    "policies",
    "policy",
    "policy_versions",
    "progress",
    "quarantined_ids",
    "setting",
]

MOST_COUNTED = 100
"""Counting stops here: a page shows "99+" for it."""
MOST_LISTED = 500
PAYLOAD_START = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """A policy as it stands, and how often it acted lately, up to `MOST_COUNTED`."""

    id: int
    name: str
    enabled: bool
    once: bool
    version: int
    conditions: Any
    actions: Any
    saved_by: str | None
    saved_at: datetime
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """What a policy once said. `by` is None where no agent saved it."""

    number: int
    conditions: Any
    actions: Any
    by: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadLine:
    """One payload with its beginning as text; `size` counts bytes."""

    id: int
    channel_id: int
    state: PayloadState
    content_type: str
    meta: Mapping[str, str]
    received_at: datetime
    error: str
    attempts: int
    size: int
    start: str


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
    """How far an installation has been set up; counts stop at `MOST_COUNTED`."""

    admins: int
    agents: int
    channels: int
    healthy_channels: int
    queues: int
    own_queues: int
    queues_with_target: int
    conversations: int
    replies_sent: int


def policies(since: datetime) -> tuple[PolicyLine, ...]:
    """All policies in their order, with their runs since a moment; two statements."""
    query = _policy_query().order_by(Policy.position, Policy.id).limit(MOST_LISTED)
    with connection():
        found = dicts(query)
        runs = _run_counts([row["id"] for row in found], since)
    return tuple(_policy_line(row, runs) for row in found)


def policy(policy_id: int, since: datetime) -> PolicyLine | None:
    """One policy; None where there is none."""
    with connection():
        found = dicts(_policy_query().where(Policy.id == policy_id))
        runs = _run_counts([row["id"] for row in found], since)
    return _policy_line(found[0], runs) if found else None


def _policy_query() -> Any:
    return (
        Policy.select(
            Policy.id,
            Policy.name,
            Policy.enabled,
            Policy.once,
            Policy.version,
            PolicyVersion.conditions,
            PolicyVersion.actions,
            PolicyVersion.created_at.alias("saved_at"),
            Agent.name.alias("saved_by"),
        )
        .join(
            PolicyVersion,
            on=(PolicyVersion.policy == Policy.id) & (PolicyVersion.number == Policy.version),
        )
        .join(Agent, JOIN.LEFT_OUTER, on=PolicyVersion.agent == Agent.id)
    )


def _policy_line(row: dict[str, Any], runs: Mapping[int, int]) -> PolicyLine:
    return PolicyLine(**row, runs=runs.get(row["id"], 0))


def _run_counts(ids: Sequence[int], since: datetime) -> dict[int, int]:
    """Runs per policy, of the newest `MOST_COUNTED` each; one statement."""
    if not ids:
        return {}
    moment = Policy._meta.database.param
    part = (
        "SELECT {id}, count(*) FROM (SELECT at FROM policy_run WHERE policy_id = {id} "
        "ORDER BY id DESC LIMIT {most}) AS few WHERE at >= {moment}"
    )
    found = rows(
        " UNION ALL ".join(
            part.format(id=int(key), most=MOST_COUNTED, moment=moment) for key in ids
        ),
        [PolicyVersion.created_at.db_value(since)] * len(ids),
    )
    return {int(key): int(count) for key, count in found}


def policy_versions(policy_id: int, *, limit: int = 20) -> tuple[VersionLine, ...]:
    """What a policy said, newest first."""
    query = (
        PolicyVersion.select(
            PolicyVersion.number,
            PolicyVersion.conditions,
            PolicyVersion.actions,
            PolicyVersion.created_at.alias("at"),
            Agent.name.alias("by"),
        )
        .join(Agent, JOIN.LEFT_OUTER)
        .where(PolicyVersion.policy == policy_id)
        .order_by(PolicyVersion.number.desc())
        .limit(limit)
    )
    with connection():
        return tuple(VersionLine(**row) for row in dicts(query))


def agent_emails() -> tuple[str, ...]:
    """The addresses of the active agents, by which policies assign."""
    query = Agent.select(Agent.email).where(Agent.active).order_by(Agent.email).limit(MOST_LISTED)
    with connection():
        return tuple(row[0] for row in tuples(query))


def channel_names() -> tuple[str, ...]:
    """The names of all channels, by which policies tell them apart."""
    with connection():
        return tuple(row[0] for row in tuples(Channel.select(Channel.name).order_by(Channel.name)))


def payload(payload_id: int) -> PayloadLine | None:
    """One payload that was refused, with its first bytes; None where there is none."""
    query = Payload.select(
        Payload.id,
        Payload.channel.alias("channel_id"),
        Payload.state,
        Payload.content_type,
        Payload.meta,
        Payload.received_at,
        Payload.error,
        Payload.attempts,
        fn.COALESCE(fn.LENGTH(Payload.body), 0).alias("size"),
        fn.SUBSTR(Payload.body, 1, PAYLOAD_START).alias("start"),
    ).where(Payload.id == payload_id)
    with connection():
        found = dicts(query)
    if not found:
        return None
    start = found[0].pop("start") or b""
    text = start if isinstance(start, str) else bytes(start).decode("utf-8", "replace")
    return PayloadLine(**found[0], start=text)


def quarantined_ids(channel_id: int, *, limit: int = 1000) -> list[int]:
    """A channel's quarantined payloads, oldest first, for trying them again."""
    query = (
        Payload.select(Payload.id)
        .where(
            Payload.channel == channel_id,
            Payload.state == SQL("'quarantined'"),
            SQL("\"t1\".\"state\" IN ('quarantined', 'unsupported')"),
        )
        .order_by(Payload.id)
        .limit(limit)
    )
    with connection():
        return [row[0] for row in tuples(query)]


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
        f"(SELECT count(*) FROM (SELECT 1 FROM {what} LIMIT {MOST_COUNTED}) AS few)"  # noqa: S608 - ours
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
