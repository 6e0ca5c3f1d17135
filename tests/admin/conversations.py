"""The smallest conversation there can be, for pages that need one."""

from __future__ import annotations

from earful.store.models import Channel, Contact, Conversation
from earful.types import Surface

from tests.wall import NOON


def conversation() -> Conversation:
    contact = Contact.create(name="Ann", created_at=NOON)
    return Conversation.create(
        channel=Channel.get(Channel.name == "wall"),
        contact=contact,
        surface=Surface.PUBLIC_REPLY,
        opened_at=NOON,
        last_message_at=NOON,
    )
