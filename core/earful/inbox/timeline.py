"""A conversation's timeline: what happened, when, by whom, and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from earful.store import bulk
from earful.store.models import Event

__all__ = ["Entry", "add", "entry"]

Entry = dict[str, Any]


def entry(
    conversation_id: int, kind: str, at: datetime, *, agent_id: int | None = None, **data: Any
) -> Entry:
    """One line of the timeline, to be written with `add`. `data` must be plain JSON."""
    return {
        "conversation": conversation_id,
        "at": at,
        "kind": kind,
        "agent": agent_id,
        "data": data,
    }


def add(entries: Sequence[Entry]) -> None:
    """Write the lines, in their order."""
    if entries:
        bulk.insert(Event, entries)
