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
    with transaction():
        due = list(
            locked(
                Conversation.select(Conversation.id)
                .where(SNOOZED & (Conversation.snoozed_until <= now))
                .order_by(Conversation.snoozed_until)
                .limit(limit)
            )
        )
        for conversation in due:
            change_status(conversation, ConversationStatus.OPEN, "woken", now=now)
    return len(due)
