"""How far a change to very many conversations has come, and what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from earful.store.database import connection
from earful.store.models import BulkJob
from earful.store.queries.reading import select, tuples
from earful.store.states import BulkJobState

__all__ = ["MOST_NAMED", "BulkJobLine", "LeftOut", "bulk_job", "reasons"]

MOST_NAMED = 50
"""How many conversations are named of those that were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkJobLine:
    """One job, and how many of its conversations came to what."""

    id: int
    kind: str
    state: BulkJobState
    total: int
    done: int
    skipped: int
    undone: int
    kept: int
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_running(self) -> bool:
        return self.state in (BulkJobState.CHANGING, BulkJobState.UNDOING)

    @property
    def passed(self) -> int:
        """How many have had their turn."""
        if self.state in (BulkJobState.UNDOING, BulkJobState.UNDONE):
            return self.skipped + self.undone + self.kept
        return self.done + self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A conversation that was not changed, or not put back, and why."""

    conversation_id: int
    contact: str
    reason: str


def bulk_job(job_id: int, *, agent_id: int) -> BulkJobLine | None:
    """A job of somebody's own."""
    names = list(BulkJobLine.__dataclass_fields__)
    columns = [getattr(BulkJob, name) for name in names]
    query = BulkJob.select(*columns).where((BulkJob.id == job_id) & (BulkJob.agent == agent_id))
    with connection():
        found = tuples(query)
    return BulkJobLine(**dict(zip(names, found[0], strict=True))) if found else None


def reasons(job_id: int) -> Sequence[LeftOut]:
    """The first of those that were left out; one statement."""
    sql = (
        "SELECT item.conversation_id, contact.name, item.reason FROM bulk_item AS item"
        " JOIN conversation ON conversation.id = item.conversation_id"
        " JOIN contact ON contact.id = conversation.contact_id"
        " WHERE item.job_id = ? AND item.state IN ('skipped', 'kept') ORDER BY item.id LIMIT ?"
    )
    with connection():
        rows = select(sql, (job_id, MOST_NAMED))
    return [LeftOut(conversation_id=key, contact=name, reason=why) for key, name, why in rows]
