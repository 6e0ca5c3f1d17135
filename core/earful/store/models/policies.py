"""What admins decided about routing, and every time it was applied."""

from __future__ import annotations

from peewee import AutoField, BigAutoField, BooleanField, CharField, IntegerField

from earful.store.fields import JSONField, UTCDateTimeField
from earful.store.models.conversations import Conversation
from earful.store.models.messages import Message
from earful.store.models.people import Agent
from earful.store.models.row import Row, link

__all__ = ["Policy", "PolicyRun", "PolicyVersion"]


class Policy(Row):
    """A routing policy's place and name; what it says is in its versions."""

    id = AutoField()
    name = CharField(max_length=120)
    position = IntegerField()
    enabled = BooleanField(default=True)
    once = BooleanField(default=True)
    version = IntegerField(default=1)


class PolicyVersion(Row):
    """What a policy said from `created_at` until the next version."""

    id = AutoField()
    policy = link(Policy)
    number = IntegerField()
    conditions = JSONField()
    actions = JSONField()
    agent = link(Agent, null=True)
    created_at = UTCDateTimeField()

    class Meta:
        indexes = ((("policy", "number"), True),)


class PolicyRun(Row):
    """One policy that matched one message, why, and what it did."""

    id = BigAutoField()
    policy = link(Policy)
    version = IntegerField()
    conversation = link(Conversation)
    message = link(Message)
    at = UTCDateTimeField()
    because = JSONField(default=list)
    did = JSONField(default=list)

    class Meta:
        indexes = (
            (("message", "policy"), True),
            (("conversation", "policy"), False),
            (("policy", "id"), False),
        )
