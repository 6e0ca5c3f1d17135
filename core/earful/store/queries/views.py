"""The views people keep, as pages offer and open them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.store.database import connection
from earful.store.queries.conditions import view_condition
from earful.store.queries.inbox import Filter
from earful.store.queries.reading import select
from earful.store.states import ConversationStatus, ListOrder

__all__ = ["MOST_VIEWS", "ViewLine", "filter_of", "saved_view", "saved_views"]

MOST_VIEWS = 30
"""How many kept views the navigation shows: each is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewLine:
    """A kept view. `owner` keeps it; with `shared` everybody sees it."""

    id: int
    name: str
    owner_id: int
    owner: str
    shared: bool
    status: ConversationStatus
    conditions: Any
    order: ListOrder
    version: int

    @property
    def key(self) -> str:
        """How an address names it."""
        return f"view-{self.id}"


def saved_views(agent_id: int) -> tuple[ViewLine, ...]:
    """An agent's own views and the shared ones, by name; one statement."""
    with connection():
        found = select(f"{_LINES} ORDER BY v.name, v.id LIMIT {MOST_VIEWS}", (agent_id,))
    return tuple(_line(row) for row in found)


def saved_view(view_id: int, agent_id: int) -> ViewLine | None:
    """One view; None where there is none, or it is somebody else's own."""
    with connection():
        found = select(f"{_LINES} AND v.id = ?", (agent_id, view_id))
    return _line(found[0]) if found else None


def filter_of(line: ViewLine, *, agent_id: int, now: datetime) -> Filter:
    """What a view asks, as `agent_id` sees it now."""
    return Filter(line.status, view_condition(line.conditions, agent_id=agent_id, now=now))


# Literal SQL, because the navigation of every page asks it.
_LINES = """SELECT v.id, v.name, v.agent_id, a.name, v.shared, v.status, v.conditions, v."order",
    v.version FROM saved_view v JOIN agent a ON a.id = v.agent_id
    WHERE (v.agent_id = ? OR v.shared)"""


def _line(row: Sequence[Any]) -> ViewLine:
    return ViewLine(
        id=row[0],
        name=row[1],
        owner_id=row[2],
        owner=row[3],
        shared=bool(row[4]),
        status=ConversationStatus(row[5]),
        conditions=json.loads(row[6]),
        order=ListOrder(row[7]),
        version=row[8],
    )
