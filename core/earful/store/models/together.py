"""What people who share an inbox know of each other."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, UTCDateTimeField
from earful.store.models.conversations import Conversation
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import AgentNotificationKind, DigestState, PresenceState

__all__ = ["AgentNotification", "Digest", "Presence"]


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
    """Something an agent is told: what happened in which conversation, and who did it.

    What became of a bulk job is told of the job, and of no conversation.
    """

    id = BigAutoField()
    agent = link(Agent)
    kind = ChoiceField(AgentNotificationKind)
    conversation = link(Conversation, null=True)
    bulk_job_id = BigIntegerField(null=True)
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


class Digest(Row):
    """One mail to an agent: what they were told of after `since`, up to `until`.

    Made before anything is sent, so that nobody is told the same by two mails.
    """

    id = BigAutoField()
    agent = link(Agent)
    since = UTCDateTimeField()
    until = UTCDateTimeField(index=True)
    state = ChoiceField(DigestState, default=DigestState.WAITING)
    attempts = IntegerField(default=0)
    due_at = UTCDateTimeField()
    """While it is being sent: when whoever sends it is taken for dead."""
    error = TextField(default="")

    class Meta:
        indexes = ((("agent", "until"), True),)


Digest.add_index(
    Digest.index(
        Digest.due_at,
        where=Digest.state.in_(["waiting", "sending"]),
        name="digest_unfinished",
    )
)
