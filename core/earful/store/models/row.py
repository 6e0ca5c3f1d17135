"""What all tables share: the database they are bound to, and how they link to each other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import peewee
from peewee import ForeignKeyField

__all__ = ["NEVER", "Row", "database", "link"]

database = peewee.DatabaseProxy()

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""The `due_at` of a conversation with no running clock: sorts last on both databases."""


def link(model: Any, *, index: bool = False, **options: Any) -> ForeignKeyField:
    """A foreign key without the index peewee would add by default."""
    return ForeignKeyField(model, index=index, on_delete="RESTRICT", backref="+", **options)


class Row(peewee.Model):  # type: ignore[misc]
    """What all tables share: the database, and a table named after the class."""

    class Meta:
        database = database
        legacy_table_names = False
