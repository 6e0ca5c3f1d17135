"""How a conversation changes its status other than by a message."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful.inbox import timeline
from earful.inbox.conversations import stop_clocks
from earful.store.database import locked, transaction
from earful.store.models import Conversation
from earful.store.states import ConversationStatus
from earful.store.unfinished import SNOOZED

__all__ = ["change_status", "wake_snoozed"]

_AT_REST = frozenset({ConversationStatus.RESOLVED, ConversationStatus.IGNORED})


def change_status(
    conversation: Conversation,
    status: ConversationStatus,
    kind: str,
    *,
    now: datetime,
    agent_id: int | None = None,
    outcome: str = "",
    snoozed_until: datetime | None = None,
    **data: Any,
) -> None:
    """Move a conversation, note it on the timeline, and stop clocks where nobody waits."""
    Conversation.update(
        status=status,
        outcome=outcome,
        snoozed_until=snoozed_until,
        resolved_at=now if status is ConversationStatus.RESOLVED else None,
    ).where(Conversation.id == conversation.id).execute()
    if status in _AT_REST:
        stop_clocks([conversation.id], now)
    if outcome:
        data["outcome"] = outcome
    timeline.add([timeline.entry(conversation.id, kind, now, agent_id=agent_id, **data)])


def wake_snoozed(*, now: datetime, limit: int) -> int:
    """Open the conversations whose snooze is over."""
    due = SNOOZED & (Conversation.snoozed_until <= now)
    query = Conversation.select(Conversation.id).where(due)
    found = _ids(query.order_by(Conversation.snoozed_until).limit(limit))
    if not found:
        return 0
    with transaction():
        # In the order in which everybody takes conversations, so that no two wait for each other.
        query = query.where(Conversation.id.in_(found))
        woken = _ids(locked(query.order_by(Conversation.id)))
        Conversation.update(status=ConversationStatus.OPEN, outcome="", snoozed_until=None).where(
            Conversation.id.in_(woken)
        ).execute()
        timeline.add([timeline.entry(each, "woken", now) for each in woken])
    return len(woken)


def _ids(query: Any) -> list[int]:
    return [key for (key,) in query.tuples()]
