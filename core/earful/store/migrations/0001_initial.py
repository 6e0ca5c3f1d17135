"""The first schema: tables, partial indexes, and the triggers that keep the audit append-only.

A frozen copy on purpose: what a later version makes of the models must not change what this step
did. A test compares the end of all steps with the models.
"""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BlobField,
    BooleanField,
    CharField,
    FloatField,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


def link(model: Any, *, index: bool = False, null: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=index, null=null, on_delete="RESTRICT", backref="+")


class Channel(Table):
    id = AutoField()
    name = CharField(max_length=64, unique=True)
    kind = CharField(max_length=64)
    title = CharField(max_length=200)
    state = CharField(max_length=32)
    state_reason = TextField()
    health = CharField(max_length=32)
    health_detail = TextField()
    notice = TextField()
    notice_at = Moment(null=True)
    account_name = CharField(max_length=300)
    account_url = TextField(null=True)
    cursor = TextField()
    poll_every_seconds = IntegerField()
    next_poll_at = Moment(null=True)
    polling_until = Moment(null=True)
    last_poll_at = Moment(null=True)
    last_success_at = Moment(null=True)
    last_message_at = Moment(null=True)
    failures = IntegerField()


class Payload(Table):
    id = BigAutoField()
    channel = link(Channel)
    state = CharField(max_length=32)
    body = BlobField()
    content_type = CharField(max_length=200)
    meta = TextField()
    received_at = Moment()
    error = TextField()
    attempts = IntegerField()
    message_count = IntegerField()


class Contact(Table):
    id = BigAutoField()
    name = CharField(max_length=300)
    created_at = Moment()


class Identity(Table):
    id = BigAutoField()
    contact = link(Contact, index=True)
    realm = CharField(max_length=140)
    external_id = CharField(max_length=300)
    name = CharField(max_length=300)
    handle = CharField(max_length=300)
    url = TextField(null=True)
    avatar_url = TextField(null=True)
    reach = BigIntegerField(null=True)
    verified = BooleanField()
    updated_at = Moment()

    class Meta:
        indexes = ((("realm", "external_id"), True),)


class Agent(Table):
    id = AutoField()
    email = CharField(max_length=254, unique=True)
    name = CharField(max_length=200)
    initials = CharField(max_length=8)
    role = SmallIntegerField()
    password_hash = TextField()
    epoch = IntegerField()
    active = BooleanField()
    theme = CharField(max_length=8)
    created_at = Moment()
    last_sign_in_at = Moment(null=True)


class Queue(Table):
    id = AutoField()
    name = CharField(max_length=80, unique=True)
    description = TextField()
    colour = CharField(max_length=16)
    first_response_minutes = IntegerField(null=True)
    position = IntegerField()
    active = BooleanField()


class Conversation(Table):
    id = BigAutoField()
    channel = link(Channel)
    contact = link(Contact, index=True)
    subject = TextField()
    snippet = TextField()
    surface = CharField(max_length=32)
    started_by_us = BooleanField()
    status = CharField(max_length=32)
    priority = SmallIntegerField()
    queue = link(Queue, null=True)
    assignee = link(Agent, null=True)
    message_count = IntegerField()
    opened_at = Moment()
    last_message_at = Moment()
    waiting_since = Moment(null=True)
    due_at = Moment()
    snoozed_until = Moment(null=True)
    resolved_at = Moment(null=True)
    outcome = TextField()


class Thread(Table):
    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    conversation = link(Conversation, index=True)
    surface = CharField(max_length=32)
    title = TextField()
    url = TextField(null=True)

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class Message(Table):
    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    conversation = link(Conversation)
    thread = link(Thread)
    identity = link(Identity)
    direction = CharField(max_length=32)
    opens = BooleanField()
    surface = CharField(max_length=32)
    text = TextField()
    language = CharField(max_length=16, null=True)
    attachments = TextField()
    extra = TextField()
    parent_external_id = CharField(max_length=500, null=True)
    url = TextField(null=True)
    sent_at = Moment()
    received_at = Moment()
    edited_at = Moment(null=True)
    version = IntegerField()
    removal = CharField(max_length=32, null=True)
    removed_at = Moment(null=True)
    stage = CharField(max_length=32)

    class Meta:
        indexes = ((("channel", "external_id"), True), (("conversation", "sent_at", "id"), False))


class MessageVersion(Table):
    id = BigAutoField()
    message = link(Message)
    number = IntegerField()
    text = TextField()
    attachments = TextField()
    seen_at = Moment()

    class Meta:
        indexes = ((("message", "number"), True),)


class EarlyRemoval(Table):
    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    kind = CharField(max_length=32)
    at = Moment(index=True)

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class MessageLabel(Table):
    id = BigAutoField()
    message = link(Message)
    name = CharField(max_length=100)
    score = FloatField(null=True)
    detail = TextField()
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    created_at = Moment()

    class Meta:
        indexes = ((("message", "classifier", "name"), True),)


class ConversationLabel(Table):
    id = BigAutoField()
    conversation = link(Conversation)
    name = CharField(max_length=100)
    added_by = CharField(max_length=200)
    added_at = Moment()

    class Meta:
        indexes = ((("conversation", "name"), True),)


class Event(Table):
    id = BigAutoField()
    conversation = link(Conversation)
    at = Moment()
    kind = CharField(max_length=40)
    agent = link(Agent, null=True)
    data = TextField()

    class Meta:
        indexes = ((("conversation", "id"), False),)


class Note(Table):
    id = BigAutoField()
    conversation = link(Conversation, index=True)
    agent = link(Agent)
    text = TextField()
    at = Moment()


class Reply(Table):
    id = BigAutoField()
    channel = link(Channel)
    conversation = link(Conversation, index=True)
    thread = link(Thread)
    message = link(Message)
    agent = link(Agent, null=True)
    surface = CharField(max_length=32)
    text = TextField()
    state = CharField(max_length=32)
    resolve_after = BooleanField()
    idempotency_key = CharField(max_length=64, unique=True)
    created_at = Moment()
    due_at = Moment()
    lease_until = Moment(null=True)
    attempts = IntegerField()
    external_id = CharField(max_length=500, null=True)
    url = TextField(null=True)
    error = TextField()
    sent_at = Moment(null=True)
    confirmed_at = Moment(null=True)


class Clock(Table):
    id = BigAutoField()
    conversation = link(Conversation, index=True)
    kind = CharField(max_length=32)
    started_at = Moment()
    due_at = Moment()
    explanation = TextField()
    met_at = Moment(null=True)
    cancelled_at = Moment(null=True)
    breached_at = Moment(null=True)


class Policy(Table):
    id = AutoField()
    name = CharField(max_length=120)
    position = IntegerField()
    enabled = BooleanField()
    once = BooleanField()
    version = IntegerField()


class PolicyVersion(Table):
    id = AutoField()
    policy = link(Policy)
    number = IntegerField()
    conditions = TextField()
    actions = TextField()
    agent = link(Agent, null=True)
    created_at = Moment()

    class Meta:
        indexes = ((("policy", "number"), True),)


class PolicyRun(Table):
    id = BigAutoField()
    policy = link(Policy)
    version = IntegerField()
    conversation = link(Conversation)
    message = link(Message)
    at = Moment()
    because = TextField()
    did = TextField()

    class Meta:
        indexes = (
            (("message", "policy"), True),
            (("conversation", "policy"), False),
            (("policy", "id"), False),
        )


class Notification(Table):
    id = BigAutoField()
    notifier = CharField(max_length=64)
    kind = CharField(max_length=40)
    conversation = link(Conversation, null=True)
    key = CharField(max_length=200, unique=True)
    title = TextField()
    body = TextField()
    path = TextField()
    facts = TextField()
    state = CharField(max_length=32)
    attempts = IntegerField()
    created_at = Moment()
    due_at = Moment()
    sent_at = Moment(null=True)
    error = TextField()


class AuditEvent(Table):
    id = BigAutoField()
    at = Moment()
    agent = link(Agent, null=True)
    actor = CharField(max_length=300)
    action = CharField(max_length=60)
    object_kind = CharField(max_length=40)
    object_id = CharField(max_length=100)
    summary = TextField()
    before = TextField(null=True)
    after = TextField(null=True)


class Heartbeat(Table):
    process = CharField(max_length=120, primary_key=True)
    kind = CharField(max_length=20)
    at = Moment()
    memory_kb = IntegerField()


class Lease(Table):
    name = CharField(max_length=64, primary_key=True)
    owner = CharField(max_length=120)
    until = Moment()


class Setting(Table):
    key = CharField(max_length=64, primary_key=True)
    value = TextField()


TABLES = (
    Channel,
    Payload,
    Contact,
    Identity,
    Agent,
    Queue,
    Conversation,
    Thread,
    Message,
    MessageVersion,
    EarlyRemoval,
    MessageLabel,
    ConversationLabel,
    Event,
    Note,
    Reply,
    Clock,
    Policy,
    PolicyVersion,
    PolicyRun,
    Notification,
    AuditEvent,
    Heartbeat,
    Lease,
    Setting,
)

PARTIAL_INDEXES = (
    """CREATE INDEX "payload_unfinished" ON "payload" ("id") WHERE ("state" = 'received')""",
    """CREATE INDEX "payload_refused" ON "payload" ("channel_id", "state", "id") WHERE ("state" IN ('quarantined', 'unsupported'))""",
    """CREATE INDEX "payload_expiring" ON "payload" ("received_at") WHERE ("state" IN ('parsed', 'unsupported'))""",
    """CREATE INDEX "conversation_by_queue" ON "conversation" ("queue_id", "status", "due_at", "id")""",
    """CREATE INDEX "conversation_by_assignee" ON "conversation" ("assignee_id", "status", "due_at", "id") WHERE ("assignee_id" IS NOT NULL)""",
    """CREATE INDEX "conversation_by_status" ON "conversation" ("status", "due_at", "id")""",
    """CREATE INDEX "conversation_unassigned" ON "conversation" ("status", "due_at", "id") WHERE ("assignee_id" IS NULL)""",
    """CREATE INDEX "conversation_snoozed" ON "conversation" ("status", "snoozed_until", "id") WHERE ("status" = 'snoozed')""",
    """CREATE INDEX "message_unfinished" ON "message" ("id") WHERE ("stage" != 'done')""",
    """CREATE INDEX "reply_unfinished" ON "reply" ("due_at") WHERE ("state" IN ('queued', 'sending', 'unconfirmed'))""",
    """CREATE UNIQUE INDEX "reply_receipt" ON "reply" ("channel_id", "external_id") WHERE ("external_id" IS NOT NULL)""",
    """CREATE INDEX "clock_running" ON "clock" ("due_at") WHERE ((("met_at" IS NULL) AND ("breached_at" IS NULL)) AND ("cancelled_at" IS NULL))""",
    """CREATE UNIQUE INDEX "clock_one_of_a_kind" ON "clock" ("conversation_id", "kind") WHERE (("met_at" IS NULL) AND ("cancelled_at" IS NULL))""",
    """CREATE INDEX "notification_unfinished" ON "notification" ("due_at") WHERE ("state" = 'pending')""",
    """CREATE INDEX "notification_failed" ON "notification" ("id") WHERE ("state" = 'failed')""",
)

SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
    """,
)
POSTGRES_TRIGGERS = (
    """
    CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
    """,
    """
    CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()
    """,
)


def up(migrator: Any, db: Any) -> None:
    on_sqlite = isinstance(getattr(db, "obj", db), peewee.SqliteDatabase)
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
    for statement in (*PARTIAL_INDEXES, *(SQLITE_TRIGGERS if on_sqlite else POSTGRES_TRIGGERS)):
        db.execute_sql(statement)
