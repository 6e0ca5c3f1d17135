"""Who has which conversation open; how queues hand out, and to whom; what agents are told."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import AutoField, BigAutoField, BigIntegerField, CharField, ForeignKeyField


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


def link(model: Any, *, index: bool = False, null: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=index, null=null, on_delete="RESTRICT", backref="+")


class Agent(Table):
    id = AutoField()


class Conversation(Table):
    id = BigAutoField()


class Presence(Table):
    id = BigAutoField()
    agent = link(Agent)
    window = CharField(max_length=24)
    conversation_id = BigIntegerField()
    state = CharField(max_length=32)
    at = Moment(index=True)

    class Meta:
        indexes = ((("agent", "window"), True),)


class AgentNotification(Table):
    id = BigAutoField()
    agent = link(Agent)
    kind = CharField(max_length=32)
    conversation = link(Conversation)
    by = link(Agent, null=True)
    at = Moment(index=True)
    read_at = Moment(null=True)

    class Meta:
        indexes = ((("agent", "id"), False),)


MADE = (Presence, AgentNotification)

STATEMENTS = (
    """ALTER TABLE "queue" ADD COLUMN "assignment" VARCHAR(32) NOT NULL DEFAULT 'by_hand'""",
    """ALTER TABLE "queue" ADD COLUMN "last_assigned_id" INTEGER""",
    """ALTER TABLE "agent" ADD COLUMN "away" BOOLEAN NOT NULL DEFAULT FALSE""",
    """ALTER TABLE "agent" ADD COLUMN "capacity" INTEGER""",
    """ALTER TABLE "agent" ADD COLUMN "skills" TEXT NOT NULL DEFAULT '[]'""",
    """ALTER TABLE "agent" ADD COLUMN "muted" TEXT NOT NULL DEFAULT '[]'""",
    """CREATE INDEX "agent_notification_unread" ON "agent_notification"
    ("agent_id", "id") WHERE ("read_at" IS NULL)""",
)


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, Conversation, *MADE)):
        db.create_tables(MADE)
    for statement in STATEMENTS:
        db.execute_sql(statement)
