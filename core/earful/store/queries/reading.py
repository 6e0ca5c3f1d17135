"""Runs a select and gives plain values, in the types of its columns.

Building a statement from objects costs several times what the database needs for it. So the reads
of every page are built once (`prepared`), and the list's are literal SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import IntEnum
from inspect import signature
from typing import Any

from peewee import SQL, ModelDictCursorWrapper, Value, fn

from earful.store.database import execute, is_postgres, rows

__all__ = [
    "Prepared",
    "among",
    "dicts",
    "holders",
    "moment",
    "plain",
    "prepared",
    "select",
    "stored",
    "tuples",
]


def dicts(query: Any) -> list[dict[str, Any]]:
    """The rows by column name."""
    return list(query.dicts())


def tuples(query: Any) -> list[tuple[Any, ...]]:
    """The rows by position."""
    return list(query.tuples())


def among(column: Any, values: Collection[int | str]) -> Any:
    """`column IN values` with a single parameter: that is built far faster than one for each."""
    if is_postgres():
        return column == fn.ANY(Value(list(values), converter=False, unpack=False))
    return column.in_(SQL("(SELECT value FROM json_each(?))", (json.dumps(list(values)),)))


class Prepared:
    """A select that was built once, with a stand-in for each of its numbers.

    Called with the numbers, it reads the rows by column name; only the statement's text is used
    from the second time on. `build` gives the select itself, for more conditions.
    """

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build
        self._stand_ins = [_STAND_IN - place for place in range(len(signature(build).parameters))]
        self._statements: dict[bool, tuple[Any, str, Sequence[object]]] = {}

    def __call__(self, *numbers: int | None) -> list[dict[str, Any]]:
        query, text, parameters = self._statement()
        given = dict(zip(self._stand_ins, numbers, strict=True))
        # Compared by type too: not everything that is stored can be a key.
        values = [given.get(each, each) if type(each) is int else each for each in parameters]
        return list(
            ModelDictCursorWrapper(execute(text, values), query.model, query.selected_columns)
        )

    def _statement(self) -> tuple[Any, str, Sequence[object]]:
        known = self._statements.get(is_postgres())
        if known is None:
            query = self.build(*self._stand_ins)
            known = self._statements[is_postgres()] = (query, *query.sql())
        return known


def prepared(build: Callable[..., Any]) -> Prepared:
    """Make a function that builds a select, from whole numbers alone, into a prepared one."""
    return Prepared(build)


_STAND_IN = -(2**62)
"""No row has such a number."""


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


def plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values as JSON can hold them."""
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.name.lower() if isinstance(value, IntEnum) else value
