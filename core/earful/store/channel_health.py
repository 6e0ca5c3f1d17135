"""Notes that a channel was heard of, without waiting for whoever holds its row."""

from __future__ import annotations

from datetime import datetime

from earful.store.database import execute, is_postgres
from earful.store.models import Channel

__all__ = ["note_success"]


def note_success(channel_id: int, at: datetime) -> None:
    """The platform has just pushed with success. Left out while the row is held by another."""
    if is_postgres():
        execute(
            "UPDATE channel SET last_success_at = %s WHERE id = "
            "(SELECT id FROM channel WHERE id = %s FOR NO KEY UPDATE SKIP LOCKED)",
            (at, channel_id),
        )
        return
    moment = Channel.last_success_at.db_value(at)
    execute("UPDATE channel SET last_success_at = ? WHERE id = ?", (moment, channel_id))
