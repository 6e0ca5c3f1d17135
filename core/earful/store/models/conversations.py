"""What agents work on, where it waits, and what happened to it."""

from __future__ import annotations

from peewee import AutoField, BigAutoField, BooleanField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, JSONField, RankField, UTCDateTimeField
from earful.store.models.channels import Channel
from earful.store.models.people import Agent, Contact
from earful.store.models.row import NEVER, Row, link
from earful.store.states import AssignmentStrategy, ClockKind, ConversationStatus, PriorityRank
from earful.types import Surface

__all__ = ["Clock", "Conversation", "ConversationLabel", "Event", "Note", "Queue", "Thread"]


class Queue(Row):
    """Where conversations wait until somebody answers."""

    id = AutoField()
    name = CharField(max_length=80, unique=True)
    description = TextField(default="")
    colour = CharField(max_length=16, default="blue")
    first_response_minutes = IntegerField(null=True)
    position = IntegerField(default=0)
    active = BooleanField(default=True)
    assignment = ChoiceField(AssignmentStrategy, default=AssignmentStrategy.BY_HAND)
    last_assigned_id = IntegerField(null=True)
    """Where the round robin stands: the agent who got the last one."""
    members = JSONField(default=list)
    """The ids of the agents it gives its conversations to; empty: everybody's."""


class Conversation(Row):
    """What an agent works on: one need of one contact, over one or more threads."""

    id = BigAutoField()
    channel = link(Channel)
    contact = link(Contact)
    subject = TextField(default="")
    snippet = TextField(default="")
    surface = ChoiceField(Surface)
    started_by_us = BooleanField(default=False)
    status = ChoiceField(ConversationStatus, default=ConversationStatus.OPEN)
    priority = RankField(PriorityRank, default=PriorityRank.MEDIUM)
    queue = link(Queue, null=True)
    assignee = link(Agent, null=True)
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

Conversation.add_index(
    Conversation.index(Conversation.contact, Conversation.id, name="conversation_by_contact")
)

# The other orders a list is read in: by the last message, in both directions, and by priority.
Conversation.add_index(
    Conversation.index(
        Conversation.status,
        Conversation.last_message_at,
        Conversation.id,
        name="conversation_by_status_moment",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.status,
        Conversation.priority.desc(),
        Conversation.due_at,
        Conversation.id,
        name="conversation_by_status_priority",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.queue,
        Conversation.status,
        Conversation.last_message_at,
        Conversation.id,
        name="conversation_by_queue_moment",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.queue,
        Conversation.status,
        Conversation.priority.desc(),
        Conversation.due_at,
        Conversation.id,
        name="conversation_by_queue_priority",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.assignee,
        Conversation.status,
        Conversation.last_message_at,
        Conversation.id,
        where=Conversation.assignee.is_null(False),
        name="conversation_by_assignee_moment",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.assignee,
        Conversation.status,
        Conversation.priority.desc(),
        Conversation.due_at,
        Conversation.id,
        where=Conversation.assignee.is_null(False),
        name="conversation_by_assignee_priority",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.status,
        Conversation.last_message_at,
        Conversation.id,
        where=Conversation.assignee.is_null(True),
        name="conversation_unassigned_moment",
    )
)
Conversation.add_index(
    Conversation.index(
        Conversation.status,
        Conversation.priority.desc(),
        Conversation.due_at,
        Conversation.id,
        where=Conversation.assignee.is_null(True),
        name="conversation_unassigned_priority",
    )
)


class Thread(Row):
    """A platform's thread. A conversation may hold a public and a private one."""

    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    conversation = link(Conversation, index=True)
    surface = ChoiceField(Surface)
    title = TextField(default="")
    url = TextField(null=True)
    seen_until = UTCDateTimeField(null=True)

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class ConversationLabel(Row):
    """A label that a policy, a router or a person put on a conversation."""

    id = BigAutoField()
    conversation = link(Conversation)
    name = CharField(max_length=100)
    added_by = CharField(max_length=200)
    added_at = UTCDateTimeField()

    class Meta:
        indexes = (
            (("conversation", "name"), True),
            (("name", "conversation"), False),
        )


class Event(Row):
    """One line of a conversation's timeline."""

    id = BigAutoField()
    conversation = link(Conversation)
    at = UTCDateTimeField()
    kind = CharField(max_length=40)
    agent = link(Agent, null=True)
    data = JSONField(default=dict)

    class Meta:
        indexes = ((("conversation", "id"), False),)


class Note(Row):
    """What colleagues tell each other inside a conversation; never sent."""

    id = BigAutoField()
    conversation = link(Conversation, index=True)
    agent = link(Agent)
    text = TextField()
    at = UTCDateTimeField()


class Clock(Row):
    """A promise of time: when an answer is due, and whether it came."""

    id = BigAutoField()
    conversation = link(Conversation, index=True)
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
