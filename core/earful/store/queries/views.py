"""The views people keep, as pages offer and open them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.store.database import connection
from earful.store.models import Agent, SavedView
from earful.store.queries.conditions import view_condition
from earful.store.queries.inbox import Filter
from earful.store.queries.reading import dicts
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
    query = _lines().where((SavedView.agent == agent_id) | SavedView.shared)
    with connection():
        found = dicts(query.order_by(SavedView.name, SavedView.id).limit(MOST_VIEWS))
    return tuple(_line(row) for row in found)


def saved_view(view_id: int, agent_id: int) -> ViewLine | None:
    """One view; None where there is none, or it is somebody else's own."""
    query = _lines().where(
        SavedView.id == view_id, (SavedView.agent == agent_id) | SavedView.shared
    )
    with connection():
        found = dicts(query)
    return _line(found[0]) if found else None


def filter_of(line: ViewLine, *, agent_id: int, now: datetime) -> Filter:
    """What a view asks, as `agent_id` sees it now."""
    return Filter(line.status, view_condition(line.conditions, agent_id=agent_id, now=now))


def _lines() -> Any:
    return SavedView.select(SavedView, Agent.name.alias("owner")).join(Agent)


def _line(row: dict[str, Any]) -> ViewLine:
    return ViewLine(
        id=row["id"],
        name=row["name"],
        owner_id=row["agent"],
        owner=row["owner"],
        shared=row["shared"],
        status=row["status"],
        conditions=row["conditions"],
        order=row["order"],
        version=row["version"],
    )
