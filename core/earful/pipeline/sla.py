"""Clocks: a routed message starts the one its queue promises, in business hours.

Clocks are rows with a due time, so that they survive restarts and can be shown and explained.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from earful.business_hours import BusinessHours
from earful.inbox import timeline
from earful.inbox.notices import announce
from earful.runtime import Runtime
from earful.store import bulk
from earful.store.database import hold, locked, transaction
from earful.store.models import Clock, Conversation, Message, Queue
from earful.store.queries.reading import among
from earful.store.stages import held, move
from earful.store.states import ClockKind, ConversationStatus, Stage
from earful.store.unfinished import CLOCK_UNBREACHED

__all__ = ["breach", "start_clocks"]


def start_clocks(runtime: Runtime, message_ids: Sequence[int]) -> None:
    """Start the first-response clock of conversations that wait for one, and move messages on.

    It starts when the message reached us: before that nobody here could have answered. It keeps the
    due time it was given: hours saved later count for later clocks.
    """
    with transaction():
        waiting = held(message_ids, Stage.ROUTED)
        if not waiting:
            return
        _hold(set(waiting.values()))
        hours = runtime.hours_in_force()
        rows = [
            _clock(hours, conversation_id, received_at, minutes)
            for conversation_id, received_at, minutes in _candidates(list(waiting))
        ]
        if rows:
            bulk.insert(Clock, rows, ignore_known=True)
            bulk.update(
                Conversation,
                [{"id": row["conversation"], "due_at": row["due_at"]} for row in rows],
            )
        move(waiting, Stage.CLOCKED)


def _hold(conversation_ids: Collection[int]) -> None:
    """Keep the conversations as they are: a clock that starts on an answered one never stops."""
    hold(
        Conversation.select(Conversation.id)
        .where(among(Conversation.id, conversation_ids))
        .order_by(Conversation.id)
    )


def _candidates(message_ids: Sequence[int]) -> list[tuple[int, datetime, int]]:
    """Open conversations whose queue has a target and whose first-response clock never ran."""
    rows = (
        Message.select(Message.conversation, Message.received_at, Queue.first_response_minutes)
        .join(Conversation)
        .join(Queue)
        .where(
            among(Message.id, message_ids)
            & (Conversation.status == ConversationStatus.OPEN)
            & Conversation.waiting_since.is_null(is_null=False)
            & Queue.first_response_minutes.is_null(is_null=False)
        )
        .order_by(Message.id)
        .tuples()
    )
    first: dict[int, tuple[int, datetime, int]] = {}
    for row in rows:
        first.setdefault(row[0], row)
    had = Clock.select(Clock.conversation).where(
        among(Clock.conversation, first) & (Clock.kind == ClockKind.FIRST_RESPONSE)
    )
    for (conversation_id,) in had.tuples() if first else ():
        first.pop(conversation_id, None)
    return list(first.values())


def _clock(
    hours: BusinessHours, conversation_id: int, start: datetime, minutes: int
) -> dict[str, Any]:
    return {
        "conversation": conversation_id,
        "kind": ClockKind.FIRST_RESPONSE,
        "started_at": start,
        "due_at": hours.add(start, minutes),
        "explanation": hours.explain(start, minutes),
    }


def breach(clock_id: int, notifiers: Sequence[str], *, now: datetime) -> None:
    """Note that a clock has run out; it keeps running, and is noted only once."""
    with transaction():
        clock = (
            locked(Clock.select())
            .where((Clock.id == clock_id) & (Clock.due_at <= now) & CLOCK_UNBREACHED)
            .get_or_none()
        )
        if clock is None:
            return
        Clock.update(breached_at=now).where(Clock.id == clock_id).execute()
        timeline.add(
            [timeline.entry(clock.conversation_id, "clock_breached", now, clock=clock.kind)]
        )
        late = int((now - clock.due_at) / timedelta(minutes=1))
        announce(
            notifiers,
            kind="clock_breached",
            key=f"clock:{clock_id}",
            title=f"A {clock.kind.replace('_', ' ')} is overdue",
            body=f"Due {clock.due_at:%Y-%m-%d %H:%M} UTC, {late} minutes ago.",
            conversation_id=clock.conversation_id,
            now=now,
        )
