"""Column types that mean the same on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

import peewee

__all__ = ["ChoiceField", "JSONField", "RankField", "UTCDateTimeField"]


class _Column:
    """Tells type checkers that a row's attribute is the value, not the column."""

    if TYPE_CHECKING:

        def __get__(self, row: object, owner: type | None = None) -> Any: ...
        def __set__(self, row: object, value: Any) -> None: ...


class UTCDateTimeField(_Column, peewee.Field):  # type: ignore[misc]
    """An aware moment in UTC: `timestamptz` on PostgreSQL, sortable ISO text on SQLite.

    Naive times are refused, because the two databases would read them differently.
    """

    field_type = "TIMESTAMPTZ"

    def db_value(self, value: datetime | None) -> object:
        if value is None:
            return None
        if value.tzinfo is None:
            message = f"{self.name}: a time without a time zone cannot be stored"
            raise ValueError(message)
        moment = value.astimezone(UTC)
        if isinstance(self.model._meta.database.obj, peewee.SqliteDatabase):
            return moment.isoformat(sep=" ", timespec="microseconds")
        return moment

    def python_value(self, value: str | datetime | None) -> datetime | None:
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC)


# Made once: `json.dumps` makes an encoder for each call that asks for anything of its own.
_AS_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class JSONField(_Column, peewee.TextField):  # type: ignore[misc]
    """A JSON document kept as text: equal on both databases, and never searched inside."""

    def db_value(self, value: Any) -> str | None:
        if value is None:
            return None
        return _AS_JSON(value)

    def python_value(self, value: str | None) -> Any:
        return None if value is None else json.loads(value)


class ChoiceField(_Column, peewee.CharField):  # type: ignore[misc]
    """A `StrEnum` stored as its text, so that the database reads like the screens."""

    def __init__(self, enum: type[StrEnum], **options: Any) -> None:
        self.enum = enum
        super().__init__(max_length=32, **options)

    def db_value(self, value: str | None) -> str | None:
        return None if value is None else str(self.enum(value))

    def python_value(self, value: str | None) -> StrEnum | None:
        return None if value is None else self.enum(value)


class RankField(_Column, peewee.SmallIntegerField):  # type: ignore[misc]
    """An `IntEnum` stored as its number, because it is sorted by."""

    def __init__(self, enum: type[IntEnum], **options: Any) -> None:
        self.enum = enum
        super().__init__(**options)

    def db_value(self, value: int | None) -> int | None:
        return None if value is None else int(value)

    def python_value(self, value: int | None) -> IntEnum | None:
        return None if value is None else self.enum(value)
