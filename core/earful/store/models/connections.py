"""What a channel keeps with the host: how it signs in, what it may call, what it has spent."""

from __future__ import annotations

from peewee import AutoField, BigAutoField, BigIntegerField, CharField, IntegerField, TextField

from earful.store.fields import UTCDateTimeField
from earful.store.models.channels import Channel
from earful.store.models.people import Agent
from earful.store.models.row import Row, link

__all__ = ["ChannelConnection", "ChannelCost", "ChannelCredential", "ChannelFlag", "ChannelLimit"]


class ChannelCredential(Row):
    """What a channel signs in with, encrypted. `lease_until`: one process is renewing it."""

    id = AutoField()
    channel = link(Channel, unique=True)
    account_id = CharField(max_length=300, default="")
    account_name = CharField(max_length=300, default="")
    ciphertext = TextField(default="")
    version = IntegerField(default=1)
    lease_until = UTCDateTimeField(null=True)
    connected_at = UTCDateTimeField()
    updated_at = UTCDateTimeField()


class ChannelFlag(Row):
    """A short text of the plugin's own."""

    id = AutoField()
    channel = link(Channel)
    name = CharField(max_length=100)
    value = TextField()

    class Meta:
        indexes = ((("channel", "name"), True),)


class ChannelLimit(Row):
    """What the platform last said about one endpoint; `ceiling` is the limit itself."""

    id = AutoField()
    channel = link(Channel)
    endpoint = CharField(max_length=200)
    ceiling = IntegerField(null=True)
    remaining = IntegerField(null=True)
    reset_at = UTCDateTimeField(null=True)
    blocked_until = UTCDateTimeField(null=True)
    reason = TextField(default="")
    updated_at = UTCDateTimeField()

    class Meta:
        indexes = ((("channel", "endpoint"), True),)


class ChannelCost(Row):
    """What one kind of action cost in one month (UTC), in millionths of a US dollar."""

    id = BigAutoField()
    channel = link(Channel)
    month = CharField(max_length=7)
    action = CharField(max_length=100)
    count = IntegerField(default=0)
    micro_usd = BigIntegerField(default=0)

    class Meta:
        indexes = ((("channel", "month", "action"), True),)


class ChannelConnection(Row):
    """Somebody is signing a channel in: what is kept, encrypted, while the browser is away.

    `state` is a hash of what the platform must bring back; it is used once. After that the row
    holds the accounts to choose from.
    """

    id = AutoField()
    channel = link(Channel)
    agent = link(Agent)
    state = CharField(max_length=64, unique=True)
    session = CharField(max_length=64)
    redirect_uri = TextField()
    ciphertext = TextField(default="")
    returned_at = UTCDateTimeField(null=True)
    expires_at = UTCDateTimeField()
