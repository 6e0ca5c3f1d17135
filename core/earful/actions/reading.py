"""What somebody has read. Each person has a cursor of their own; it is nobody else's business."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful.actions.actor import Actor
from earful.actions.telling import mark_told_read
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.database import transaction
from earful.store.models import AgentNotification, Mention, Message, ReadCursor
from earful.store.states import Direction
from earful.wording import gettext as _

__all__ = ["mark_read", "mark_unread"]


def mark_read(
    _runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    message_id: int,
    *,
    now: datetime,
) -> None:
    """`message_id` and what came before it has been read; never moves back.

    Whoever reads a conversation has seen the notes that name them, and what they are told of it.
    """
    with transaction():
        (
            Mention.update(seen_at=now)
            .where(
                (Mention.agent == actor.agent_id)
                & (Mention.conversation == conversation_id)
                & Mention.seen_at.is_null()
            )
            .execute()
        )
        mark_told_read(actor, now, AgentNotification.conversation == conversation_id)
        known = Message.id <= message_id
        newest = _newest(conversation_id, known)
        if newest is None:
            return
        row = _cursor(actor, conversation_id)
        if row is None:
            # Two windows of one person may be here at once.
            ReadCursor.insert(
                agent=actor.agent_id, conversation=conversation_id, message_id=newest
            ).on_conflict_ignore().execute()
        elif row.message_id < newest:
            ReadCursor.update(message_id=newest).where(ReadCursor.id == row.id).execute()


def mark_unread(
    _runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    *,
    now: datetime,  # noqa: ARG001 - every action takes it
) -> None:
    """The newest message that came in is to be read again."""
    with transaction():
        newest = _newest(conversation_id, Message.direction == Direction.IN)
        if newest is None:
            msg = _("Nobody has written here yet.")
            raise ActionRefused(msg)
        (
            ReadCursor.update(message_id=newest - 1)
            .where(
                (ReadCursor.conversation == conversation_id)
                & (ReadCursor.agent == actor.agent_id)
                & (ReadCursor.message_id >= newest)
            )
            .execute()
        )


def _newest(conversation_id: int, which: Any) -> int | None:
    found = (
        Message.select(Message.id)
        .where((Message.conversation == conversation_id) & which)
        .order_by(Message.id.desc())
        .limit(1)
        .scalar()
    )
    return None if found is None else int(found)


def _cursor(actor: Actor, conversation_id: int) -> ReadCursor | None:
    row: ReadCursor | None = ReadCursor.get_or_none(
        (ReadCursor.conversation == conversation_id) & (ReadCursor.agent == actor.agent_id)
    )
    return row
