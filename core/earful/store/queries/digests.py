"""What a digest tells one person, and who has something to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from earful.store.database import connection
from earful.store.queries.reading import moment, select, stored
from earful.store.queries.telling import Notice, unread_between
from earful.store.states import DigestPace

__all__ = ["MOST_READ", "DigestNews", "Overdue", "digest_news", "who_has_news"]

MOST_READ = 100
"""How many of each a digest looks at; it names fewer."""
MOST_HELD = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """An open conversation of theirs whose answer was due by now."""

    conversation_id: int
    contact: str
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestNews:
    """What is new to somebody, the newest first; how much they hold open, and how late it is."""

    notices: Sequence[Notice]
    overdue: Sequence[Overdue]
    held: int = 0
    held_overdue: int = 0

    def __len__(self) -> int:
        return len(self.notices) + len(self.overdue)


# `since` is where the last digest ended. Each person costs three looks into an index.
_WHO = (
    "SELECT id, since FROM (SELECT agent.id AS id, coalesce((SELECT max(digest.until) FROM digest"
    " WHERE digest.agent_id = agent.id AND digest.until > ?), ?) AS since FROM agent"
    " WHERE agent.active AND agent.email <> '' AND {paces}"
    " AND agent.id NOT IN (SELECT agent_id FROM digest WHERE state IN ('waiting', 'sending'))"
    ") AS person WHERE since < ? AND ("
    "EXISTS (SELECT 1 FROM agent_notification AS told WHERE told.agent_id = person.id"
    " AND told.read_at IS NULL AND told.at > person.since AND told.at <= ?)"
    " OR EXISTS (SELECT 1 FROM conversation WHERE conversation.assignee_id = person.id"
    " AND conversation.status = 'open' AND conversation.due_at > person.since"
    " AND conversation.due_at <= ?)) ORDER BY id"
)
_PACES = {
    DigestPace.DAILY: "agent.digest = 'daily'",
    DigestPace.HOURLY: "(agent.digest = 'hourly' OR (agent.digest = 'when_away' AND agent.away))",
}


def who_has_news(
    pace: DigestPace, *, floor: datetime, until: datetime
) -> list[tuple[int, datetime]]:
    """Those of a pace with news up to `until`, and since when; never from before `floor`.

    Whoever has a digest on its way gets no second one; what is new goes into the next.
    `HOURLY` includes those who want it hourly while they are away, and are.
    """
    first, last = stored(floor), stored(until)
    with connection():
        found = select(_WHO.format(paces=_PACES[pace]), (first, first, last, last, last))
    return [(agent_id, moment(since)) for agent_id, since in found]


def digest_news(
    agent_id: int,
    kinds: Sequence[str],
    *,
    with_overdue: bool,
    since: datetime,
    until: datetime,
) -> DigestNews:
    """What came after `since` and up to `until` that they have not seen; three statements."""
    overdue = (
        "SELECT conversation.id, contact.name, conversation.due_at FROM conversation"
        " JOIN contact ON contact.id = conversation.contact_id"
        " WHERE conversation.assignee_id = ? AND conversation.status = 'open'"
        " AND conversation.due_at > ? AND conversation.due_at <= ?"
        " ORDER BY conversation.due_at DESC LIMIT ?"
    )
    held = (
        "SELECT count(*), coalesce(sum(CASE WHEN due_at <= ? THEN 1 ELSE 0 END), 0) FROM"
        " (SELECT due_at FROM conversation WHERE assignee_id = ? AND status = 'open'"
        " ORDER BY due_at LIMIT ?) AS held"
    )
    first, last = stored(since), stored(until)
    with connection():
        notices = unread_between(agent_id, kinds, since=since, until=until, limit=MOST_READ)
        late = select(overdue, (agent_id, first, last, MOST_READ)) if with_overdue else []
        ((count, late_count),) = select(held, (last, agent_id, MOST_HELD))
    return DigestNews(
        notices=notices,
        overdue=[
            Overdue(conversation_id=key, contact=name, due_at=moment(due_at))
            for key, name, due_at in late
        ],
        held=count,
        held_overdue=int(late_count),
    )
