"""Queues give their conversations to agents who are there and free, and take them back.

A queue with members gives them to its members only, and lets them wait where none of these is free.

Whoever hands out holds, after the conversations, the rows of all queues that do, in the order of
their ids. So only one does at a time: nothing is given twice, and no capacity is exceeded.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from earful.inbox import timeline
from earful.inbox.telling import Told, tell
from earful.store.database import locked, transaction
from earful.store.models import Agent, Conversation, Queue
from earful.store.queries.assigning import Candidate, candidates, needs_of
from earful.store.states import AgentNotificationKind, AssignmentStrategy, ConversationStatus
from earful.wording import mark

__all__ = ["hand_out", "hand_out_waiting", "return_from_absent", "return_held"]

_NAMES = {
    AssignmentStrategy.ROUND_ROBIN: mark("round robin"),
    AssignmentStrategy.LEAST_LOADED: mark("least loaded"),
    AssignmentStrategy.BY_SKILL: mark("by skill"),
}
_THEIR_TURN = mark("their turn among those who are there and free")


@dataclass(slots=True)
class _Round:
    """One hand-out: its queues and people, held and read once, and what it writes."""

    queues: dict[int, Queue]
    people: list[Candidate]
    entries: list[timeline.Entry] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)


def hand_out(
    conversation_ids: Iterable[int],
    *,
    now: datetime,
    without: int | None = None,
    tell_waiting: bool = False,
) -> None:
    """Give these to agents, where they are open, nobody's, and in a queue that hands out.

    `without` gets none this time. With `tell_waiting` the timeline tells of those nobody was free
    for. Inside the caller's transaction, which may hold the conversations already.
    """
    ids = sorted(conversation_ids)
    waiting = _waiting(ids) if ids else []
    if not waiting:
        return
    queues = _held_queues()
    waiting = [each for each in waiting if each.queue_id in queues]
    work = _Round(queues, [each for each in candidates() if each.id != without])
    by_skill = [
        each.id
        for each in waiting
        if queues[each.queue_id].assignment is AssignmentStrategy.BY_SKILL
    ]
    needs = needs_of(by_skill)
    for conversation in waiting:
        _give(work, conversation, needs.get(conversation.id, frozenset()), now, tell_waiting)
    for queue in queues.values():
        if queue.is_dirty():
            queue.save(only=[Queue.last_assigned_id])
    timeline.add(work.entries)
    tell(AgentNotificationKind.ASSIGNED, work.told, now=now)


def _waiting(ids: Sequence[int]) -> list[Conversation]:
    return list(
        locked(
            Conversation.select(Conversation.id, Conversation.queue)
            .where(
                Conversation.id.in_(ids)
                & Conversation.assignee.is_null()
                & Conversation.queue.in_(Queue.select(Queue.id).where(_handing()))
                & (Conversation.status == ConversationStatus.OPEN)
            )
            .order_by(Conversation.id)
        )
    )


def _held_queues() -> dict[int, Queue]:
    query = Queue.select().where(_handing()).order_by(Queue.id)
    return {queue.id: queue for queue in locked(query)}


def _handing() -> Any:
    """The queues that hand out."""
    return Queue.active & (Queue.assignment != AssignmentStrategy.BY_HAND)


def _give(
    work: _Round,
    conversation: Conversation,
    needs: frozenset[str],
    now: datetime,
    tell_waiting: bool,  # noqa: FBT001
) -> None:
    queue = work.queues[conversation.queue_id]
    members = frozenset(queue.members)
    free = [each for each in work.people if each.is_free and (not members or each.id in members)]
    if not free:
        if tell_waiting:
            entry = timeline.entry(conversation.id, "not_assigned", now, queue=queue.name)
            work.entries.append(entry)
        return
    chosen, why = _choose(queue, free, needs)
    chosen.load += 1
    queue.last_assigned_id = chosen.id
    Conversation.update(assignee=chosen.id).where(Conversation.id == conversation.id).execute()
    work.told.append(Told(chosen.id, conversation.id))
    work.entries.append(
        timeline.entry(
            conversation.id,
            "assigned",
            now,
            to=chosen.name,
            to_id=chosen.id,
            by=f"{queue.name}: {_NAMES[queue.assignment]}",
            **why,
        )
    )


def _choose(
    queue: Queue, free: Sequence[Candidate], needs: frozenset[str]
) -> tuple[Candidate, dict[str, Any]]:
    """Who gets it, and why: facts, worded where they are shown. The same rows give the same."""
    least = min(free, key=lambda each: (each.load, each.id))
    if queue.assignment is AssignmentStrategy.ROUND_ROBIN:
        last = queue.last_assigned_id or 0
        chosen = min(free, key=lambda each: (each.id <= last, each.id))
        return chosen, {"reason": _THEIR_TURN}
    if queue.assignment is AssignmentStrategy.BY_SKILL:
        chosen = min(free, key=lambda each: (-len(each.skills & needs), each.load, each.id))
        if fitting := sorted(chosen.skills & needs):
            return chosen, {"knows": fitting, "load": chosen.load}
        return least, {"wanted": sorted(needs)[:5], "load": least.load}
    return least, {"load": least.load}


# What waits, and what the absent hold


def hand_out_waiting(*, now: datetime, limit: int) -> None:
    """Give out what found nobody free before. The most urgent of each queue first."""
    for (queue_id,) in list(Queue.select(Queue.id).where(_handing()).tuples()):
        waiting = (
            Conversation.select(Conversation.id)
            .where(
                (Conversation.queue == queue_id)
                & (Conversation.status == ConversationStatus.OPEN)
                & Conversation.assignee.is_null()
            )
            .order_by(Conversation.due_at, Conversation.id)
            .limit(limit)
        )
        ids = [key for (key,) in waiting.tuples()]
        if ids:
            with transaction():
                hand_out(ids, now=now)


def return_from_absent(*, now: datetime, limit: int) -> None:
    """What people who are away or shut out hold open goes back to its queue."""
    holding = (
        Agent.select(Agent.id)
        .join(Conversation, on=Conversation.assignee == Agent.id)
        .where((Agent.away | ~Agent.active) & (Conversation.status == ConversationStatus.OPEN))
        .distinct()
    )
    for (agent_id,) in list(holding.tuples()):
        return_held(agent_id, "away", now=now, limit=limit)


def return_held(
    agent_id: int, reason: str, *, now: datetime, limit: int, by: int | None = None
) -> int:
    """Take an agent's open conversations back to their queues, which hand them out again.

    `by` is who asked for it. Returns how many there were, at most `limit`.
    """
    former = Agent.get_by_id(agent_id)
    with transaction():
        held: list[Any] = list(
            locked(
                Conversation.select(Conversation.id)
                .where(
                    (Conversation.assignee == agent_id)
                    & (Conversation.status == ConversationStatus.OPEN)
                )
                .order_by(Conversation.id)
                .limit(limit)
            )
        )
        ids = [each.id for each in held]
        if ids:
            Conversation.update(assignee=None).where(Conversation.id.in_(ids)).execute()
            facts = {"former": former.name, "former_id": agent_id, "reason": reason}
            timeline.add(
                [timeline.entry(key, "returned", now, agent_id=by, **facts) for key in ids]
            )
            if by != agent_id:
                told = [Told(agent_id, key, by) for key in ids]
                tell(AgentNotificationKind.RETURNED, told, now=now)
            hand_out(ids, now=now, without=agent_id)
    return len(ids)
