"""How conversations move when messages arrive and when somebody answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from earful.inbox import timeline
from earful.inbox.text import is_mere_thanks, snippet
from earful.store import bulk
from earful.store.database import locked
from earful.store.models import NEVER, Clock, Conversation
from earful.store.states import ConversationStatus
from earful.store.unfinished import CLOCK_RUNS

__all__ = ["Arrival", "answered", "arrived", "stop_clocks"]

_WAITING_FOR_THEM = frozenset(
    {ConversationStatus.RESOLVED, ConversationStatus.PENDING, ConversationStatus.SNOOZED}
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message that has just been stored."""

    conversation_id: int
    text: str
    sent_at: datetime
    is_ours: bool
    is_removed: bool


def arrived(arrivals: Sequence[Arrival], now: datetime) -> None:
    """Move each conversation on by what arrived in it: last message, waiting, reopening."""
    by_conversation: dict[int, list[Arrival]] = {}
    for arrival in arrivals:
        by_conversation.setdefault(arrival.conversation_id, []).append(arrival)
    rows = locked(
        Conversation.select(
            Conversation.id,
            Conversation.status,
            Conversation.started_by_us,
            Conversation.message_count,
            Conversation.last_message_at,
            Conversation.waiting_since,
            Conversation.snippet,
        )
        .where(Conversation.id.in_(list(by_conversation)))
        .order_by(Conversation.id)
    ).tuples()
    changes, entries, answers = [], [], []
    for row in rows:
        change = _moved(by_conversation[row[0]], *row)
        if change["status"] is ConversationStatus.OPEN is not row[1]:
            entries.append(timeline.entry(row[0], "reopened", now))
        changes.append(change)
        newest, last_message_at = by_conversation[row[0]][-1], row[4]
        # An answer that comes late does not answer what was asked after it.
        if newest.is_ours and newest.sent_at >= last_message_at:
            answers.append(row[0])
    bulk.update(Conversation, changes)
    _wake([each["conversation"] for each in entries])
    timeline.add(entries)
    if answers:
        answered(answers, now)


def _moved(
    arrivals: list[Arrival],
    conversation_id: int,
    status: ConversationStatus,
    started_by_us: bool,  # noqa: FBT001
    count: int,
    last_message_at: datetime,
    waiting_since: datetime | None,
    last_snippet: str,
) -> dict[str, object]:
    arrivals.sort(key=lambda arrival: arrival.sent_at)
    asking = [
        each
        for each in arrivals
        if not (each.is_ours or each.is_removed or is_mere_thanks(each.text))
    ]
    if asking and (status in _WAITING_FOR_THEM or _is_first_answer_to_us(status, started_by_us)):
        status = ConversationStatus.OPEN
    if asking and status is ConversationStatus.OPEN:
        waiting_since = waiting_since or asking[0].sent_at
    if count == 0 and all(each.is_removed for each in arrivals):
        # Nothing of it can be seen, so nobody waits; what follows opens it.
        status = ConversationStatus.RESOLVED
    newest = arrivals[-1]
    return {
        "id": conversation_id,
        "status": status,
        "started_by_us": started_by_us and not asking,
        "message_count": count + len(arrivals),
        "last_message_at": max(last_message_at, newest.sent_at),
        "waiting_since": waiting_since,
        "snippet": snippet(newest.text) if newest.sent_at >= last_message_at else last_snippet,
    }


def _wake(reopened: Sequence[int]) -> None:
    """What was said when they were put to rest holds no more."""
    if reopened:
        (
            Conversation.update(resolved_at=None, snoozed_until=None, outcome="")
            .where(Conversation.id.in_(reopened))
            .execute()
        )


def _is_first_answer_to_us(status: ConversationStatus, started_by_us: bool) -> bool:  # noqa: FBT001
    return started_by_us and status is ConversationStatus.IGNORED


def answered(conversation_ids: Iterable[int], at: datetime) -> None:
    """Stop the response clocks: we have answered, and now it is theirs to speak."""
    ids = list(set(conversation_ids))
    (Clock.update(met_at=at).where(Clock.conversation.in_(ids) & CLOCK_RUNS).execute())
    (
        Conversation.update(due_at=NEVER, waiting_since=None)
        .where(Conversation.id.in_(ids))
        .execute()
    )
    (
        Conversation.update(status=ConversationStatus.PENDING)
        .where(Conversation.id.in_(ids) & (Conversation.status == ConversationStatus.OPEN))
        .execute()
    )


def stop_clocks(conversation_ids: Iterable[int], at: datetime) -> None:
    """Call the running clocks off, because nobody waits for an answer any more."""
    ids = list(conversation_ids)
    if not ids:
        return
    Clock.update(cancelled_at=at).where(Clock.conversation.in_(ids) & CLOCK_RUNS).execute()
    (
        Conversation.update(due_at=NEVER, waiting_since=None)
        .where(Conversation.id.in_(ids))
        .execute()
    )
