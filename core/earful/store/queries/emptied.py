"""Which conversations the platform left nothing of."""

from __future__ import annotations

from typing import Any

from peewee import SQL, fn

from earful.store.models import Conversation, Message, Reply
from earful.store.states import Direction, ReplyState
from earful.types import RemovalKind

__all__ = ["nothing_left"]

_NO_REPLIES = (ReplyState.DRAFT, ReplyState.FAILED, ReplyState.UNDONE)


def nothing_left() -> Any:
    """A condition: nothing of what people wrote is left, and nothing was answered.

    One line is enough to know that something is, however long the conversation. What is hidden
    counts as left: it can still be answered in private.
    """
    left = Message.select(SQL("1")).where(
        (Message.conversation == Conversation.id)
        & (Message.direction == Direction.IN)
        & (Message.removal.is_null() | (Message.removal == RemovalKind.HIDDEN))
    )
    replied = Reply.select(SQL("1")).where(
        (Reply.conversation == Conversation.id) & Reply.state.not_in(_NO_REPLIES)
    )
    return ~fn.EXISTS(left) & ~fn.EXISTS(replied)
