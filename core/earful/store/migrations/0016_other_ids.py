"""The other ids of a message: a removal may name one of them."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import AutoField, BigAutoField, CharField, ForeignKeyField


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


class Channel(Table):
    id = AutoField()


class Message(Table):
    id = BigAutoField()


class OtherId(Table):
    id = BigAutoField()
    channel = ForeignKeyField(Channel, index=False, on_delete="RESTRICT", backref="+")
    external_id = CharField(max_length=500)
    message = ForeignKeyField(Message, index=False, on_delete="RESTRICT", backref="+")

    class Meta:
        indexes = ((("channel", "external_id"), True),)


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Channel, Message, OtherId)):
        db.create_tables((OtherId,))
