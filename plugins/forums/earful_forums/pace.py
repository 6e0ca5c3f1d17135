"""When a feed wishes to be read next; pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

__all__ = ["next_poll", "skipped_hours", "wish"]

LONGEST = 86_400
HOURS = 24
_TTL = re.compile(rb"<ttl>\s*(\d{1,6})\s*</ttl>", re.IGNORECASE)
_SKIP_HOURS = re.compile(rb"<skipHours>(.{0,2000}?)</skipHours>", re.IGNORECASE | re.DOTALL)
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=\"?(\d{1,9})", re.IGNORECASE)


def wish(headers: Mapping[str, str], body: bytes) -> int:
    """Seconds the document asks for by `ttl` or `Cache-Control`; at most a day, 0 for no wish."""
    ttl = _TTL.search(body[:65536])
    age = _MAX_AGE.search(headers.get("cache-control", ""))
    seconds = max(int(ttl.group(1)) * 60 if ttl else 0, int(age.group(1)) if age else 0)
    return min(seconds, LONGEST)


def skipped_hours(body: bytes) -> list[int]:
    """The hours of the day, in UTC as RSS has them, at which the feed asks not to be read."""
    match = _SKIP_HOURS.search(body[:65536])
    hours = _HOUR.findall(match.group(1)) if match else []
    return sorted({int(hour) % HOURS for hour in hours if int(hour) <= HOURS})


def next_poll(seconds: int, skipped: Collection[int], now: datetime) -> int | None:
    """Seconds until the next reading, moved past the skipped hours; None if nobody wishes any."""
    at = now + timedelta(seconds=seconds)
    if at.hour not in skipped or len(skipped) >= HOURS:
        return seconds or None
    while at.hour in skipped:
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return min(int((at - now).total_seconds()), LONGEST)
