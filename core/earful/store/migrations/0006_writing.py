"""Drafts, saved replies, sign-offs and mentions; replies that wait for a chosen moment."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import AutoField, BigAutoField, CharField, ForeignKeyField, IntegerField, TextField


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


def link(model: Any, *, index: bool = False, null: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=index, null=null, on_delete="RESTRICT", backref="+")


class Agent(Table):
    id = AutoField()


class Channel(Table):
    id = AutoField()


class Conversation(Table):
    id = BigAutoField()


class Note(Table):
    id = BigAutoField()


class SavedReply(Table):
    id = AutoField()
    owner = link(Agent, null=True, index=True)
    name = CharField(max_length=80)
    text = TextField()
    channels = TextField()
    used = IntegerField()
    used_at = Moment(null=True)
    created_at = Moment()
    updated_at = Moment()


class Draft(Table):
    id = BigAutoField()
    agent = link(Agent)
    conversation = link(Conversation)
    mode = CharField(max_length=32)
    text = TextField()
    saved_reply = link(SavedReply, null=True)
    version = IntegerField()
    updated_at = Moment()

    class Meta:
        indexes = ((("agent", "conversation", "mode"), True),)


class SignOff(Table):
    id = AutoField()
    agent = link(Agent)
    channel = link(Channel)
    text = CharField(max_length=40)

    class Meta:
        indexes = ((("agent", "channel"), True),)


class Mention(Table):
    id = BigAutoField()
    note = link(Note)
    conversation = link(Conversation)
    agent = link(Agent)
    at = Moment()
    seen_at = Moment(null=True)

    class Meta:
        indexes = ((("note", "agent"), True),)


MADE = (SavedReply, Draft, SignOff, Mention)

STATEMENTS = (
    """CREATE INDEX "mention_unseen" ON "mention" ("agent_id", "id") WHERE ("seen_at" IS NULL)""",
    """ALTER TABLE "reply" ADD COLUMN "sign_off" VARCHAR(40) NOT NULL DEFAULT ''""",
    """ALTER TABLE "reply" ADD COLUMN "scheduled" BOOLEAN NOT NULL DEFAULT FALSE""",
    """ALTER TABLE "reply" ADD COLUMN "snooze_until" TIMESTAMPTZ""",
)


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, Channel, Conversation, Note, *MADE)):
        db.create_tables(MADE)
    for statement in STATEMENTS:
        db.execute_sql(statement)
