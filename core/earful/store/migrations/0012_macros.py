"""Several steps in one, which people run on a conversation."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import AutoField, CharField, ForeignKeyField, TextField


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


class Agent(Table):
    id = AutoField()


class Macro(Table):
    id = AutoField()
    owner = ForeignKeyField(Agent, null=True, index=True, on_delete="RESTRICT", backref="+")
    name = CharField(max_length=80)
    steps = TextField()
    text = TextField()
    created_at = Moment()
    updated_at = Moment()


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, Macro)):
        db.create_tables((Macro,))
