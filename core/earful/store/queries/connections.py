"""How a channel is connected, what it may still call, and what it has spent this month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from earful.limits import MICRO, month_of
from earful.store.database import connection
from earful.store.models import ChannelCost, ChannelCredential, ChannelLimit
from earful.store.queries.reading import dicts

__all__ = ["ConnectionFacts", "CostLine", "LimitLine", "connection_facts"]

MOST_LINES = 50
"""Endpoints and actions that are shown; a platform has a dozen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """One endpoint's limit. `until` is when it may be called again, None where it may now."""

    endpoint: str
    ceiling: int | None
    remaining: int | None
    reset_at: datetime | None
    until: datetime | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """What one action was done for this month, in US dollars."""

    action: str
    count: int
    usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFacts:
    """Everything about a channel's connection that may be shown; never a credential."""

    account: str
    connected_at: datetime | None
    """None: not connected."""
    renewed_at: datetime | None
    limits: tuple[LimitLine, ...]
    costs: tuple[CostLine, ...]

    @property
    def is_connected(self) -> bool:
        return self.connected_at is not None

    @property
    def spent_usd(self) -> float:
        return sum(each.usd for each in self.costs)


def connection_facts(channel_id: int, *, now: datetime) -> ConnectionFacts:
    """Three statements, however long the channel has been there."""
    with connection():
        credential = ChannelCredential.get_or_none(ChannelCredential.channel == channel_id)
        limits = dicts(
            ChannelLimit.select()
            .where(ChannelLimit.channel == channel_id)
            .order_by(ChannelLimit.endpoint)
            .limit(MOST_LINES)
        )
        costs = dicts(
            ChannelCost.select()
            .where((ChannelCost.channel == channel_id) & (ChannelCost.month == month_of(now)))
            .order_by(ChannelCost.micro_usd.desc(), ChannelCost.action)
            .limit(MOST_LINES)
        )
    return ConnectionFacts(
        account=credential.account_name if credential else "",
        connected_at=credential and credential.connected_at,
        renewed_at=credential and credential.updated_at,
        limits=tuple(_limit(row, now) for row in limits),
        costs=tuple(
            CostLine(action=row["action"], count=row["count"], usd=row["micro_usd"] / MICRO)
            for row in costs
        ),
    )


def _limit(row: dict[str, object], now: datetime) -> LimitLine:
    blocked, reset = row["blocked_until"], row["reset_at"]
    is_blocked = isinstance(blocked, datetime) and blocked > now
    is_running = isinstance(reset, datetime) and reset > now
    used_up = is_running and row["remaining"] == 0
    until = blocked if is_blocked else reset if used_up else None
    return LimitLine(
        endpoint=str(row["endpoint"]),
        ceiling=_number(row["ceiling"]),
        # What a limit counted in a window that is over means nothing any more.
        remaining=_number(row["remaining"]) if is_running else None,
        reset_at=reset if isinstance(reset, datetime) and is_running else None,
        until=until if isinstance(until, datetime) else None,
        reason=str(row["reason"]) if is_blocked else "",
    )


def _number(value: object) -> int | None:
    return value if isinstance(value, int) else None
