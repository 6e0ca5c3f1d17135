from __future__ import annotations

import contextlib
import json
import time
import zlib
from pathlib import Path

import pytest
from earful.errors import EarfulError
from earful.job_queue import QUEUES, JobQueue, JobQueueUnavailable, address
from earful.job_queue.queue import clear_marker


def test_jobs_carry_ids_as_json_only(jobs: JobQueue) -> None:
    jobs.enqueue("triage", 5, "a")
    (key,) = jobs._connection.keys("rq:job:*")
    stored = jobs._connection.hgetall(key)
    call = stored[b"data"]
    with contextlib.suppress(zlib.error):
        call = zlib.decompress(call)
    assert json.loads(call) == ["earful.jobs.triage", None, [5, "a"], {}]


def test_each_job_queue_has_its_own_depth(jobs: JobQueue) -> None:
    jobs.enqueue("poll_channel", 1, on="fetch")
    jobs.enqueue("triage", 1)
    jobs.enqueue("triage", 2)
    assert jobs.depths() == {"fetch": 1, "ingest": 0, "triage": 2, "send": 0, "notify": 0}
    assert tuple(jobs.depths()) == QUEUES


def test_unknown_job_queue_is_a_bug(jobs: JobQueue) -> None:
    with pytest.raises(ValueError, match="sned"):
        jobs.enqueue("send_reply", 1, on="sned")


def test_a_waiting_job_is_not_enqueued_again(jobs: JobQueue) -> None:
    assert jobs.enqueue("triage", 5, unique="triage:5")
    assert not jobs.enqueue("triage", 5, unique="triage:5")
    assert jobs.enqueue("triage", 6, unique="triage:6")
    assert jobs.depths()["triage"] == 2


def test_a_started_job_is_enqueued_again(jobs: JobQueue) -> None:
    jobs.enqueue("triage", 5, unique="triage:5")
    clear_marker(jobs._connection, jobs._queues["triage"].jobs[0])
    assert jobs.enqueue("triage", 5, unique="triage:5")


def test_markers_expire(jobs: JobQueue) -> None:
    jobs.enqueue("triage", 5, unique="triage:5")
    (marker,) = jobs._connection.keys("earful:*")
    assert 5 < jobs._connection.ttl(marker) <= 30


def test_a_mark_without_a_job_soon_expires(jobs: JobQueue) -> None:
    class Died(Exception):
        pass

    def die(*_: object, **__: object) -> None:
        raise Died

    jobs._queues["triage"].enqueue_many = die  # type: ignore[method-assign]
    with pytest.raises(Died):
        jobs.enqueue("triage", 5, unique="triage:5")

    (marker,) = jobs._connection.keys("earful:*")
    assert 0 < jobs._connection.ttl(marker) <= 5


def test_many_are_enqueued_in_batches_and_once(jobs: JobQueue) -> None:
    jobs.enqueue("triage", 7, unique="triage:7")
    assert jobs.enqueue_many("triage", range(1200), unique=True) == 1199
    assert jobs.enqueue_many("triage", range(1201), unique=True) == 1
    assert jobs.enqueue_many("triage", range(3)) == 3
    assert jobs.enqueue_many("triage", []) == 0
    assert jobs.depths()["triage"] == 1204


def test_oldest_job_tells_how_late_we_are(jobs: JobQueue) -> None:
    assert jobs.oldest_job_age() is None
    jobs.enqueue("triage", 1)
    age = jobs.oldest_job_age()
    assert age is not None
    assert 0 <= age < 5


def test_everything_can_be_forgotten(jobs: JobQueue) -> None:
    jobs.enqueue_many("triage", range(10), unique=True)
    jobs.empty()
    assert sum(jobs.depths().values()) == 0
    assert jobs.enqueue("triage", 1, unique="triage:1")


def test_lost_data_is_tolerated(jobs: JobQueue) -> None:
    jobs.enqueue("triage", 1, unique="triage:1")
    jobs._connection.flushall()
    assert jobs.enqueue("triage", 1, unique="triage:1")


def test_retry_of_an_unknown_job_says_no(jobs: JobQueue) -> None:
    assert not jobs.retry("nonesuch")


def test_a_server_that_is_away_is_told_at_once(tmp_path: Path) -> None:
    away = JobQueue.connect(address("", tmp_path))
    began = time.monotonic()
    for call in (
        lambda: away.enqueue("triage", 1, unique="x"),
        lambda: away.enqueue_many("triage", [1, 2]),
        away.ping,
        away.depths,
        away.oldest_job_age,
        away.failed,
        away.workers,
        away.empty,
        lambda: away.retry("x"),
    ):
        with pytest.raises(JobQueueUnavailable):
            call()
    assert time.monotonic() - began < 1
    assert issubclass(JobQueueUnavailable, EarfulError)
