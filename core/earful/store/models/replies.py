"""What we send."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, UTCDateTimeField
from earful.store.models.channels import Channel
from earful.store.models.conversations import Conversation, Thread
from earful.store.models.messages import Message
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import ReplyState
from earful.types import Surface

__all__ = ["Reply"]


class Reply(Row):
    """A message of ours on its way out, and what became of it.

    `seen_message_id` is the newest message that its author knew of.
    `text` is all that is sent, `sign_off` the end of it that Earful added. `scheduled`: `due_at`
    was chosen. `snooze_until`: put the conversation away until then, once it is sent.
    """

    id = BigAutoField()
    channel = link(Channel)
    conversation = link(Conversation, index=True)
    thread = link(Thread)
    message = link(Message)
    agent = link(Agent, null=True)
    surface = ChoiceField(Surface)
    text = TextField()
    state = ChoiceField(ReplyState, default=ReplyState.QUEUED)
    resolve_after = BooleanField(default=False)
    snooze_until = UTCDateTimeField(null=True)
    scheduled = BooleanField(default=False)
    seen_message_id = BigIntegerField(null=True)
    sign_off = CharField(max_length=40, default="")
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
