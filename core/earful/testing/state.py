"""A channel's state without a database: the same rules, in memory, for the tests of plugins."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from earful.limits import MICRO, cap_reached, month_of, used_up
from earful.types import KnownMessage

__all__ = ["MemoryChannelState", "MemoryCosts", "MemoryCredentials", "MemoryLimits"]

Now = Callable[[], datetime]


def _wall_clock() -> datetime:
    return datetime.now(UTC)


@dataclass
class MemoryCredentials:
    """Credentials in memory; threads that renew at once call the platform once."""

    kept: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> Mapping[str, str]:
        return dict(self.kept)

    def set(self, credentials: Mapping[str, str]) -> None:
        """Connect the channel with these."""
        self.kept = dict(credentials)

    def renew(
        self,
        stale: Mapping[str, str],
        refresh: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> Mapping[str, str]:
        with self._lock:
            if self.kept == dict(stale):
                self.kept = dict(refresh(dict(self.kept)))
            return dict(self.kept)


@dataclass
class MemoryLimits:
    """Rate limits in memory."""

    now: Now = _wall_clock
    remaining: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    blocked: dict[str, tuple[datetime, str]] = field(default_factory=dict)

    def check(self, endpoint: str) -> None:
        now = self.now()
        until, reason = self.blocked.get(endpoint, (now, ""))
        if until <= now:
            left, until = self.remaining.get(endpoint, (1, now))
            if left > 0 or until <= now:
                return
        raise used_up(endpoint, until, now, reason)

    def note(self, endpoint: str, *, limit: int | None, remaining: int, reset_at: datetime) -> None:  # noqa: ARG002
        self.remaining[endpoint] = (remaining, reset_at)

    def block(self, endpoint: str, until: datetime, reason: str = "") -> None:
        self.blocked[endpoint] = (until, reason)


@dataclass
class MemoryCosts:
    """Costs in memory, in millionths of a dollar as in the database."""

    now: Now = _wall_clock
    spent: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def require(self, cap_usd: float | None) -> None:
        spent = sum(usd for _, usd in self.this_month().values())
        if cap_usd is not None and round(spent * MICRO) >= round(cap_usd * MICRO):
            raise cap_reached(cap_usd, spent, self.now())

    def spend(self, action: str, usd: float, *, count: int = 1) -> None:
        key = (month_of(self.now()), action)
        done, micro = self.spent.get(key, (0, 0))
        self.spent[key] = (done + count, micro + round(usd * MICRO))

    def this_month(self) -> Mapping[str, tuple[int, float]]:
        month = month_of(self.now())
        return {
            action: (count, micro / MICRO)
            for (when, action), (count, micro) in self.spent.items()
            if when == month
        }


class MemoryChannelState:
    """The state of one channel: `settings.with_state(MemoryChannelState("x", {...}))`.

    `now` is the time that limits and months are reckoned by.
    """

    def __init__(
        self,
        name: str = "channel",
        credentials: Mapping[str, str] | None = None,
        *,
        now: Now = _wall_clock,
    ) -> None:
        self.name = name
        self.credentials = MemoryCredentials(dict(credentials or {}))
        self.limits = MemoryLimits(now)
        self.costs = MemoryCosts(now)
        self.flags: dict[str, str] = {}
        self.messages: dict[str, KnownMessage] = {}

    def flag(self, name: str) -> str:
        return self.flags.get(name, "")

    def set_flag(self, name: str, value: str) -> None:
        if value:
            self.flags[name] = value
        else:
            self.flags.pop(name, None)

    def known(self, external_ids: Collection[str]) -> Mapping[str, KnownMessage]:
        return {key: self.messages[key] for key in set(external_ids) if key in self.messages}
