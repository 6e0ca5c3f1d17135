"""What people write with: drafts, saved replies, sign-offs, and who is named in a note."""

from __future__ import annotations

from peewee import AutoField, BigAutoField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, JSONField, UTCDateTimeField
from earful.store.models.channels import Channel
from earful.store.models.conversations import Conversation, Note
from earful.store.models.people import Agent
from earful.store.models.row import Row, link
from earful.store.states import WritingMode

__all__ = ["Draft", "Macro", "Mention", "SavedReply", "SignOff"]


class SavedReply(Row):
    """A text to begin an answer from. Without an `owner` it is the team's.

    `channels` names where it is offered; empty for everywhere. `used` counts the answers sent
    that began with it.
    """

    id = AutoField()
    owner = link(Agent, null=True, index=True)
    name = CharField(max_length=80)
    text = TextField()
    channels = JSONField(default=list)
    used = IntegerField(default=0)
    used_at = UTCDateTimeField(null=True)
    created_at = UTCDateTimeField()
    updated_at = UTCDateTimeField()


class Macro(Row):
    """Several steps in one, in order. Without an `owner` it is the team's.

    `steps` is JSON as policies' actions are; `text` begins an answer, "" for none.
    """

    id = AutoField()
    owner = link(Agent, null=True, index=True)
    name = CharField(max_length=80)
    steps = JSONField()
    text = TextField(default="")
    created_at = UTCDateTimeField()
    updated_at = UTCDateTimeField()


class Draft(Row):
    """What one person is writing in one conversation, one row for each way to write.

    `version` grows with each change, so that two devices do not overwrite each other unseen.
    """

    id = BigAutoField()
    agent = link(Agent)
    conversation = link(Conversation)
    mode = ChoiceField(WritingMode)
    text = TextField()
    saved_reply = link(SavedReply, null=True)
    version = IntegerField(default=1)
    updated_at = UTCDateTimeField()

    class Meta:
        indexes = ((("agent", "conversation", "mode"), True),)


class SignOff(Row):
    """How one person signs on one channel, such as `^SB`; part of what is sent and counted."""

    id = AutoField()
    agent = link(Agent)
    channel = link(Channel)
    text = CharField(max_length=40)

    class Meta:
        indexes = ((("agent", "channel"), True),)


class Mention(Row):
    """A colleague named in a note; `seen_at` is when they first read the conversation after it."""

    id = BigAutoField()
    note = link(Note)
    conversation = link(Conversation)
    agent = link(Agent)
    at = UTCDateTimeField()
    seen_at = UTCDateTimeField(null=True)

    class Meta:
        indexes = ((("note", "agent"), True),)


Mention.add_index(
    Mention.index(Mention.agent, Mention.id, where=Mention.seen_at.is_null(), name="mention_unseen")
)
