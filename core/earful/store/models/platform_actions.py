"""What is done to messages on their platform beside answering them."""

from __future__ import annotations

from peewee import BigAutoField, BooleanField, IntegerField, TextField

from earful.store.fields import ChoiceField, UTCDateTimeField
from earful.store.models.channels import Channel
from earful.store.models.conversations import Conversation
from earful.store.models.messages import Message
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import PlatformActionState
from earful.types import ActionKind

__all__ = ["PlatformAction"]


class PlatformAction(Row):
    """A like or a hiding, or taking one back, on its way out, and what became of it."""

    id = BigAutoField()
    channel = link(Channel)
    conversation = link(Conversation)
    message = link(Message, index=True)
    agent = link(Agent, null=True)
    kind = ChoiceField(ActionKind)
    undo = BooleanField(default=False)
    reason = TextField(default="")
    state = ChoiceField(PlatformActionState, default=PlatformActionState.QUEUED)
    created_at = UTCDateTimeField()
    due_at = UTCDateTimeField()
    lease_until = UTCDateTimeField(null=True)
    attempts = IntegerField(default=0)
    error = TextField(default="")
    done_at = UTCDateTimeField(null=True)


PlatformAction.add_index(
    PlatformAction.index(
        PlatformAction.due_at,
        where=PlatformAction.state.in_(["queued", "sending"]),
        name="platform_action_unfinished",
    )
)
PlatformAction.add_index(
    PlatformAction.index(
        PlatformAction.message,
        PlatformAction.kind,
        unique=True,
        where=PlatformAction.state.in_(["queued", "sending"]),
        name="platform_action_one_at_a_time",
    )
)
