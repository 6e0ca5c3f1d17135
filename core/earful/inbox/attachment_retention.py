"""Lets attachments go whose time is over: what was never sent, and the bytes of what was."""

from __future__ import annotations

from datetime import datetime, timedelta

from earful.store.database import transaction
from earful.store.models import ReplyAttachment
from earful.store.queries.attachments import due_attachments
from earful.store.states import ON_ITS_WAY

__all__ = ["let_go"]

LATER = timedelta(days=1)
"""When what is still needed is looked at again."""


def let_go(*, now: datetime, limit: int) -> None:
    """Go through what is due, some at a time.

    A file beside words that wait stays with them; one whose reply is on its way stays, too.
    """
    with transaction():
        due = due_attachments(now, limit)
        needed = [key for key, _, state, words in due if words or state in ON_ITS_WAY]
        unsent = [key for key, reply, _, words in due if reply is None and not words]
        over = {key for key, *_ in due} - {*needed, *unsent}
        ReplyAttachment.update(keep_until=now + LATER).where(
            ReplyAttachment.id.in_(needed)
        ).execute()
        ReplyAttachment.delete().where(
            ReplyAttachment.id.in_(unsent), ReplyAttachment.reply.is_null()
        ).execute()
        ReplyAttachment.update(keep_until=None, body=b"").where(
            ReplyAttachment.id.in_(list(over)), ~ReplyAttachment.reply.is_null()
        ).execute()
