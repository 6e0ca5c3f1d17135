"""Reads single values out of what Facebook sends, believing nothing; pure.

Identifiers come as text or as numbers, times as seconds, milliseconds or ISO dates.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from earful import PayloadError

__all__ = ["EPOCH", "identifier", "items", "moment", "record", "required_id", "text", "web_url"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECONDS_FROM = 100_000_000_000
"""As seconds this would be the year 5138; as milliseconds it is 1973."""
_LATEST = 253_370_764_800
"""The first second of the year 9999."""
_LONGEST_ID = 250


def record(value: object) -> Mapping[str, Any]:
    """The value as an object; an empty one if it is none."""
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Mapping[str, Any]]:
    """The objects of a list; what is no object is left out."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text(value: object) -> str:
    """The value as text; nothing if it is none."""
    return value if isinstance(value, str) else ""


def identifier(value: object) -> str:
    """An id as text, whether it came as text or as a number; nothing if it is neither."""
    if isinstance(value, bool):
        return ""
    found = str(value) if isinstance(value, int) else text(value).strip()
    return found if len(found) <= _LONGEST_ID else ""


def required_id(value: object, what: str) -> str:
    """The same; `PayloadError` if there is none."""
    found = identifier(value)
    if not found:
        raise PayloadError(f"Facebook's notice of {what} does not say which one")
    return found


def moment(value: object) -> datetime | None:
    """A time in UTC: epoch seconds or milliseconds, or an ISO date; None if it is none."""
    if isinstance(value, str):
        return _iso(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else value
    return EPOCH + timedelta(seconds=seconds) if 0 < seconds < _LATEST else None


def _iso(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def web_url(value: object) -> str | None:
    """An address that may be opened; None for anything else."""
    found = text(value).strip()
    return found if found.lower().startswith(("https://", "http://")) else None
