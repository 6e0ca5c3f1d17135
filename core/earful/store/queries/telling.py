"""What an agent is told of, newest first, and how much of it is unread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from earful.store.database import connection
from earful.store.queries.reading import holders, moment, select, stored
from earful.store.queries.references import AgentName, agent_name
from earful.store.states import AgentNotificationKind

__all__ = ["Notice", "count_unread", "notices", "unread_between", "unread_notices"]

MOST_COUNTED = 100
PAGE = 50


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of a change to many conversations."""

    id: int
    total: int
    done: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing an agent is told: `by` did it in a conversation with `contact`, or a bulk job."""

    id: int
    kind: AgentNotificationKind
    at: datetime
    is_unread: bool
    conversation_id: int | None
    contact: str
    snippet: str
    by: AgentName | None
    bulk_job: BulkResult | None = None

    @property
    def path(self) -> str:
        """Where it leads."""
        if self.bulk_job is not None:
            return f"/inbox/bulk/job/{self.bulk_job.id}"
        return f"/?c={self.conversation_id}"


_COLUMNS = (
    "SELECT told.id, told.kind, told.at, told.read_at, told.conversation_id, contact.name,"
    " conversation.snippet, agent.id, agent.name, agent.initials,"
    " bulk_job.id, bulk_job.total, bulk_job.done, bulk_job.skipped FROM agent_notification AS told"
    " LEFT JOIN conversation ON conversation.id = told.conversation_id"
    " LEFT JOIN contact ON contact.id = conversation.contact_id"
    " LEFT JOIN bulk_job ON bulk_job.id = told.bulk_job_id"
    " LEFT JOIN agent ON agent.id = told.by_id WHERE told.agent_id = ?"
)


def notices(agent_id: int, *, before: int | None = None) -> Sequence[Notice]:
    """A page of what an agent was told, before a notification where one is given."""
    sql = f"{_COLUMNS} AND told.id < ? ORDER BY told.id DESC LIMIT ?"
    return _read(sql, (agent_id, before or 2**62, PAGE))


def unread_notices(agent_id: int, *, after: int, limit: int) -> Sequence[Notice]:
    """The newest unread ones after a notification."""
    sql = f"{_COLUMNS} AND told.read_at IS NULL AND told.id > ? ORDER BY told.id DESC LIMIT ?"
    return _read(sql, (agent_id, after, limit))


def unread_between(
    agent_id: int, kinds: Sequence[str], *, since: datetime, until: datetime, limit: int
) -> Sequence[Notice]:
    """The newest unread ones of these kinds, told after `since` and up to `until`."""
    sql = (
        f"{_COLUMNS} AND told.read_at IS NULL AND told.at > ? AND told.at <= ?"
        f" AND told.kind IN ({holders(kinds)}) ORDER BY told.id DESC LIMIT ?"
    )
    return _read(sql, (agent_id, stored(since), stored(until), *map(str, kinds), limit))


def count_unread(agent_id: int) -> tuple[int, int]:
    """How many are unread, counted to 100, and the newest of them."""
    sql = (
        "SELECT count(*), max(id) FROM (SELECT id FROM agent_notification"
        " WHERE agent_id = ? AND read_at IS NULL ORDER BY id DESC LIMIT ?) AS unread"
    )
    with connection():
        count, newest = select(sql, (agent_id, MOST_COUNTED))[0]
    return count, newest or 0


def _read(sql: str, values: Sequence[object]) -> Sequence[Notice]:
    with connection():
        rows = select(sql, values)
    return [
        Notice(
            id=key,
            kind=AgentNotificationKind(kind),
            at=moment(at),
            is_unread=read_at is None,
            conversation_id=conversation_id,
            contact=contact or "",
            snippet=snippet or "",
            by=agent_name(*more[:3]),
            bulk_job=BulkResult(*more[3:]) if more[3] else None,
        )
        for key, kind, at, read_at, conversation_id, contact, snippet, *more in rows
    ]
