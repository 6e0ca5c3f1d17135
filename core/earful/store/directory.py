"""Queues and agents by the names that policies and routers use."""

from __future__ import annotations

from dataclasses import dataclass

from earful.store.models import Agent, Queue
from earful.store.states import AssignmentStrategy

__all__ = ["Directory", "QueueRef", "ensure_queue"]


@dataclass(frozen=True, slots=True)
class QueueRef:
    """A queue, as far as routing needs it."""

    id: int
    hands_out: bool = False
    """Whether it gives its conversations to agents by itself."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The active queues by name, who is there by e-mail, and the queue for everything else."""

    queues: dict[str, QueueRef]
    agents: dict[str, int]
    fallback: str

    @classmethod
    def load(cls, fallback: str) -> Directory:
        """Read it; the fallback queue is made if it is missing, so that nothing has no queue."""
        queues = _queues()
        if fallback not in queues:
            ensure_queue(fallback)
            queues = _queues()
        agents = Agent.select(Agent.email, Agent.id).where(Agent.active & ~Agent.away).tuples()
        return cls(queues, dict(agents), fallback)


def _queues() -> dict[str, QueueRef]:
    rows = Queue.select(Queue.name, Queue.id, Queue.assignment).where(Queue.active)
    return {
        name: QueueRef(queue_id, assignment is not AssignmentStrategy.BY_HAND)
        for name, queue_id, assignment in rows.tuples()
    }


def ensure_queue(name: str) -> None:
    """Make a queue of this name, or make it active again."""
    Queue.insert(name=name, description="Everything no policy decided").on_conflict(
        conflict_target=[Queue.name], update={Queue.active: True}
    ).execute()
