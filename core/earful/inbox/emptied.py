"""Conversations of which the platform took everything away: nobody waits, until it comes back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from earful.inbox import timeline
from earful.inbox.conversations import stop_clocks
from earful.store.database import locked
from earful.store.models import Conversation, Event
from earful.store.queries.emptied import nothing_left
from earful.store.states import ConversationStatus

__all__ = ["reopen_filled", "resolve_empty"]

_WAITING = (ConversationStatus.OPEN, ConversationStatus.SNOOZED)


def resolve_empty(conversation_ids: Collection[int], now: datetime) -> None:
    """Resolve those in which nothing is left of what people wrote and nothing was answered."""
    ids = list(conversation_ids)
    if not ids:
        return
    waiting = Conversation.select(Conversation.id).where(
        Conversation.id.in_(ids) & Conversation.status.in_(_WAITING) & nothing_left()
    )
    empty = [key for (key,) in locked(waiting.order_by(Conversation.id)).tuples()]
    (
        Conversation.update(status=ConversationStatus.RESOLVED, resolved_at=now, snoozed_until=None)
        .where(Conversation.id.in_(empty))
        .execute()
    )
    stop_clocks(empty, now)
    timeline.add([timeline.entry(each, "resolved", now, empty=True) for each in empty])


def reopen_filled(conversation_ids: Collection[int], now: datetime) -> None:
    """Open again those that were resolved for being empty, and by nobody since."""
    ids = list(conversation_ids)
    if not ids:
        return
    resolved = (
        Event.select(Event.conversation, Event.data)
        .join(Conversation)
        .where(
            Event.conversation.in_(ids)
            & (Event.kind == "resolved")
            & (Conversation.status == ConversationStatus.RESOLVED)
        )
        .order_by(Event.id)
    )
    last = dict(resolved.tuples())
    filled = [conversation_id for conversation_id, data in last.items() if data.get("empty")]
    (
        Conversation.update(
            status=ConversationStatus.OPEN, resolved_at=None, outcome="", waiting_since=now
        )
        .where(Conversation.id.in_(filled))
        .execute()
    )
    timeline.add([timeline.entry(each, "reopened", now) for each in filled])
