"""What keeps the house in order: notifications, audit, processes, choices."""

from __future__ import annotations

from peewee import BigAutoField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, JSONField, UTCDateTimeField
from earful.store.models.conversations import Conversation
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import NotificationState

__all__ = ["AuditEvent", "Heartbeat", "Lease", "Notification", "Setting"]


class Notification(Row):
    """Something one notifier must tell; tried again until it is sent or gives up."""

    id = BigAutoField()
    notifier = CharField(max_length=64)
    kind = CharField(max_length=40)
    conversation = link(Conversation, null=True)
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
Notification.add_index(
    Notification.index(
        Notification.id, where=Notification.state == "failed", name="notification_failed"
    )
)
Notification.add_index(
    Notification.index(
        Notification.conversation,
        where=Notification.conversation.is_null(is_null=False),
        name="notification_conversation",
    )
)
Notification.add_index(
    Notification.index(
        Notification.sent_at,
        where=Notification.sent_at.is_null(is_null=False),
        name="notification_sent",
    )
)


class AuditEvent(Row):
    """Who did what, when. Only ever added to: the database refuses changes."""

    id = BigAutoField()
    at = UTCDateTimeField()
    agent = link(Agent, null=True)
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
