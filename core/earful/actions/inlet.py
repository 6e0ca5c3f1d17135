"""Keeps what platforms push: one writer, and one transaction for all requests that wait just then.

A push is answered once it is committed; its job is enqueued a moment later, together with others.
What is lost between the two is found by the sweep.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime

from earful.errors import ActionRefused
from earful.job_queue import JobQueueUnavailable
from earful.pipeline.fetch import keep
from earful.runtime import Runtime
from earful.store import close, transaction
from earful.store.channel_health import note_success
from earful.store.database import keep_open
from earful.store.queries.reading import holders, select
from earful.types import Payload as RawPayload

__all__ = ["Inlet"]

logger = logging.getLogger(__name__)

MOST_TOGETHER = 200
"""Requests of one transaction, and payloads whose jobs wait to be enqueued."""
PAYLOADS_A_JOB = 20
PAUSE_SECONDS = 0.02
"""Jobs are enqueued when nothing has arrived for so long."""
IDLE_SECONDS = 10.0
"""After so long without a push the writer ends, and its connection with it."""
_SECONDS_TO_WAIT = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class _Push:
    channel: str
    payloads: Sequence[RawPayload]
    at: datetime
    kept: Future[None] = field(default_factory=Future)
    is_second_try: bool = False


class Inlet:
    """The way in for one process. Safe to use from many threads."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self._waiting: queue.SimpleQueue[_Push | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._writer: threading.Thread | None = None
        self._ids: list[int] = []
        self._settled = threading.Event()
        self._is_closing = False

    def accept(self, channel: str, payloads: Sequence[RawPayload], *, now: datetime) -> None:
        """Keep the payloads; returns once they are committed.

        Raises `ActionRefused` for a channel that is not configured; a paused one still keeps what
        it is sent. After any other error the platform must push again.
        """
        push = _Push(channel, payloads, now)
        with self._lock:
            self._settled.clear()
            self._waiting.put(push)
            if self._writer is None:
                self._writer = threading.Thread(target=self._run, name="inlet", daemon=True)
                self._writer.start()
        push.kept.result(_SECONDS_TO_WAIT)

    def settle(self) -> None:
        """Wait until the jobs of all that was kept are enqueued."""
        if self._writer is not None:
            self._settled.wait(_SECONDS_TO_WAIT)

    def _run(self) -> None:
        while batch := self._next():
            self._keep_all(batch)
            if len(self._ids) >= MOST_TOGETHER:
                self._enqueue()
        close()

    def close(self) -> None:
        """Finish what waits, and end the writer with its connection."""
        with self._lock:
            writer, self._is_closing = self._writer, True
            self._waiting.put(None)
        if writer is not None:
            writer.join()

    def _next(self) -> list[_Push]:
        """All pushes that wait, at least one; none when the writer has nothing left to do."""
        while True:
            batch = self._waited()
            if batch:
                return batch
            if self._ids:
                self._enqueue()
            elif self._ends():
                return []

    def _waited(self) -> list[_Push]:
        """What has come in, or nothing after a pause."""
        batch: list[_Push] = []
        try:
            wait = PAUSE_SECONDS if self._ids or self._is_closing else IDLE_SECONDS
            while len(batch) < MOST_TOGETHER:
                push = self._waiting.get(timeout=wait) if not batch else self._waiting.get_nowait()
                if push is None:
                    break
                batch.append(push)
        except queue.Empty:
            pass
        return batch

    def _ends(self) -> bool:
        with self._lock:
            if not self._waiting.empty():
                return False
            self._writer = None
            return True

    def _enqueue(self) -> None:
        """A job for some payloads together costs little more than a job for one."""
        ids, self._ids = self._ids, []
        try:
            for start in range(0, len(ids), PAYLOADS_A_JOB):
                few = ids[start : start + PAYLOADS_A_JOB]
                self.runtime.jobs.enqueue("ingest_payload", *few, on="ingest")
        except JobQueueUnavailable:
            logger.warning("%s payloads are left to the sweep: the job queue is away", len(ids))
        except Exception:
            logger.exception("%s payloads are left to the sweep", len(ids))
        self._settle()

    def _settle(self) -> None:
        with self._lock:
            if self._waiting.empty() and not self._ids:
                self._settled.set()

    def _keep_all(self, batch: Sequence[_Push]) -> None:
        """Commit them together; if that fails, each by itself, on a fresh connection."""
        try:
            refused = self._keep(batch)
        except Exception as error:  # noqa: BLE001 - whoever pushed is told, and pushes again
            close()
            if len(batch) == 1 and batch[0].is_second_try:
                batch[0].kept.set_exception(error)
                return
            logger.warning("pushes are kept one by one: %s", error)
            for push in batch:
                self._keep_all([replace(push, is_second_try=True)])
            return
        for push in batch:
            if push.channel in refused:
                push.kept.set_exception(ActionRefused(f"No channel is named {push.channel}."))
            else:
                push.kept.set_result(None)
        if not self._ids:
            self._settle()

    def _keep(self, batch: Sequence[_Push]) -> set[str]:
        """Keep them in one transaction; the names of channels that are not there."""
        by_channel: dict[str, list[_Push]] = {}
        for push in batch:
            by_channel.setdefault(push.channel, []).append(push)
        ids: list[int] = []
        keep_open()
        with transaction():
            channels = _configured(by_channel)
            for name, pushes in by_channel.items():
                if name in channels:
                    payloads = [payload for push in pushes for payload in push.payloads]
                    ids += keep(channels[name], payloads, pushes[-1].at)
                    note_success(channels[name], pushes[-1].at)
        self._ids += ids
        return by_channel.keys() - channels.keys()


def _configured(names: Iterable[str]) -> dict[str, int]:
    """The ids of those channels that take what is pushed."""
    wanted = list(names)
    sql = f"SELECT name, id FROM channel WHERE state <> 'disabled' AND name IN ({holders(wanted)})"  # noqa: S608
    return dict(select(sql, wanted))
