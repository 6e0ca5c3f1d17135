"""Which channels are live, and a note that one was heard of, whoever holds its row."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful.store.database import execute, is_postgres
from earful.store.models import Channel
from earful.store.states import ChannelState

__all__ = ["live_channels", "note_success"]


def live_channels() -> Any:
    """The ids of the channels that are read and written to, as a part of other queries."""
    return Channel.select(Channel.id).where(Channel.state == ChannelState.LIVE)


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
