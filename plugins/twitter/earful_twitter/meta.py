"""What is kept beside a document so that it can be read without asking anybody: pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from earful_twitter.settings import SITE

__all__ = ["Meta", "as_id", "since_epoch", "time_of", "when"]

_FIRST_SNOWFLAKE_MS = 1_288_834_974_657
_FIRST_SNOWFLAKE = 2**40
"""Smaller ids are from before November 2010 and carry no time."""
_LONGEST_ID = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Meta:
    """Who we are, where a document came from, and which watch term found it."""

    account: str = ""
    handle: str = ""
    watch: str = ""
    industry: bool = False
    site: str = SITE

    def dump(self) -> dict[str, str]:
        """As a payload's `meta`: only what says something."""
        told = {
            "account": self.account,
            "handle": self.handle,
            "watch": self.watch,
            "industry": "yes" if self.industry else "",
            "site": "" if self.site == SITE else self.site,
        }
        return {name: value for name, value in told.items() if value}

    @classmethod
    def load(cls, found: Mapping[str, str]) -> Self:
        """What `dump` wrote; unknown names are left alone."""
        return cls(
            account=found.get("account", ""),
            handle=found.get("handle", ""),
            watch=found.get("watch", ""),
            industry=found.get("industry") == "yes",
            site=found.get("site") or SITE,
        )


def as_id(value: Any) -> str:
    """One of X's ids as text; "" if this is none."""
    text = str(value) if type(value) is int else value
    if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) <= _LONGEST_ID:
        return text
    return ""


def when(value: Any) -> datetime | None:
    """A time as X writes it: ISO 8601 in UTC. None if this is none."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def since_epoch(value: Any) -> datetime | None:
    """A time in milliseconds since 1970, as number or text."""
    try:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        return None


def time_of(identifier: str) -> datetime | None:
    """When an id was given out: X's ids carry the time. None for ids that do not."""
    number = int(identifier) if identifier.isdigit() else 0
    if number < _FIRST_SNOWFLAKE:
        return None
    return since_epoch((number >> 22) + _FIRST_SNOWFLAKE_MS)
