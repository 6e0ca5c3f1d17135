"""Runs a select and gives plain values, in the types of its columns.

The reads that every page and every poll make are literal SQL: building them anew from objects
costs several times what the database needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from earful.store.database import is_postgres, rows

__all__ = ["dicts", "holders", "moment", "select", "stored", "tuples"]


def dicts(query: Any) -> list[dict[str, Any]]:
    """The rows by column name."""
    return list(query.dicts())


def tuples(query: Any) -> list[tuple[Any, ...]]:
    """The rows by position."""
    return list(query.tuples())


def select(sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """The rows of one statement of ours, its parameters marked by `?`."""
    return rows(sql.replace("?", "%s") if is_postgres() else sql, parameters)


def holders(values: Sequence[object]) -> str:
    """As many marks as there are values, for `IN (…)`; an empty list matches nothing."""
    return ", ".join("?" * len(values)) or "NULL"


def stored(at: datetime) -> object:
    """A moment as the database holds it."""
    if is_postgres():
        return at
    return at.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")


def moment(value: Any) -> Any:
    """A moment that the database gave; None where it holds none."""
    if value is None:
        return None
    if isinstance(value, str):
        # SQLite holds what `stored` wrote, which is in UTC.
        return datetime.fromisoformat(value)
    return value.astimezone(UTC)
