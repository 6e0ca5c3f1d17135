"""The tables. Rows hold no behaviour and no callbacks; who may change what is decided above.

A foreign key is indexed only where a page or a step reads by it: every index costs each message.
Indexes on unfinished states are partial, so that the sweep's cost is that of the unfinished work.
"""

from __future__ import annotations

from datetime import UTC, datetime
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
    TextField,
)

from earful.store.fields import ChoiceField, JSONField, RankField, UTCDateTimeField
from earful.store.states import (
    ChannelState,
    ClockKind,
    ConversationStatus,
    Direction,
    Health,
    NotificationState,
    PayloadState,
    PriorityRank,
    ReplyState,
    Role,
    Stage,
)
from earful.types import RemovalKind, Surface

__all__ = ["ALL_MODELS", "NEVER", "database"]

database = peewee.DatabaseProxy()

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""The `due_at` of a conversation with no running clock: sorts last on both databases."""


def _link(model: Any, *, index: bool = False, **options: Any) -> ForeignKeyField:
    """A foreign key without the index peewee would add by default."""
    return ForeignKeyField(model, index=index, on_delete="RESTRICT", backref="+", **options)


class Row(peewee.Model):  # type: ignore[misc]
    """What all tables share: the database, and a table named after the class."""

    class Meta:
        database = database
        legacy_table_names = False


class Channel(Row):
    """A configured account: its cursor, its health, and when it is read next."""

    id = AutoField()
    name = CharField(max_length=64, unique=True)
    kind = CharField(max_length=64)
    title = CharField(max_length=200, default="")
    state = ChoiceField(ChannelState, default=ChannelState.LIVE)
    state_reason = TextField(default="")
    health = ChoiceField(Health, default=Health.UNKNOWN)
    health_detail = TextField(default="")
    account_name = CharField(max_length=300, default="")
    account_url = TextField(null=True)
    cursor = TextField(default="")
    poll_every_seconds = IntegerField(default=300)
    next_poll_at = UTCDateTimeField(null=True)
    polling_until = UTCDateTimeField(null=True)
    last_poll_at = UTCDateTimeField(null=True)
    last_success_at = UTCDateTimeField(null=True)
    last_message_at = UTCDateTimeField(null=True)
    failures = IntegerField(default=0)


class Payload(Row):
    """Raw bytes from a platform, kept before anything reads them."""

    id = BigAutoField()
    channel = _link(Channel)
    state = ChoiceField(PayloadState, default=PayloadState.RECEIVED)
    body = BlobField(null=True)
    content_type = CharField(max_length=200, default="")
    meta = JSONField(default=dict)
    received_at = UTCDateTimeField()
    error = TextField(default="")
    attempts = IntegerField(default=0)
    message_count = IntegerField(default=0)


Payload.add_index(
    Payload.index(Payload.id, where=Payload.state == "received", name="payload_unfinished")
)
Payload.add_index(
    Payload.index(
        Payload.channel,
        Payload.state,
        Payload.id,
        where=Payload.state.in_(["quarantined", "unsupported"]),
        name="payload_refused",
    )
)
Payload.add_index(
    Payload.index(
        Payload.received_at,
        where=(Payload.state == "parsed") & Payload.body.is_null(False),
        name="payload_expiring",
    )
)


class Contact(Row):
    """A person, with one or more identities."""

    id = BigAutoField()
    name = CharField(max_length=300)
    created_at = UTCDateTimeField()


class Identity(Row):
    """One account of a contact. `realm` is where its platform's id is unique."""

    id = BigAutoField()
    contact = _link(Contact, index=True)
    realm = CharField(max_length=140)
    external_id = CharField(max_length=300)
    name = CharField(max_length=300)
    handle = CharField(max_length=300, default="")
    url = TextField(null=True)
    avatar_url = TextField(null=True)
    reach = BigIntegerField(null=True)
    verified = BooleanField(default=False)
    updated_at = UTCDateTimeField()

    class Meta:
        indexes = ((("realm", "external_id"), True),)


class Agent(Row):
    """Somebody who signs in. Raising `epoch` ends all their sessions."""

    id = AutoField()
    email = CharField(max_length=254, unique=True)
    name = CharField(max_length=200)
    initials = CharField(max_length=8, default="")
    role = RankField(Role, default=Role.AGENT)
    password_hash = TextField(default="")
    epoch = IntegerField(default=0)
    active = BooleanField(default=True)
    theme = CharField(max_length=8, default="auto")
    created_at = UTCDateTimeField()
    last_sign_in_at = UTCDateTimeField(null=True)


class Queue(Row):
    """Where conversations wait until somebody answers."""

    id = AutoField()
    name = CharField(max_length=80, unique=True)
    description = TextField(default="")
    colour = CharField(max_length=16, default="blue")
    first_response_minutes = IntegerField(null=True)
    position = IntegerField(default=0)
    active = BooleanField(default=True)


class Conversation(Row):
    """What an agent works on: one need of one contact, over one or more threads."""

    id = BigAutoField()
    channel = _link(Channel)
    contact = _link(Contact, index=True)
    subject = TextField(default="")
    snippet = TextField(default="")
    surface = ChoiceField(Surface)
    started_by_us = BooleanField(default=False)
    status = ChoiceField(ConversationStatus, default=ConversationStatus.OPEN)
    priority = RankField(PriorityRank, default=PriorityRank.MEDIUM)
    queue = _link(Queue, null=True)
    assignee = _link(Agent, null=True)
    message_count = IntegerField(default=0)
    opened_at = UTCDateTimeField()
    last_message_at = UTCDateTimeField()
    waiting_since = UTCDateTimeField(null=True)
    due_at = UTCDateTimeField(default=NEVER)
    snoozed_until = UTCDateTimeField(null=True)
    resolved_at = UTCDateTimeField(null=True)
    outcome = TextField(default="")


Conversation.add_index(
    Conversation.index(
        Conversation.queue,
        Conversation.status,
        Conversation.due_at,
        Conversation.id,
        name="conversation_by_queue",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.assignee,
        Conversation.status,
        Conversation.due_at,
        Conversation.id,
        where=Conversation.assignee.is_null(False),
        name="conversation_by_assignee",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.status, Conversation.due_at, Conversation.id, name="conversation_by_status"
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.status,
        Conversation.due_at,
        Conversation.id,
        where=Conversation.assignee.is_null(True),
        name="conversation_unassigned",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.status,
        Conversation.snoozed_until,
        Conversation.id,
        where=Conversation.status == "snoozed",
        name="conversation_snoozed",
    )
)


class Thread(Row):
    """A platform's thread. A conversation may hold a public and a private one."""

    id = BigAutoField()
    channel = _link(Channel)
    external_id = CharField(max_length=500)
    conversation = _link(Conversation, index=True)
    surface = ChoiceField(Surface)
    title = TextField(default="")
    url = TextField(null=True)

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class Message(Row):
    """One message of a platform, as it stands now; `removal` empties it but keeps its place."""

    id = BigAutoField()
    channel = _link(Channel)
    external_id = CharField(max_length=500)
    conversation = _link(Conversation)
    thread = _link(Thread)
    identity = _link(Identity)
    direction = ChoiceField(Direction, default=Direction.IN)
    opens = BooleanField(default=False)
    surface = ChoiceField(Surface)
    text = TextField()
    language = CharField(max_length=16, null=True)
    attachments = JSONField(default=list)
    extra = JSONField(default=dict)
    parent_external_id = CharField(max_length=500, null=True)
    url = TextField(null=True)
    sent_at = UTCDateTimeField()
    received_at = UTCDateTimeField()
    edited_at = UTCDateTimeField(null=True)
    version = IntegerField(default=1)
    removal = ChoiceField(RemovalKind, null=True)
    removed_at = UTCDateTimeField(null=True)
    stage = ChoiceField(Stage, default=Stage.INGESTED)

    class Meta:
        indexes = (
            (("channel", "external_id"), True),
            (("conversation", "sent_at", "id"), False),
        )


Message.add_index(
    Message.index(Message.id, where=Message.stage != "done", name="message_unfinished")
)


class MessageVersion(Row):
    """What an edited message said before."""

    id = BigAutoField()
    message = _link(Message)
    number = IntegerField()
    text = TextField()
    attachments = JSONField(default=list)
    seen_at = UTCDateTimeField()

    class Meta:
        indexes = ((("message", "number"), True),)


class EarlyRemoval(Row):
    """A removal that arrived before its message; the message then arrives removed."""

    id = BigAutoField()
    channel = _link(Channel)
    external_id = CharField(max_length=500)
    kind = ChoiceField(RemovalKind)
    at = UTCDateTimeField()

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class MessageLabel(Row):
    """A classifier's word on a message, with the model that said it."""

    id = BigAutoField()
    message = _link(Message)
    name = CharField(max_length=100)
    score = FloatField(null=True)
    detail = TextField(default="")
    classifier = CharField(max_length=64)
    version = CharField(max_length=100, default="")
    created_at = UTCDateTimeField()

    class Meta:
        indexes = ((("message", "classifier", "name"), True),)


class ConversationLabel(Row):
    """A label that a policy, a router or a person put on a conversation."""

    id = BigAutoField()
    conversation = _link(Conversation)
    name = CharField(max_length=100)
    added_by = CharField(max_length=200)
    added_at = UTCDateTimeField()

    class Meta:
        indexes = ((("conversation", "name"), True),)


class Event(Row):
    """One line of a conversation's timeline."""

    id = BigAutoField()
    conversation = _link(Conversation)
    at = UTCDateTimeField()
    kind = CharField(max_length=40)
    agent = _link(Agent, null=True)
    data = JSONField(default=dict)

    class Meta:
        indexes = ((("conversation", "id"), False),)


class Note(Row):
    """What colleagues tell each other inside a conversation; never sent."""

    id = BigAutoField()
    conversation = _link(Conversation, index=True)
    agent = _link(Agent)
    text = TextField()
    at = UTCDateTimeField()


class Reply(Row):
    """A message of ours on its way out, and what became of it."""

    id = BigAutoField()
    channel = _link(Channel)
    conversation = _link(Conversation, index=True)
    thread = _link(Thread)
    message = _link(Message)
    agent = _link(Agent, null=True)
    surface = ChoiceField(Surface)
    text = TextField()
    state = ChoiceField(ReplyState, default=ReplyState.QUEUED)
    resolve_after = BooleanField(default=False)
    idempotency_key = CharField(max_length=64, unique=True)
    created_at = UTCDateTimeField()
    due_at = UTCDateTimeField()
    lease_until = UTCDateTimeField(null=True)
    attempts = IntegerField(default=0)
    external_id = CharField(max_length=500, null=True)
    url = TextField(null=True)
    error = TextField(default="")
    sent_at = UTCDateTimeField(null=True)
    confirmed_at = UTCDateTimeField(null=True)


Reply.add_index(
    Reply.index(
        Reply.due_at,
        where=Reply.state.in_(["queued", "sending", "unconfirmed"]),
        name="reply_unfinished",
    )
)
Reply.add_index(
    Reply.index(
        Reply.channel,
        Reply.external_id,
        unique=True,
        where=Reply.external_id.is_null(False),
        name="reply_receipt",
    )
)


class Clock(Row):
    """A promise of time: when an answer is due, and whether it came."""

    id = BigAutoField()
    conversation = _link(Conversation, index=True)
    kind = ChoiceField(ClockKind)
    started_at = UTCDateTimeField()
    due_at = UTCDateTimeField()
    explanation = TextField(default="")
    met_at = UTCDateTimeField(null=True)
    cancelled_at = UTCDateTimeField(null=True)
    breached_at = UTCDateTimeField(null=True)


Clock.add_index(
    Clock.index(
        Clock.due_at,
        where=Clock.met_at.is_null() & Clock.breached_at.is_null() & Clock.cancelled_at.is_null(),
        name="clock_running",
    )
)
Clock.add_index(
    Clock.index(
        Clock.conversation,
        Clock.kind,
        unique=True,
        where=Clock.met_at.is_null() & Clock.cancelled_at.is_null(),
        name="clock_one_of_a_kind",
    )
)


class Policy(Row):
    """A routing policy's place and name; what it says is in its versions."""

    id = AutoField()
    name = CharField(max_length=120)
    position = IntegerField()
    enabled = BooleanField(default=True)
    once = BooleanField(default=True)
    version = IntegerField(default=1)


class PolicyVersion(Row):
    """What a policy said from `created_at` until the next version."""

    id = AutoField()
    policy = _link(Policy)
    number = IntegerField()
    conditions = JSONField()
    actions = JSONField()
    agent = _link(Agent, null=True)
    created_at = UTCDateTimeField()

    class Meta:
        indexes = ((("policy", "number"), True),)


class PolicyRun(Row):
    """One policy that matched one message, why, and what it did."""

    id = BigAutoField()
    policy = _link(Policy)
    version = IntegerField()
    conversation = _link(Conversation)
    message = _link(Message)
    at = UTCDateTimeField()
    because = JSONField(default=list)
    did = JSONField(default=list)

    class Meta:
        indexes = (
            (("message", "policy"), True),
            (("conversation", "policy"), False),
            (("policy", "id"), False),
        )


class Notification(Row):
    """Something one notifier must tell; tried again until it is sent or gives up."""

    id = BigAutoField()
    notifier = CharField(max_length=64)
    kind = CharField(max_length=40)
    conversation = _link(Conversation, null=True)
    key = CharField(max_length=200, unique=True)
    title = TextField()
    body = TextField(default="")
    path = TextField(default="/")
    facts = JSONField(default=dict)
    state = ChoiceField(NotificationState, default=NotificationState.PENDING)
    attempts = IntegerField(default=0)
    created_at = UTCDateTimeField()
    due_at = UTCDateTimeField()
    sent_at = UTCDateTimeField(null=True)
    error = TextField(default="")


Notification.add_index(
    Notification.index(
        Notification.due_at,
        where=Notification.state == "pending",
        name="notification_unfinished",
    )
)


class AuditEvent(Row):
    """Who did what, when. Only ever added to: the database refuses changes."""

    id = BigAutoField()
    at = UTCDateTimeField()
    agent = _link(Agent, null=True)
    actor = CharField(max_length=300)
    action = CharField(max_length=60)
    object_kind = CharField(max_length=40)
    object_id = CharField(max_length=100, default="")
    summary = TextField(default="")
    before = JSONField(null=True)
    after = JSONField(null=True)


class Heartbeat(Row):
    """The last sign of life of one process."""

    process = CharField(max_length=120, primary_key=True)
    kind = CharField(max_length=20)
    at = UTCDateTimeField()
    memory_kb = IntegerField(default=0)


class Lease(Row):
    """What only one process may do at a time, and until when it may."""

    name = CharField(max_length=64, primary_key=True)
    owner = CharField(max_length=120)
    until = UTCDateTimeField()


class Setting(Row):
    """A choice made in the browser rather than in the configuration."""

    key = CharField(max_length=64, primary_key=True)
    value = JSONField()


ALL_MODELS: tuple[type[Row], ...] = (
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
