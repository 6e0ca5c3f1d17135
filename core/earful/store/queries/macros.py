"""The macros somebody may run, as menus offer them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from earful.store.database import connection
from earful.store.models import Macro
from earful.store.queries.reading import dicts

__all__ = ["MOST_MACROS", "MacroLine", "macros"]

MOST_MACROS = 100
"""How many one person keeps, and how many the team does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroLine:
    """Several steps in one; `owner_id` is None for one of the team's."""

    id: int
    owner_id: int | None
    name: str
    steps: Any
    text: str


def macros(agent_id: int | None) -> tuple[MacroLine, ...]:
    """Somebody's own and the team's, by name; one statement."""
    mine = Macro.owner.is_null() | (Macro.owner == agent_id)
    query = Macro.select().where(mine).order_by(Macro.name, Macro.id).limit(2 * MOST_MACROS)
    with connection():
        return tuple(
            MacroLine(
                id=row["id"],
                owner_id=row["owner"],
                name=row["name"],
                steps=row["steps"],
                text=row["text"],
            )
            for row in dicts(query)
        )
