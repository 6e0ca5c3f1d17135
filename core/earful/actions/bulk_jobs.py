"""One change to more conversations than a request takes: done by a job, a few at a time.

The rows say how far it has come, and move together with what is changed: a job that is killed goes
on where it was, and one that runs twice finds nothing to do. What each change was is kept for a
day; while it is, everything can be put back exactly.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from earful.actions.actor import Actor, require
from earful.actions.bulk import AT_A_TIME, change_one, hold, put_back
from earful.actions.telling import mark_told_read
from earful.errors import ActionRefused
from earful.inbox.telling import Told, tell
from earful.runtime import Runtime
from earful.store import bulk
from earful.store.database import locked, transaction
from earful.store.models import Agent, AgentNotification, BulkItem, BulkJob
from earful.store.queries.inbox import MOST_IN_A_JOB
from earful.store.states import AgentNotificationKind, BulkItemState, BulkJobState, Role
from earful.store.unfinished import BULK_JOB_UNFINISHED
from earful.types import Priority
from earful.wording import gettext as _
from earful.wording import speaking

__all__ = [
    "UNDO_JOB_FOR",
    "continue_bulk_job",
    "forget_bulk_items",
    "read_bulk_job",
    "start_bulk_job",
    "undo_bulk_job",
]

PARTS_A_RUN = 10
"""How many transactions one run of the job makes; others in the job queue get their turn."""
LOST_AFTER = timedelta(seconds=30)
"""When a job that shows no progress is enqueued again."""
UNDO_JOB_FOR = timedelta(minutes=10)
ITEMS_KEPT = timedelta(days=1)


def start_bulk_job(
    _runtime: Runtime,
    actor: Actor,
    conversation_ids: Iterable[int],
    change: str,
    *values: Any,
    now: datetime,
) -> int:
    """Write down one of `BULK_CHANGES` to each of many; the ticker sees to it. Returns its id."""
    require(actor, Role.AGENT)
    ids = sorted(set(conversation_ids))
    if len(ids) > MOST_IN_A_JOB:
        raise ActionRefused(
            _("At most %(n)s conversations can be changed at once.", n=MOST_IN_A_JOB)
        )
    with transaction():
        job = BulkJob.create(
            agent=actor.agent_id,
            kind=change,
            arguments=[_plain(value) for value in values],
            total=len(ids),
            created_at=now,
            due_at=now,
        )
        bulk.insert(BulkItem, [{"job": job.id, "conversation_id": key} for key in ids])
    return int(job.id)


def continue_bulk_job(runtime: Runtime, job_id: int, *, now: datetime) -> bool:
    """Do the next ones, or undo them. True if there is more to do."""
    return all(_next_part(runtime, job_id, now) for _ in range(PARTS_A_RUN))


def undo_bulk_job(_runtime: Runtime, actor: Actor, job_id: int, *, now: datetime) -> None:
    """Have put back what a job of the actor's own changed, once and within `UNDO_JOB_FOR`."""
    require(actor, Role.AGENT)
    with transaction():
        moved = (
            BulkJob.update(state=BulkJobState.UNDOING, finished_at=None, due_at=now)
            .where(
                (BulkJob.id == job_id)
                & (BulkJob.agent == actor.agent_id)
                & (BulkJob.state == BulkJobState.DONE)
                & (BulkJob.finished_at >= now - UNDO_JOB_FOR)
            )
            .execute()
        )
    if not moved:
        raise ActionRefused(_("This cannot be undone any more."))


def read_bulk_job(_runtime: Runtime, actor: Actor, job_id: int, *, now: datetime) -> None:
    """The actor has seen what became of a job."""
    with transaction():
        mark_told_read(actor, now, AgentNotification.bulk_job_id == job_id)


def forget_bulk_items(*, now: datetime, limit: int) -> None:
    """Let the single conversations of old jobs go, some at a time."""
    old = BulkJob.select(BulkJob.id).where(
        (BulkJob.finished_at < now - ITEMS_KEPT) & (BulkJob.finished_at > now - 30 * ITEMS_KEPT)
    )
    ids = [
        key for (key,) in BulkItem.select(BulkItem.id).where(BulkItem.job.in_(old)).limit(limit)
        .tuples()
    ]  # fmt: skip
    if ids:
        with transaction():
            BulkItem.delete().where(BulkItem.id.in_(ids)).execute()


def _next_part(runtime: Runtime, job_id: int, now: datetime) -> bool:
    with transaction():
        # Held, so that two workers with the same job take turns.
        job = locked(
            BulkJob.select().where((BulkJob.id == job_id) & BULK_JOB_UNFINISHED)
        ).get_or_none()
        if job is None:
            return False
        is_change = job.state is BulkJobState.CHANGING
        state = BulkItemState.WAITING if is_change else BulkItemState.DONE
        items = list(
            BulkItem.select()
            .where((BulkItem.job == job_id) & (BulkItem.state == state))
            .order_by(BulkItem.id)
            .limit(AT_A_TIME)
        )
        if not items:
            _finish(job, now)
            return False
        hold([item.conversation_id for item in items])
        agent = Agent.get_by_id(job.agent_id)
        actor = Actor(agent.id, agent.name, agent.role if agent.active else Role.VIEWER)
        with speaking(agent.language):
            for item in items:
                if is_change:
                    _change(runtime, actor, job, item, now)
                else:
                    _undo(actor, item, now)
        _note(job, items, now)
    return True


def _change(runtime: Runtime, actor: Actor, job: BulkJob, item: BulkItem, now: datetime) -> None:
    values = [_value(job.kind, plain) for plain in job.arguments]
    key = item.conversation_id
    try:
        item.change = change_one(runtime, actor, key, job.kind, *values, now=now)
        item.state = BulkItemState.DONE
    except ActionRefused as refused:
        item.state, item.reason = BulkItemState.SKIPPED, str(refused)


def _undo(actor: Actor, item: BulkItem, now: datetime) -> None:
    is_back = not item.change["before"] or put_back(actor, item.change, now)
    item.state = BulkItemState.UNDONE if is_back else BulkItemState.KEPT
    item.reason = "" if is_back else _("Somebody changed it since; it stays as it is.")


def _note(job: BulkJob, items: list[BulkItem], now: datetime) -> None:
    """Write down how far it has come."""
    states = [item.state for item in items]
    bulk.update(
        BulkItem,
        [
            {"id": item.id, "state": item.state, "reason": item.reason, "change": item.change}
            for item in items
        ],
    )
    BulkJob.update(
        done=BulkJob.done + states.count(BulkItemState.DONE),
        skipped=BulkJob.skipped + states.count(BulkItemState.SKIPPED),
        undone=BulkJob.undone + states.count(BulkItemState.UNDONE),
        kept=BulkJob.kept + states.count(BulkItemState.KEPT),
        due_at=now + LOST_AFTER,
    ).where(BulkJob.id == job.id).execute()


def _finish(job: BulkJob, now: datetime) -> None:
    is_change = job.state is BulkJobState.CHANGING
    state = BulkJobState.DONE if is_change else BulkJobState.UNDONE
    BulkJob.update(state=state, finished_at=now).where(BulkJob.id == job.id).execute()
    if is_change:
        told = Told(job.agent_id, None, bulk_job_id=job.id)
        tell(AgentNotificationKind.BULK_DONE, [told], now=now)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _value(change: str, plain: Any) -> Any:
    if change == "snooze":
        return datetime.fromisoformat(plain) if plain else None
    return Priority(plain) if change == "priority" else plain
