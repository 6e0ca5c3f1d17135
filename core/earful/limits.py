"""What it means for a call to be over its limit: the words, and until when. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from earful.errors import RateLimited, SpendingCapReached

__all__ = ["MICRO", "cap_reached", "month_of", "used_up"]

MICRO = 1_000_000
"""Costs are kept in millionths of a dollar, so that sums stay exact."""


def month_of(moment: datetime) -> str:
    """The month that costs are reckoned in: UTC, as the platforms bill."""
    return f"{moment.astimezone(UTC):%Y-%m}"


def used_up(endpoint: str, until: datetime, now: datetime, reason: str = "") -> RateLimited:
    """What a caller of an endpoint hears that may not be called now."""
    words = reason or f"The rate limit of {endpoint} is used up until {until:%H:%M} UTC."
    return RateLimited(words, retry_after=until - now)


def cap_reached(cap_usd: float, spent_usd: float, now: datetime) -> SpendingCapReached:
    """What a caller hears that may spend no more, until the first of the next month."""
    first = datetime(now.year + now.month // 12, now.month % 12 + 1, 1, tzinfo=UTC)
    return SpendingCapReached(
        f"This month's spending cap of ${cap_usd:.2f} is reached (${spent_usd:.2f} spent). "
        f"It goes on in {first:%B}, or when the cap is raised.",
        retry_after=first - now,
    )
