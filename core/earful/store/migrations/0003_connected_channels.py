"""Connected channels: credentials, limits, costs, deliveries by their key, platform actions.

A frozen copy on purpose, as in the first step.
"""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
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


def link(model: Any, *, index: bool = False, null: bool = False, **options: Any) -> ForeignKeyField:
    return ForeignKeyField(
        model, index=index, null=null, on_delete="RESTRICT", backref="+", **options
    )


class Channel(Table):
    id = AutoField()


class Agent(Table):
    id = AutoField()


class Conversation(Table):
    id = BigAutoField()


class Message(Table):
    id = BigAutoField()


class ChannelCredential(Table):
    id = AutoField()
    channel = link(Channel, unique=True)
    account_id = CharField(max_length=300)
    account_name = CharField(max_length=300)
    ciphertext = TextField()
    version = IntegerField()
    lease_until = Moment(null=True)
    connected_at = Moment()
    updated_at = Moment()


class ChannelFlag(Table):
    id = AutoField()
    channel = link(Channel)
    name = CharField(max_length=100)
    value = TextField()

    class Meta:
        indexes = ((("channel", "name"), True),)


class ChannelLimit(Table):
    id = AutoField()
    channel = link(Channel)
    endpoint = CharField(max_length=200)
    ceiling = IntegerField(null=True)
    remaining = IntegerField(null=True)
    reset_at = Moment(null=True)
    blocked_until = Moment(null=True)
    reason = TextField()
    updated_at = Moment()

    class Meta:
        indexes = ((("channel", "endpoint"), True),)


class ChannelCost(Table):
    id = BigAutoField()
    channel = link(Channel)
    month = CharField(max_length=7)
    action = CharField(max_length=100)
    count = IntegerField()
    micro_usd = BigIntegerField()

    class Meta:
        indexes = ((("channel", "month", "action"), True),)


class ChannelConnection(Table):
    id = AutoField()
    channel = link(Channel)
    agent = link(Agent)
    state = CharField(max_length=64, unique=True)
    session = CharField(max_length=64)
    redirect_uri = TextField()
    ciphertext = TextField()
    returned_at = Moment(null=True)
    expires_at = Moment()


class PlatformAction(Table):
    id = BigAutoField()
    channel = link(Channel)
    conversation = link(Conversation)
    message = link(Message, index=True)
    agent = link(Agent, null=True)
    kind = CharField(max_length=32)
    undo = BooleanField()
    reason = TextField()
    state = CharField(max_length=32)
    created_at = Moment()
    due_at = Moment()
    lease_until = Moment(null=True)
    attempts = IntegerField()
    error = TextField()
    done_at = Moment(null=True)


NEW = (
    ChannelCredential,
    ChannelFlag,
    ChannelLimit,
    ChannelCost,
    ChannelConnection,
    PlatformAction,
)

STATEMENTS = (
    """ALTER TABLE "payload" ADD COLUMN "key" VARCHAR(200) NOT NULL DEFAULT ''""",
    """CREATE UNIQUE INDEX "payload_key" ON "payload" ("channel_id", "key") WHERE ("key" != '')""",
    """CREATE INDEX "platform_action_unfinished" ON "platform_action" ("due_at") WHERE ("state" IN ('queued', 'sending'))""",
    """CREATE UNIQUE INDEX "platform_action_one_at_a_time" ON "platform_action" ("message_id", "kind") WHERE ("state" IN ('queued', 'sending'))""",
)


def up(migrator: Any, db: Any) -> None:
    with db.bind_ctx([Channel, Agent, Conversation, Message, *NEW]):
        db.create_tables(NEW)
    for statement in STATEMENTS:
        db.execute_sql(statement)
