"""Changes to more conversations than one request takes, and a notification of what became of them."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    CharField,
    ForeignKeyField,
    IntegerField,
    TextField,
)


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


def link(model: Any) -> ForeignKeyField:
    return ForeignKeyField(model, index=False, on_delete="RESTRICT", backref="+")


class Agent(Table):
    id = AutoField()


class BulkJob(Table):
    id = BigAutoField()
    agent = link(Agent)
    kind = CharField(max_length=20)
    arguments = TextField()
    state = CharField(max_length=32)
    total = IntegerField()
    done = IntegerField()
    skipped = IntegerField()
    undone = IntegerField()
    kept = IntegerField()
    created_at = Moment()
    due_at = Moment()
    finished_at = Moment(index=True, null=True)


class BulkItem(Table):
    id = BigAutoField()
    job = link(BulkJob)
    conversation_id = BigIntegerField()
    state = CharField(max_length=32)
    reason = TextField()
    change = TextField(null=True)

    class Meta:
        indexes = ((("job", "state", "id"), False),)


STATEMENTS = (
    """CREATE INDEX "bulk_job_unfinished" ON "bulk_job" ("due_at")
    WHERE ("state" IN ('changing', 'undoing'))""",
    """ALTER TABLE "agent_notification" ADD COLUMN "bulk_job_id" BIGINT""",
)


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, BulkJob, BulkItem)):
        db.create_tables((BulkJob, BulkItem))
    for statement in STATEMENTS:
        db.execute_sql(statement)
    # What became of many conversations is told of none of them.
    migrator.drop_not_null("agent_notification", "conversation_id").run()
