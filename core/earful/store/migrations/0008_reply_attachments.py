"""The files that go out with answers."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    AutoField,
    BigAutoField,
    BlobField,
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


def link(model: Any, *, null: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=False, null=null, on_delete="RESTRICT", backref="+")


class Agent(Table):
    id = AutoField()


class Conversation(Table):
    id = BigAutoField()


class Reply(Table):
    id = BigAutoField()


class ReplyAttachment(Table):
    id = BigAutoField()
    agent = link(Agent)
    conversation = link(Conversation)
    mode = CharField(max_length=32)
    reply = link(Reply, null=True)
    name = CharField(max_length=200)
    content_type = CharField(max_length=40)
    size = IntegerField()
    width = IntegerField()
    height = IntegerField()
    alt = TextField()
    created_at = Moment()
    keep_until = Moment(null=True)
    body = BlobField()


STATEMENTS = (
    """CREATE INDEX "reply_attachment_sent" ON "reply_attachment" ("reply_id")
    WHERE ("reply_id" IS NOT NULL)""",
    """CREATE INDEX "reply_attachment_unsent" ON "reply_attachment"
    ("agent_id", "conversation_id") WHERE ("reply_id" IS NULL)""",
    """CREATE INDEX "reply_attachment_kept" ON "reply_attachment" ("keep_until")
    WHERE ("keep_until" IS NOT NULL)""",
    """CREATE INDEX "reply_attachment_lately" ON "reply_attachment" ("agent_id", "created_at")""",
)


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, Conversation, Reply, ReplyAttachment)):
        db.create_tables((ReplyAttachment,))
    for statement in STATEMENTS:
        db.execute_sql(statement)
