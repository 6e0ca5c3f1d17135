"""Channels with their health, and the payloads that could not be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import SQL, fn

from earful.store.database import connection, rows
from earful.store.models import Channel, Payload
from earful.store.queries.paging import Page
from earful.store.queries.reading import dicts, tuples
from earful.store.states import ChannelState, Health, PayloadState

__all__ = [
    "MOST_COUNTED",
    "PAYLOAD_START",
    "ChannelLine",
    "PayloadLine",
    "RefusedPayload",
    "channel_line",
    "channel_names",
    "channels",
    "payload",
    "quarantined_ids",
    "refused_payloads",
]

MOST_COUNTED = 100
EXCERPT = 300
PAYLOAD_START = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """A channel's health; counts stop at `MOST_COUNTED`."""

    id: int
    name: str
    kind: str
    title: str
    state: ChannelState
    state_reason: str
    health: Health
    health_detail: str
    notice: str
    notice_at: datetime | None
    account_name: str
    account_url: str | None
    poll_every_seconds: int
    next_poll_at: datetime | None
    last_poll_at: datetime | None
    last_success_at: datetime | None
    last_message_at: datetime | None
    failures: int
    quarantined: int
    unsupported: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedPayload:
    """A payload that was kept unread, with the reason; `excerpt` is how it begins."""

    id: int
    channel_id: int
    state: PayloadState
    content_type: str
    received_at: datetime
    error: str
    attempts: int
    size: int
    excerpt: str


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


def channels() -> tuple[ChannelLine, ...]:
    """All channels, those in trouble first; two statements."""
    trouble = (Channel.failures > 0) | (Channel.health == SQL("'auth_required'"))
    with connection():
        found = dicts(Channel.select().order_by(trouble.desc(), Channel.name))
        refused = _refused_counts([row["id"] for row in found])
    return tuple(_line(row, refused) for row in found)


def channel_line(channel_id: int) -> ChannelLine | None:
    """One channel; None where there is none."""
    with connection():
        found = dicts(Channel.select().where(Channel.id == channel_id))
        refused = _refused_counts([row["id"] for row in found])
    return _line(found[0], refused) if found else None


def channel_names() -> tuple[str, ...]:
    """The names of all channels, by which policies tell them apart."""
    with connection():
        return tuple(row[0] for row in tuples(Channel.select(Channel.name).order_by(Channel.name)))


def refused_payloads(
    channel_id: int,
    *,
    state: PayloadState = PayloadState.QUARANTINED,
    before_id: int | None = None,
    limit: int = 40,
) -> Page[RefusedPayload]:
    """A channel's payloads of one refused state, newest first; `next` is an id."""
    start = fn.SUBSTR(Payload.body, 1, EXCERPT)
    query = (
        Payload.select(
            Payload.id,
            Payload.channel,
            Payload.state,
            Payload.content_type,
            Payload.received_at,
            Payload.error,
            Payload.attempts,
            fn.COALESCE(fn.LENGTH(Payload.body), 0).alias("size"),
            start.alias("start"),
        )
        .where(
            Payload.channel == channel_id,
            Payload.state == SQL(f"'{PayloadState(state)}'"),
            SQL("\"t1\".\"state\" IN ('quarantined', 'unsupported')"),
        )
        .order_by(Payload.id.desc())
        .limit(limit + 1)
    )
    if before_id is not None:
        query = query.where(Payload.id < before_id)
    with connection():
        found = dicts(query)
    more = len(found) > limit
    return Page(
        items=tuple(_refused(row) for row in found[:limit]),
        next=str(found[limit - 1]["id"]) if more else None,
    )


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
    return PayloadLine(**found[0] | {"start": _text(found[0]["start"])})


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


def _refused_counts(ids: list[int]) -> dict[tuple[int, str], int]:
    """Capped counts per channel and refused state, in one statement."""
    if not ids:
        return {}
    parts = (
        f"SELECT {int(key)}, '{state}', count(*) FROM "  # noqa: S608 - ours, and numbers
        f"(SELECT 1 FROM payload WHERE channel_id = {int(key)} AND state = '{state}' "
        f"AND state IN ('quarantined', 'unsupported') LIMIT {MOST_COUNTED}) AS few"
        for key in ids
        for state in (PayloadState.QUARANTINED, PayloadState.UNSUPPORTED)
    )
    found = rows(" UNION ALL ".join(parts))
    return {(channel, state): count for channel, state, count in found}


def _line(row: dict[str, Any], refused: dict[tuple[int, str], int]) -> ChannelLine:
    return ChannelLine(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        title=row["title"] or row["name"],
        state=row["state"],
        state_reason=row["state_reason"],
        health=row["health"],
        health_detail=row["health_detail"],
        notice=row["notice"],
        notice_at=row["notice_at"],
        account_name=row["account_name"],
        account_url=row["account_url"],
        poll_every_seconds=row["poll_every_seconds"],
        next_poll_at=row["next_poll_at"],
        last_poll_at=row["last_poll_at"],
        last_success_at=row["last_success_at"],
        last_message_at=row["last_message_at"],
        failures=row["failures"],
        quarantined=refused.get((row["id"], "quarantined"), 0),
        unsupported=refused.get((row["id"], "unsupported"), 0),
    )


def _refused(row: dict[str, Any]) -> RefusedPayload:
    return RefusedPayload(
        id=row["id"],
        channel_id=row["channel"],
        state=row["state"],
        content_type=row["content_type"],
        received_at=row["received_at"],
        error=row["error"],
        attempts=row["attempts"],
        size=row["size"],
        excerpt=_text(row["start"]),
    )


def _text(start: bytes | memoryview | str | None) -> str:
    if start is None:
        return ""
    return start if isinstance(start, str) else bytes(start).decode("utf-8", "replace")
