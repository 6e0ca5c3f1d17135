"""The files that go out with answers."""

from __future__ import annotations

from peewee import BigAutoField, BlobField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, UTCDateTimeField
from earful.store.models.conversations import Conversation
from earful.store.models.people import Agent
from earful.store.models.replies import Reply
from earful.store.models.row import Row, link
from earful.store.states import WritingMode

__all__ = ["ReplyAttachment"]


class ReplyAttachment(Row):
    """A file with an answer: with what `agent` writes there in this `mode`, then with the `reply`.

    `content_type` is what `body` was found to be. After `keep_until` the bytes may go; None once
    they are gone, and what is told of the file stays.
    """

    id = BigAutoField()
    agent = link(Agent)
    conversation = link(Conversation)
    mode = ChoiceField(WritingMode)
    reply = link(Reply, null=True)
    name = CharField(max_length=200)
    content_type = CharField(max_length=40)
    size = IntegerField()
    width = IntegerField()
    height = IntegerField()
    alt = TextField(default="")
    created_at = UTCDateTimeField()
    keep_until = UTCDateTimeField(null=True)
    body = BlobField()


ReplyAttachment.add_index(
    ReplyAttachment.index(
        ReplyAttachment.reply,
        where=ReplyAttachment.reply.is_null(False),
        name="reply_attachment_sent",
    )
)
ReplyAttachment.add_index(
    ReplyAttachment.index(
        ReplyAttachment.agent,
        ReplyAttachment.conversation,
        where=ReplyAttachment.reply.is_null(),
        name="reply_attachment_unsent",
    )
)
ReplyAttachment.add_index(
    ReplyAttachment.index(
        ReplyAttachment.keep_until,
        where=ReplyAttachment.keep_until.is_null(False),
        name="reply_attachment_kept",
    )
)
ReplyAttachment.add_index(
    ReplyAttachment.index(
        ReplyAttachment.agent, ReplyAttachment.created_at, name="reply_attachment_lately"
    )
)
