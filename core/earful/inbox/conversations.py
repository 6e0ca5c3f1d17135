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
from earful.store.queries.reading import among
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
    opens: bool = True
    """Whether it may open a conversation."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """A conversation as it stood before something arrived in it."""

    id: int
    status: ConversationStatus
    started_by_us: bool
    message_count: int
    last_message_at: datetime
    waiting_since: datetime | None
    snippet: str
    queue_id: int | None

    @property
    def nobody_asked(self) -> bool:
        """Ignored since it began: our own words, or what was only overheard."""
        is_unasked = self.started_by_us or self.queue_id is None
        return is_unasked and self.status is ConversationStatus.IGNORED


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
            Conversation.queue,
        )
        .where(among(Conversation.id, by_conversation))
        .order_by(Conversation.id)
    ).tuples()
    changes, entries, answers = [], [], []
    for before in (_Standing(*row) for row in rows):
        change = _moved(by_conversation[before.id], before)
        if change["status"] is ConversationStatus.OPEN is not before.status:
            entries.append(timeline.entry(before.id, "reopened", now))
        changes.append(change)
        newest = by_conversation[before.id][-1]
        # An answer that comes late does not answer what was asked after it.
        if newest.is_ours and newest.sent_at >= before.last_message_at:
            answers.append(before.id)
    bulk.update(Conversation, changes)
    _wake([each["conversation"] for each in entries])
    timeline.add(entries)
    if answers:
        answered(answers, now)


def _moved(arrivals: list[Arrival], before: _Standing) -> dict[str, object]:
    arrivals.sort(key=lambda arrival: arrival.sent_at)
    asking = [
        each
        for each in arrivals
        if not (each.is_ours or each.is_removed or is_mere_thanks(each.text))
    ]
    status, waiting_since = before.status, before.waiting_since
    if any(each.opens for each in asking) and (status in _WAITING_FOR_THEM or before.nobody_asked):
        status = ConversationStatus.OPEN
    if asking and status is ConversationStatus.OPEN:
        waiting_since = waiting_since or asking[0].sent_at
    if before.message_count == 0 and all(each.is_removed for each in arrivals):
        # Nothing of it can be seen, so nobody waits; what follows opens it.
        status = ConversationStatus.RESOLVED
    newest = arrivals[-1]
    is_newest = newest.sent_at >= before.last_message_at
    return {
        "id": before.id,
        "status": status,
        "started_by_us": before.started_by_us and not asking,
        "message_count": before.message_count + len(arrivals),
        "last_message_at": max(before.last_message_at, newest.sent_at),
        "waiting_since": waiting_since,
        "snippet": snippet(newest.text) if is_newest else before.snippet,
    }


def _wake(reopened: Sequence[int]) -> None:
    """What was said when they were put to rest holds no more."""
    if reopened:
        (
            Conversation.update(resolved_at=None, snoozed_until=None, outcome="")
            .where(Conversation.id.in_(reopened))
            .execute()
        )


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
