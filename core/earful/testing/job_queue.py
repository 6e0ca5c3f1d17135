"""A job queue in memory: keeps what is enqueued, and runs it when a test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from earful.job_queue import QUEUES, FailedJob, JobQueue, JobQueueUnavailable, WorkerInfo

__all__ = ["MemoryJobQueue"]

Call = tuple[str, tuple[int | str, ...]]
_Waiting = deque[tuple[str | None, Call]]


class MemoryJobQueue(JobQueue):
    """Answers like the real one. Set `away` to let every call fail as if the server were gone."""

    def __init__(self) -> None:
        self.away = False
        self._waiting: dict[str, deque[tuple[str | None, Call]]] = {
            name: deque() for name in QUEUES
        }

    def close(self) -> None:
        """Nothing is open."""

    def ping(self) -> None:
        self._answer()

    def enqueue(
        self, job: str, *ids: int | str, on: str = "triage", unique: str | None = None
    ) -> bool:
        self._answer()
        waiting = self._waiting[on]
        if unique is not None and any(unique == mark for mark, _ in waiting):
            return False
        waiting.append((unique, (job, ids)))
        return True

    def enqueue_many(
        self, job: str, ids: Iterable[int | str], *, on: str = "triage", unique: bool = False
    ) -> int:
        return sum(
            self.enqueue(job, each, on=on, unique=f"{job}:{each}" if unique else None)
            for each in ids
        )

    def waiting(self, on: str | None = None) -> list[Call]:
        """What waits, as (job, ids), in the order in which it will run."""
        names = QUEUES if on is None else (on,)
        return [call for name in names for _, call in self._waiting[name]]

    def take(self) -> Call | None:
        """The next job, which waits no more."""
        for waiting in self._waiting.values():
            if waiting:
                return waiting.popleft()[1]
        return None

    def depths(self) -> dict[str, int]:
        self._answer()
        return {name: len(waiting) for name, waiting in self._waiting.items()}

    def oldest_job_age(self) -> float | None:
        self._answer()
        return None

    def failed(self, limit: int = 50) -> list[FailedJob]:  # noqa: ARG002 - nothing fails here
        self._answer()
        return []

    def retry(self, job_id: str) -> bool:  # noqa: ARG002
        self._answer()
        return False

    def workers(self) -> list[WorkerInfo]:
        self._answer()
        return []

    def empty(self) -> None:
        self._answer()
        for waiting in self._waiting.values():
            waiting.clear()

    def _answer(self) -> None:
        if self.away:
            message = "The job queue does not answer: it was switched off by the test"
            raise JobQueueUnavailable(message)
