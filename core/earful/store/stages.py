"""Compare-and-set on a message's stage: what lets every step run twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from earful.store.database import locked
from earful.store.models import Message
from earful.store.states import Stage

__all__ = ["held", "move"]


def held(message_ids: Sequence[int], stage: Stage) -> dict[int, int]:
    """The messages still in `stage`, held until the transaction ends, with their conversations."""
    rows = locked(
        Message.select(Message.id, Message.conversation)
        .where(Message.id.in_(message_ids) & (Message.stage == stage))
        .order_by(Message.id)
    )
    return dict(rows.tuples())


def move(message_ids: Iterable[int], to: Stage) -> None:
    """Move messages that are held."""
    ids = list(message_ids)
    if ids:
        Message.update(stage=to).where(Message.id.in_(ids)).execute()
