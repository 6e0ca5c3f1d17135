"""Writes many rows in one statement.

A message touches about ten rows; building each through the object mapper would cost more than
parsing the feed it came from. Values still go through each column's own conversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import peewee

from earful.store.database import is_postgres
from earful.store.models import Row, database

__all__ = ["insert", "update"]

CHUNK = 500
_PLAIN = (
    peewee.TextField,
    peewee.CharField,
    peewee.IntegerField,
    peewee.BigIntegerField,
    peewee.FloatField,
    peewee.BooleanField,
)


def insert(
    model: type[Row],
    rows: Sequence[Mapping[str, Any]],
    *,
    ignore_known: bool = False,
) -> list[int]:
    """Insert rows of equal keys, and return their ids in the order of `rows`.

    Columns left out get their default. With `ignore_known`, rows that break a unique key are
    left out, and so are their ids.
    """
    ids: list[int] = []
    for start in range(0, len(rows), CHUNK):
        ids.extend(_insert_chunk(model, rows[start : start + CHUNK], ignore_known))
    return ids


def _insert_chunk(
    model: type[Row],
    rows: Sequence[Mapping[str, Any]],
    ignore_known: bool,  # noqa: FBT001
) -> list[int]:
    fields = [field for field in model._meta.sorted_fields if _is_written(field, rows[0])]
    holder = _holder()
    line = f"({', '.join([holder] * len(fields))})"
    sql = (
        f'INSERT INTO "{model._meta.table_name}" '  # noqa: S608 - names come from the models
        f"({', '.join(_quoted(field) for field in fields)}) "
        f"VALUES {', '.join([line] * len(rows))}"
        f"{' ON CONFLICT DO NOTHING' if ignore_known else ''}"
    )
    columns = [_column(field, rows) for field in fields]
    values = list(chain.from_iterable(zip(*columns, strict=True)))
    key = model._meta.primary_key
    cursor = database.execute_sql(f"{sql} RETURNING {_quoted(key)}", values)
    # Neither database promises the order of RETURNING, but both number the rows in ours.
    return sorted(row[0] for row in cursor.fetchall())


def update(model: type[Row], rows: Iterable[Mapping[str, Any]], *, key: str = "id") -> None:
    """Set the given columns of each row, found by `key`. All rows have the same columns."""
    todo = list(rows)
    if not todo:
        return
    names = [name for name in todo[0] if name != key]
    fields = [model._meta.fields[name] for name in [*names, key]]
    holder = _holder()
    sql = (
        f'UPDATE "{model._meta.table_name}" '  # noqa: S608 - names come from the models
        f"SET {', '.join(f'{_quoted(field)} = {holder}' for field in fields[:-1])} "
        f"WHERE {_quoted(fields[-1])} = {holder}"
    )
    columns = [_column(field, todo) for field in fields]
    database.cursor().executemany(sql, list(zip(*columns, strict=True)))


def _holder() -> str:
    return "%s" if is_postgres() else "?"


def _quoted(field: peewee.Field) -> str:
    return f'"{field.column_name}"'


def _is_written(field: peewee.Field, row: Mapping[str, Any]) -> bool:
    return field.name in row or field.default is not None


def _column(field: peewee.Field, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """What the database gets in one column, row by row."""
    name = field.name
    if name not in rows[0]:
        default = field.default
        return [field.db_value(default() if callable(default) else default)] * len(rows)
    if isinstance(field, peewee.ForeignKeyField) or type(field) in _PLAIN:
        return [row[name] for row in rows]
    convert = field.db_value
    return [convert(row[name]) for row in rows]
