"""Listens to X's activity stream for a while, for installations that X cannot reach.

The stream (https://docs.x.com/x-api/activity/activity-stream) sends one event a line and an empty
line as a sign of life. It is read for some seconds at every fetch; what it sent in between, up to
five minutes back, is asked for with `backfill_minutes` and comes twice at most: every event has an
id of its own. What a longer pause misses is found by the mention timeline and by `dm_events`.
"""

from __future__ import annotations

from datetime import timedelta

from earful_twitter.meta import when
from earful_twitter.readers import Round
from earful_twitter.webhook import take_event

__all__ = ["listen"]

MOST_BACKFILL = 5
"""Minutes; X offers no more."""


def listen(work: Round) -> None:
    """Keep what the stream sends within `stream_seconds`."""
    settings = work.settings
    params = {}
    missed = _missed_minutes(work)
    if settings.stream_backfill and missed:
        params["backfill_minutes"] = str(missed)
    answer = work.x.listen(
        "2/activity/stream",
        params,
        endpoint="GET /2/activity/stream",
        seconds=settings.stream_seconds,
    )
    whole, _, _ = answer.body.rpartition(b"\n")
    for line in whole.split(b"\n"):
        if line.strip():
            work.payloads.append(take_event(settings, line.strip(), lambda _whose: work.meta))
    work.cursor.heard = work.now.isoformat()


def _missed_minutes(work: Round) -> int:
    """Minutes since the stream was last heard, rounded up; 0 if it never was."""
    heard = when(work.cursor.heard)
    if heard is None:
        return 0
    pause = max(work.now - heard, timedelta())
    return min(int(pause / timedelta(minutes=1)) + 1, MOST_BACKFILL)
