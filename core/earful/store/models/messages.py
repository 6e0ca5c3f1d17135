"""What the platforms brought, as it stands now and as it stood before."""

from __future__ import annotations

from peewee import BigAutoField, BooleanField, CharField, FloatField, IntegerField, TextField

from earful.store.fields import ChoiceField, JSONField, UTCDateTimeField
from earful.store.models.channels import Channel
from earful.store.models.conversations import Conversation, Thread
from earful.store.models.people import Identity
from earful.store.models.row import Row, link
from earful.store.states import Direction, Stage
from earful.types import RemovalKind, Surface

__all__ = ["EarlyRemoval", "Message", "MessageLabel", "MessageVersion", "OtherId"]


class Message(Row):
    """One message of a platform, as it stands now; `removal` empties it but keeps its place."""

    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    conversation = link(Conversation)
    thread = link(Thread)
    identity = link(Identity, index=True)
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
    message = link(Message)
    number = IntegerField()
    text = TextField()
    attachments = JSONField(default=list)
    seen_at = UTCDateTimeField()

    class Meta:
        indexes = ((("message", "number"), True),)


class OtherId(Row):
    """Another id by which the platform knows a message, such as that of an edited version."""

    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    message = link(Message)

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class EarlyRemoval(Row):
    """A removal that arrived before its message; the message then arrives removed."""

    id = BigAutoField()
    channel = link(Channel)
    external_id = CharField(max_length=500)
    kind = ChoiceField(RemovalKind)
    at = UTCDateTimeField(index=True)

    class Meta:
        indexes = ((("channel", "external_id"), True),)


class MessageLabel(Row):
    """A classifier's word on a message, with the model that said it."""

    id = BigAutoField()
    message = link(Message)
    name = CharField(max_length=100)
    score = FloatField(null=True)
    detail = TextField(default="")
    classifier = CharField(max_length=64)
    version = CharField(max_length=100, default="")
    created_at = UTCDateTimeField()

    class Meta:
        indexes = ((("message", "classifier", "name"), True),)
