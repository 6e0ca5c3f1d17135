"""Multiplies what is stored, inside the database: every row of the way of a message."""

from __future__ import annotations

from earful import store
from earful.store.database import execute, rows
from earful.store.models import (
    Clock,
    Contact,
    Conversation,
    ConversationLabel,
    Event,
    Identity,
    Message,
    Payload,
    PolicyRun,
    Row,
    Thread,
)

# Columns that point at rows which are multiplied too, and columns that must stay unique.
MULTIPLIED: tuple[type[Row], ...] = (
    Payload,
    Contact,
    Identity,
    Conversation,
    Thread,
    Message,
    ConversationLabel,
    Event,
    Clock,
    PolicyRun,
)
UNIQUE_TEXT = {"external_id"}


def multiply(times: int) -> None:
    """Make `times` times as many of everything, as if as many people had written."""
    with store.transaction():
        last = {model: rows(f'SELECT max(id) FROM "{_table(model)}"')[0][0] for model in MULTIPLIED}
        for turn in range(1, times):
            for model in MULTIPLIED:
                execute(_copy(model, turn, last))
    store.close()
    with store.connection():
        execute("ANALYZE")


def _table(model: type[Row]) -> str:
    return str(model._meta.table_name)


def _copy(model: type[Row], turn: int, last: dict[type[Row], int]) -> str:
    fields = model._meta.sorted_fields
    columns = ", ".join(f'"{field.column_name}"' for field in fields)
    values = ", ".join(_value(field, turn, last) for field in fields)
    return (
        f'INSERT INTO "{_table(model)}" ({columns}) SELECT {values} '
        f'FROM "{_table(model)}" WHERE id <= {last[model]}'
    )


def _value(field: object, turn: int, last: dict[type[Row], int]) -> str:
    column = f'"{field.column_name}"'  # type: ignore[attr-defined]
    model = field.model if field.primary_key else getattr(field, "rel_model", None)  # type: ignore[attr-defined]
    if model in last:
        return f"{column} + {turn * last[model]}"
    if field.name in UNIQUE_TEXT:  # type: ignore[attr-defined]
        return f"{column} || '~{turn}'"
    if field.name == "body":  # type: ignore[attr-defined]
        return f"substr({column}, 1, 0)"
    return column
