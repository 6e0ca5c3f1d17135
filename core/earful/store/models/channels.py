"""Configured accounts and the raw payloads they bring."""

from __future__ import annotations

from peewee import AutoField, BigAutoField, BlobField, CharField, IntegerField, TextField

from earful.store.fields import ChoiceField, JSONField, UTCDateTimeField
from earful.store.models.row import Row, link
from earful.store.states import ChannelState, Health, PayloadState

__all__ = ["Channel", "Payload"]


class Channel(Row):
    """A configured account: its cursor, its health, and when it is read next."""

    id = AutoField()
    name = CharField(max_length=64, unique=True)
    kind = CharField(max_length=64)
    title = CharField(max_length=200, default="")
    state = ChoiceField(ChannelState, default=ChannelState.LIVE)
    state_reason = TextField(default="")
    paused_reason = TextField(null=True)
    """Why it was paused before it was disabled; None where it was not."""
    health = ChoiceField(Health, default=Health.UNKNOWN)
    health_detail = TextField(default="")
    notice = TextField(default="")
    notice_at = UTCDateTimeField(null=True)
    account_name = CharField(max_length=300, default="")
    account_url = TextField(null=True)
    cursor = TextField(default="")
    poll_every_seconds = IntegerField(default=300)
    next_poll_at = UTCDateTimeField(null=True)
    polling_until = UTCDateTimeField(null=True)
    last_poll_at = UTCDateTimeField(null=True)
    last_success_at = UTCDateTimeField(null=True)
    last_message_at = UTCDateTimeField(null=True)
    failures = IntegerField(default=0)


class Payload(Row):
    """Raw bytes from a platform, kept before anything reads them."""

    id = BigAutoField()
    channel = link(Channel)
    state = ChoiceField(PayloadState, default=PayloadState.RECEIVED)
    body = BlobField()
    content_type = CharField(max_length=200, default="")
    meta = JSONField(default=dict)
    key = CharField(max_length=200, default="")
    received_at = UTCDateTimeField()
    error = TextField(default="")
    attempts = IntegerField(default=0)
    message_count = IntegerField(default=0)


Payload.add_index(
    Payload.index(Payload.id, where=Payload.state == "received", name="payload_unfinished")
)
Payload.add_index(
    Payload.index(
        Payload.channel, Payload.key, unique=True, where=Payload.key != "", name="payload_key"
    )
)
Payload.add_index(
    Payload.index(
        Payload.channel,
        Payload.state,
        Payload.id,
        where=Payload.state.in_(["quarantined", "unsupported"]),
        name="payload_refused",
    )
)
Payload.add_index(
    Payload.index(
        Payload.received_at,
        where=Payload.state.in_(["parsed", "unsupported"]),
        name="payload_expiring",
    )
)
