"""The other ids by which a platform knows a message, such as those of its edited versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from earful.store import bulk
from earful.store.models import Message, OtherId
from earful.types import InboundMessage, Removal

__all__ = ["note_other_ids", "under_kept_ids"]


def note_other_ids(channel_id: int, messages: Sequence[InboundMessage]) -> None:
    """Keep what else these messages, which are stored, are called."""
    others = [
        (other, message.external_id)
        for message in messages
        for other in message.other_ids
        if other != message.external_id
    ]
    if not others:
        return
    rows = Message.select(Message.external_id, Message.id).where(
        (Message.channel == channel_id) & Message.external_id.in_([kept for _, kept in others])
    )
    ids = dict(rows.tuples())
    found = [
        {"channel": channel_id, "external_id": other, "message": ids[kept]}
        for other, kept in others
        if kept in ids
    ]
    if found:
        bulk.insert(OtherId, found, ignore_known=True)


def under_kept_ids(channel_id: int, removals: Sequence[Removal]) -> list[Removal]:
    """The removals with the ids by which their messages are kept here."""
    if not removals:
        return []
    rows = (
        OtherId.select(OtherId.external_id, Message.external_id)
        .join(Message)
        .where(
            (OtherId.channel == channel_id)
            & OtherId.external_id.in_([each.external_id for each in removals])
        )
    )
    kept = dict(rows.tuples())
    return [
        replace(each, external_id=kept.get(each.external_id, each.external_id)) for each in removals
    ]
