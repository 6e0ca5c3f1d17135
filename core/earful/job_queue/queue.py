"""Puts jobs into the five job queues and tells how they stand. Running them is the worker's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.utils import as_text, utcparse
from rq.worker_registration import get_keys

from earful.job_queue.embedded import ServerSettings, server_url
from earful.job_queue.errors import JobQueueUnavailable

__all__ = ["QUEUES", "FailedJob", "JobQueue", "WorkerInfo"]


@dataclass(frozen=True, slots=True)
class _Terms:
    """How long a job of a job queue may run, and how long its failure is shown, in seconds."""

    timeout: int
    failure_ttl: int


_TERMS = {
    # The next poll tells whether the trouble goes on.
    "fetch": _Terms(timeout=180, failure_ttl=600),
    "ingest": _Terms(timeout=300, failure_ttl=86_400),
    "triage": _Terms(timeout=300, failure_ttl=86_400),
    "send": _Terms(timeout=90, failure_ttl=86_400),
    "notify": _Terms(timeout=90, failure_ttl=86_400),
}
QUEUES: tuple[str, ...] = tuple(_TERMS)
"""The job queues."""

CURRENT_JOB = "earful_job"
"""The field of a worker's entry that tells what it is doing."""

_MARKER = "earful:enqueued:"
# Longer than a job usually waits; when it passes, one copy more may be enqueued.
_LOST_AFTER = 30.0
# Whoever dies between marking and enqueueing must not hold the job up for longer.
_MARKING_SECONDS = 5
_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedJob:
    """A job that raised. `error` is the last line of its traceback."""

    id: str
    job: str
    ids: tuple[int | str, ...]
    on: str
    error: str
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A worker as it last reported itself."""

    name: str
    queues: tuple[str, ...]
    state: str
    pid: int
    started_at: datetime | None
    heartbeat_at: datetime | None
    current_job: str


class JobQueue:
    """Enqueues jobs. Every method raises `JobQueueUnavailable` when the server is away."""

    def __init__(self, connection: redis.Redis, lost_after_seconds: float = _LOST_AFTER) -> None:
        self._connection = connection
        self._marker_ms = int(lost_after_seconds * 1000)
        self._queues = {name: _queue(name, connection) for name in QUEUES}

    @classmethod
    def connect(
        cls, server: str | ServerSettings, *, lost_after_seconds: float = _LOST_AFTER
    ) -> JobQueue:
        """A job queue on the server that is named or configured; connects when first used."""
        return cls(connection(server_url(server)), lost_after_seconds)

    def close(self) -> None:
        """Close the connections."""
        self._connection.close()

    def ping(self) -> None:
        """Find out whether the server answers."""
        with _translated():
            self._connection.ping()

    def enqueue(
        self, job: str, *ids: int | str, on: str = "triage", unique: str | None = None
    ) -> bool:
        """Enqueue `earful.jobs.<job>(*ids)`; False if it waits already.

        While a job with the same `unique` text waits, no other one is enqueued; once it has
        started, the next one is, because what it stands for may have changed meanwhile.
        """
        return self._put([(unique, _call(job, ids, on))], on) == 1

    def enqueue_many(
        self, job: str, ids: Iterable[int | str], *, on: str = "triage", unique: bool = False
    ) -> int:
        """Enqueue `earful.jobs.<job>(id)` for each id; how many were not waiting already.

        With `unique` it is the same as `enqueue(job, id, unique=f"{job}:{id}")` for each.
        """
        count, rest = 0, iter(ids)
        while batch := list(islice(rest, _BATCH)):
            calls = [(f"{job}:{id_}" if unique else None, _call(job, (id_,), on)) for id_ in batch]
            count += self._put(calls, on)
        return count

    def depths(self) -> dict[str, int]:
        """How many jobs wait in each job queue."""
        with _translated(), self._connection.pipeline(transaction=False) as pipeline:
            for queue in self._queues.values():
                pipeline.llen(queue.key)
            return dict(zip(QUEUES, pipeline.execute(), strict=True))

    def oldest_job_age(self) -> float | None:
        """For how many seconds the job that waits longest has waited; None if none waits."""
        with _translated():
            heads = [self._connection.lindex(queue.key, 0) for queue in self._queues.values()]
            times = [
                self._connection.hget(Job.key_for(as_text(head)), "enqueued_at")
                for head in heads
                if head
            ]
        waiting = [utcparse(as_text(text)) for text in times if text]
        return (datetime.now(UTC) - min(waiting)).total_seconds() if waiting else None

    def failed(self, limit: int = 50) -> list[FailedJob]:
        """The jobs that raised lately, latest first."""
        with _translated():
            jobs = [job for name in QUEUES for job in self._failed_on(name, limit)]
            jobs.sort(
                key=lambda job: job.ended_at or datetime.min.replace(tzinfo=UTC), reverse=True
            )
            return [_as_failed(job) for job in jobs[:limit]]

    def retry(self, job_id: str) -> bool:
        """Enqueue a failed job again; False if it is not there any more."""
        with _translated():
            try:
                Job.fetch(job_id, self._connection, serializer=JSONSerializer).requeue()
            except (NoSuchJobError, InvalidJobOperation):
                return False
        return True

    def workers(self) -> list[WorkerInfo]:
        """The workers that live, by name.

        rq's own list is not used: it raises the timeout of this connection to many minutes.
        """
        with _translated():
            keys = sorted(get_keys(connection=self._connection))
            with self._connection.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.hgetall(key)
                found = zip(keys, pipeline.execute(), strict=True)
        return [_as_worker(key, raw) for key, raw in found if raw and b"death" not in raw]

    def empty(self) -> None:
        """Forget every waiting and failed job; the sweep brings back what is still to do."""
        with _translated():
            for name, queue in self._queues.items():
                queue.empty()  # type: ignore[no-untyped-call]
                registry = self._failures(name)
                for job_id in registry.get_job_ids(cleanup=False):
                    registry.remove(job_id, delete_job=True)
            for marker in self._connection.scan_iter(f"{_MARKER}*", count=_BATCH):
                self._connection.delete(marker)

    def _put(self, calls: Sequence[tuple[str | None, Any]], on: str) -> int:
        if on not in self._queues:
            raise ValueError(f"no job queue is named {on!r}")
        queue = self._queues[on]
        with _translated():
            fresh = self._mark(calls)
            if fresh:
                with self._connection.pipeline() as pipeline:
                    queue.enqueue_many(fresh, pipeline=pipeline)
                    for unique in {call.meta["unique"] for call in fresh if call.meta}:
                        pipeline.set(_MARKER + unique, "1", px=self._marker_ms)
                    pipeline.execute()
        return len(fresh)

    def _mark(self, calls: Sequence[tuple[str | None, Any]]) -> list[Any]:
        """Leave out what waits already, and mark what will; the mark lasts once it does wait."""
        with self._connection.pipeline(transaction=False) as pipeline:
            for unique, call in calls:
                if unique is not None:
                    call.meta["unique"] = unique
                    pipeline.set(_MARKER + unique, "1", nx=True, ex=_MARKING_SECONDS)
            answers = iter(pipeline.execute() if len(pipeline) else ())
        return [call for unique, call in calls if unique is None or next(answers)]

    def _failures(self, name: str) -> FailedJobRegistry:
        return FailedJobRegistry(name, self._connection, serializer=JSONSerializer)

    def _failed_on(self, name: str, limit: int) -> list[Job]:
        ids = self._failures(name).get_job_ids(0, limit - 1, desc=True, cleanup=False)
        jobs = Job.fetch_many(ids, self._connection, serializer=JSONSerializer)
        return [job for job in jobs if job is not None]


def connection(url: str, *, socket_timeout: float = 3.0) -> redis.Redis:
    """A client that gives up soon: nobody waits for a server that is away."""
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=1.0,
        socket_timeout=socket_timeout,
        retry=Retry(NoBackoff(), 1),
    )


def clear_marker(client: redis.Redis, job: Job) -> None:
    """Let the next job for the same thing be enqueued: this one starts now."""
    unique = job.get_meta(refresh=False).get("unique")
    if unique:
        client.delete(_MARKER + unique)


def _queue(name: str, client: redis.Redis) -> Queue:
    return Queue(
        name,
        connection=client,
        default_timeout=_TERMS[name].timeout,
        serializer=JSONSerializer,
    )


def _call(job: str, ids: tuple[int | str, ...], on: str) -> Any:
    terms = _TERMS.get(on, _TERMS["triage"])
    return Queue.prepare_data(
        f"earful.jobs.{job}",
        args=ids,
        timeout=terms.timeout,
        result_ttl=0,
        failure_ttl=terms.failure_ttl,
        description=f"{job}({', '.join(map(str, ids))})",
        meta={},
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise JobQueueUnavailable(f"The job queue does not answer: {error}") from error


def _as_failed(job: Job) -> FailedJob:
    result = job.latest_result()
    trace = (result.exc_string if result else None) or "unknown"
    return FailedJob(
        id=job.id,
        job=(job.func_name or "").rpartition(".")[2],
        ids=tuple(job.args),
        on=job.origin,
        error=trace.strip().splitlines()[-1],
        at=job.ended_at,
    )


def _as_worker(key: str, raw: dict[bytes, bytes]) -> WorkerInfo:
    fields = {name.decode(): value.decode() for name, value in raw.items()}

    def at(name: str) -> datetime | None:
        return utcparse(fields[name]) if fields.get(name) else None

    return WorkerInfo(
        name=key.rpartition(":")[2],
        queues=tuple(filter(None, fields.get("queues", "").split(","))),
        state=fields.get("state", "?"),
        pid=int(fields.get("pid", 0)),
        started_at=at("birth"),
        heartbeat_at=at("last_heartbeat"),
        current_job=fields.get(CURRENT_JOB, ""),
    )
