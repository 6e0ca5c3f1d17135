"""What people who share an inbox know of each other."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, CharField

from earful.store.fields import ChoiceField, UTCDateTimeField
from earful.store.models.conversations import Conversation
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import AgentNotificationKind, PresenceState

__all__ = ["AgentNotification", "Presence"]


class Presence(Row):
    """What one browser window of an agent has open; gone seconds after its last sign of life.

    The conversation is a plain number: so short a row must hold nothing else back.
    """

    id = BigAutoField()
    agent = link(Agent)
    window = CharField(max_length=24)
    conversation_id = BigIntegerField()
    state = ChoiceField(PresenceState)
    at = UTCDateTimeField(index=True)

    class Meta:
        indexes = ((("agent", "window"), True),)


class AgentNotification(Row):
    """Something an agent is told: what happened in which conversation, and who did it."""

    id = BigAutoField()
    agent = link(Agent)
    kind = ChoiceField(AgentNotificationKind)
    conversation = link(Conversation)
    by = link(Agent, null=True)
    at = UTCDateTimeField(index=True)
    read_at = UTCDateTimeField(null=True)

    class Meta:
        indexes = ((("agent", "id"), False),)


AgentNotification.add_index(
    AgentNotification.index(
        AgentNotification.agent,
        AgentNotification.id,
        where=AgentNotification.read_at.is_null(),
        name="agent_notification_unread",
    )
)
