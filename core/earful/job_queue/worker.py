"""Runs jobs: takes ids from job queues until it is told to stop, whatever happens to the server.

What the jobs do is `earful.jobs`; this module knows only their names.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any

import redis
from rq import Queue, SimpleWorker, Worker
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer
from rq.worker_registration import register

from earful.job_queue.embedded import ServerSettings, server_url
from earful.job_queue.processes import die_with_parent
from earful.job_queue.queue import CURRENT_JOB, QUEUES, clear_marker, connection

__all__ = ["run_worker"]

log = logging.getLogger(__name__)

# A silent worker is taken for dead after this and 60 seconds more.
_WORKER_TTL = 60
_LONGEST_WAIT = 5.0


def run_worker(
    server: str | ServerSettings,
    queues: Sequence[str] = QUEUES,
    *,
    on_start: Callable[[], None] | None = None,
    on_fork: Callable[[], None] | None = None,
    warm: bool = False,
    burst: bool = False,
    grace_seconds: float = 50.0,
) -> None:
    """Run the jobs of `queues`, in this order of precedence, until SIGINT or SIGTERM.

    Each job runs in a fork of its own, after `on_fork`; with `warm` they run in this process,
    which keeps what `on_start` loaded. `burst` stops when nothing waits. A job that runs when
    the signal comes has `grace_seconds` to finish.
    """
    if on_start is not None:
        on_start()
    stop = _Stop(grace_seconds)
    url = server_url(server)
    wait = 0.5
    while not stop.is_set():
        try:
            worker = _worker(url, queues, warm=warm, on_fork=on_fork)
            stop.worker = worker
            worker.work(burst=burst, logging_level="WARNING")
        except StopRequested:
            return
        except redis.RedisError as error:
            log.warning("the job queue does not answer, trying again: %s", error)
        else:
            wait = 0.5
        stop.worker = None
        if burst:
            return
        stop.wait(wait)
        wait = min(wait * 2, _LONGEST_WAIT)


class _Stop(threading.Event):
    """Set by SIGINT and SIGTERM; hands the signal to the worker, and enforces an end."""

    worker: _Jobs | None = None

    def __init__(self, grace_seconds: float) -> None:
        super().__init__()
        self.grace_seconds = grace_seconds
        for signal_number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(signal_number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        first = not self.is_set()
        self.set()
        if first:
            enforcer = threading.Timer(self.grace_seconds, self._enforce)
            enforcer.daemon = True
            enforcer.start()
            if self.worker is not None:
                self.worker.request_stop(number, frame)  # type: ignore[no-untyped-call]

    def _enforce(self) -> None:
        """The job did not end in time: it goes, and is found again by the sweep."""
        if self.worker is not None:
            if self.worker.horse_pid:
                self.worker.kill_horse()
            with contextlib.suppress(redis.RedisError):
                self.worker.register_death()  # type: ignore[no-untyped-call]
        log.warning("a job did not end in time and was left")
        os._exit(0)


if TYPE_CHECKING:
    _Base = Worker
else:
    _Base = object


class _Jobs(_Base):
    """What both kinds of worker share."""

    max_connection_wait_time = _LONGEST_WAIT
    log_result_lifespan = False
    on_fork: Callable[[], None] | None = None

    def _install_signal_handlers(self) -> None:
        """Signals are handled once for all workers of this process."""

    def subscribe(self) -> None:
        """Nobody sends commands through the server; listening would slow every stop down."""

    def execute_job(self, job: Job, queue: Queue) -> None:
        clear_marker(self.connection, job)
        self.connection.hset(self.key, CURRENT_JOB, job.description or "")
        super().execute_job(job, queue)
        self.connection.hdel(self.key, CURRENT_JOB)

    def heartbeat(self, timeout: int | None = None, pipeline: Any = None) -> None:
        """Also come back to the list of workers after the server lost everything."""
        super().heartbeat(timeout, pipeline)
        if pipeline is None and not self.connection.hexists(self.key, "birth"):
            self.connection.hset(self.key, mapping=self.serialize())
            register(self)

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        die_with_parent(signal.SIGKILL)
        if self.on_fork is not None:
            self.on_fork()
        super().main_work_horse(job, queue)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        log.error("job %s on %s failed", job.description, job.origin, exc_info=exc_info)


class _ForkWorker(_Jobs, Worker):
    pass


class _WarmWorker(_Jobs, SimpleWorker):
    pass


def _worker(
    url: str, queues: Sequence[str], *, warm: bool, on_fork: Callable[[], None] | None
) -> _Jobs:
    # Longer than a worker listens in one go; rq would set it too late for an open connection.
    client = connection(url, socket_timeout=_WORKER_TTL)
    client.ping()
    kind: type[_Jobs] = _WarmWorker if warm else _ForkWorker
    worker = kind(
        [Queue(name, connection=client, serializer=JSONSerializer) for name in queues],
        name=f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(3)}",
        connection=client,
        worker_ttl=_WORKER_TTL,
        serializer=JSONSerializer,
        maintenance_interval=60,
        log_job_description=False,
    )
    worker.on_fork = on_fork
    return worker
