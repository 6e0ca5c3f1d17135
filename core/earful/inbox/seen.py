"""How far the person in a private thread has seen what was written to them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from earful.store import bulk
from earful.store.models import Thread
from earful.store.queries.reading import among
from earful.types import Seen

__all__ = ["note_seen"]


def note_seen(channel_id: int, sights: Iterable[Seen], now: datetime) -> None:
    """Keep the latest moment of each thread that is known; none lies in the future."""
    latest: dict[str, datetime] = {}
    for each in sights:
        until = min(each.until, now)
        latest[each.thread_id] = max(until, latest.get(each.thread_id, until))
    if not latest:
        return
    threads = Thread.select(Thread.id, Thread.external_id, Thread.seen_until).where(
        Thread.channel == channel_id, among(Thread.external_id, latest)
    )
    bulk.update(
        Thread,
        [
            {"id": each.id, "seen_until": latest[each.external_id]}
            for each in threads
            if each.seen_until is None or each.seen_until < latest[each.external_id]
        ],
    )
