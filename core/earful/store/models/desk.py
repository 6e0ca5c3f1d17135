"""What an agent's desk holds: what was read, which views are kept, what can be undone."""

from __future__ import annotations

from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    IntegerField,
    TextField,
)

from earful.store.fields import ChoiceField, JSONField, UTCDateTimeField
from earful.store.models.conversations import Conversation
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import BulkItemState, BulkJobState, ConversationStatus, ListOrder

__all__ = ["BulkItem", "BulkJob", "BulkUndo", "ReadCursor", "SavedView"]


class ReadCursor(Row):
    """How far one agent has read one conversation; without a row they have not opened it."""

    id = BigAutoField()
    agent = link(Agent)
    conversation = link(Conversation)
    message_id = BigIntegerField()

    class Meta:
        indexes = ((("conversation", "agent"), True),)


class SavedView(Row):
    """A list somebody keeps: a status, a condition and an order. `version` counts its changes."""

    id = AutoField()
    name = CharField(max_length=80)
    agent = link(Agent, index=True)
    shared = BooleanField(default=False, index=True)
    status = ChoiceField(ConversationStatus, default=ConversationStatus.OPEN)
    conditions = JSONField()
    order = ChoiceField(ListOrder, default=ListOrder.DUE)
    version = IntegerField(default=1)
    created_at = UTCDateTimeField()
    updated_at = UTCDateTimeField()


class BulkUndo(Row):
    """How each conversation of one bulk change stood before; used once, by who made the change."""

    id = BigAutoField()
    agent = link(Agent, index=True)
    at = UTCDateTimeField()
    kind = CharField(max_length=20)
    entries = JSONField()
    used_at = UTCDateTimeField(null=True)


class BulkJob(Row):
    """A change to more conversations than one request takes; `arguments` are its values.

    The numbers say how many of `total` came to which state so far.
    """

    id = BigAutoField()
    agent = link(Agent)
    kind = CharField(max_length=20)
    arguments = JSONField()
    state = ChoiceField(BulkJobState, default=BulkJobState.CHANGING)
    total = IntegerField()
    done = IntegerField(default=0)
    skipped = IntegerField(default=0)
    undone = IntegerField(default=0)
    kept = IntegerField(default=0)
    created_at = UTCDateTimeField()
    due_at = UTCDateTimeField()
    finished_at = UTCDateTimeField(null=True, index=True)


BulkJob.add_index(
    BulkJob.index(
        BulkJob.due_at,
        where=BulkJob.state.in_(["changing", "undoing"]),
        name="bulk_job_unfinished",
    )
)


class BulkItem(Row):
    """One conversation of a bulk job: what became of it, why, and what the change was exactly.

    The conversation is a plain number: so short-lived a row must hold nothing else back.
    """

    id = BigAutoField()
    job = link(BulkJob)
    conversation_id = BigIntegerField()
    state = ChoiceField(BulkItemState, default=BulkItemState.WAITING)
    reason = TextField(default="")
    change = JSONField(null=True)

    class Meta:
        indexes = ((("job", "state", "id"), False),)
