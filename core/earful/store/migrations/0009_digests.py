"""What people are told by mail, and what the author of a scheduled reply had seen."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import AutoField, BigAutoField, CharField, ForeignKeyField, IntegerField, TextField


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


class Agent(Table):
    id = AutoField()


class Digest(Table):
    id = BigAutoField()
    agent = ForeignKeyField(Agent, index=False, on_delete="RESTRICT", backref="+")
    since = Moment()
    until = Moment(index=True)
    state = CharField(max_length=32)
    attempts = IntegerField()
    due_at = Moment()
    error = TextField()

    class Meta:
        indexes = ((("agent", "until"), True),)


STATEMENTS = (
    """ALTER TABLE "agent" ADD COLUMN "digest" VARCHAR(32) NOT NULL DEFAULT 'daily'""",
    """ALTER TABLE "reply" ADD COLUMN "seen_message_id" BIGINT""",
    """CREATE INDEX "digest_unfinished" ON "digest" ("due_at")
    WHERE ("state" IN ('waiting', 'sending'))""",
)


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, Digest)):
        db.create_tables((Digest,))
    for statement in STATEMENTS:
        db.execute_sql(statement)
