from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from earful.job_queue import EmbeddedServer, JobQueue, address
from earful.job_queue import worker as worker_module

SCRIPT = Path(__file__).with_name("worker_process.py")


class Process:
    """A worker process whose output is read as it comes."""

    def __init__(self, url: str, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), url, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline().startswith("started")

    @property
    def pid(self) -> int:
        return self.process.pid

    def finish(self, number: signal.Signals | None = None) -> tuple[str, str]:
        if number is not None:
            self.process.send_signal(number)
        return self.process.communicate(timeout=20)


@contextmanager
def running(url: str, *words: str) -> Iterator[Process]:
    worker = Process(url, *words)
    try:
        yield worker
    finally:
        if worker.process.poll() is None:
            worker.process.kill()
            worker.process.communicate()


def next_result(jobs: JobQueue, name: str = "results") -> str:
    found = jobs._connection.blpop([name], timeout=2) or jobs._connection.blpop([name], timeout=2)
    assert found, "no result came"
    return found[1].decode()


def test_jobs_run_in_forks(jobs: JobQueue, url: str) -> None:
    jobs.enqueue("note", 1)
    with running(url, "burst") as worker:
        out, _ = worker.finish()
    number, pid = next_result(jobs).split(":")
    assert number == "1"
    assert int(pid) != worker.pid
    assert next_result(jobs, "forks") == pid
    assert "stopped" in out
    assert sum(jobs.depths().values()) == 0
    assert not jobs._connection.keys("rq:job:*")


def test_warm_jobs_run_in_the_worker_itself(jobs: JobQueue, url: str) -> None:
    jobs.enqueue("note", 1)
    with running(url, "warm", "burst") as worker:
        worker.finish()
    assert next_result(jobs) == f"1:{worker.pid}"


def test_earlier_job_queues_come_first(jobs: JobQueue, url: str) -> None:
    jobs.enqueue("note", 1, on="triage")
    jobs.enqueue("note", 2, on="send")
    with running(url, "warm", "burst") as worker:
        worker.finish()
    assert [next_result(jobs).split(":")[0] for _ in range(2)] == ["2", "1"]


@pytest.mark.parametrize("words", [(), ("warm",)])
def test_a_job_that_raises_is_logged_shown_and_can_be_retried(
    jobs: JobQueue, url: str, words: tuple[str, ...]
) -> None:
    jobs.enqueue("fail", 3, unique="fail:3")
    jobs.enqueue("note", 4)
    with running(url, "burst", *words) as worker:
        _, errors = worker.finish()
    assert "job fail(3) on triage failed" in errors
    assert next_result(jobs).startswith("4:")
    (failed,) = jobs.failed()
    assert (failed.job, failed.ids, failed.on) == ("fail", (3,), "triage")
    assert failed.error == "RuntimeError: the platform is upside down"
    assert jobs.enqueue("fail", 3, unique="fail:3")
    assert jobs.retry(failed.id)
    assert jobs.failed() == []


def test_a_killed_job_is_shown_and_the_worker_goes_on(jobs: JobQueue, url: str) -> None:
    jobs.enqueue("die", 1)
    jobs.enqueue("note", 2)
    with running(url, "burst") as worker:
        worker.finish()
    assert next_result(jobs).startswith("2:")
    assert "terminated unexpectedly" in jobs.failed()[0].error


def test_worker_is_listed_with_its_job(jobs: JobQueue, url: str) -> None:
    with running(url) as worker:
        jobs.enqueue("hang", 1)
        next_result(jobs)
        (info,) = jobs.workers()
        assert (info.pid, info.queues) == (worker.pid, ("send", "triage"))
        assert info.current_job == "hang(1)"
        assert info.heartbeat_at is not None
        worker.finish(signal.SIGTERM)
    assert jobs.workers() == []


def test_an_idle_worker_listens_without_a_break(url: str) -> None:
    idle = worker_module._worker(url, ["send"], warm=True, on_fork=None)
    client = idle.connection.connection_pool.get_connection()
    assert client.socket_timeout > idle.dequeue_timeout
    idle.connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("words", [(), ("warm",)])
def test_signal_stops_an_idle_worker(
    jobs: JobQueue, url: str, number: signal.Signals, words: tuple[str, ...]
) -> None:
    with running(url, *words) as worker:
        jobs.enqueue("note", 1)
        next_result(jobs)
        out, errors = worker.finish(number)
    assert worker.process.returncode == 0
    assert "stopped" in out
    assert "Traceback" not in errors


@pytest.mark.faults
@pytest.mark.parametrize("words", [(), ("warm",)])
def test_a_job_that_does_not_end_is_left_in_time(
    jobs: JobQueue, url: str, words: tuple[str, ...]
) -> None:
    with running(url, *words) as worker:
        jobs.enqueue("hang", 1)
        _, pid = next_result(jobs).split(":")
        watched = os.pidfd_open(int(pid))
        worker.finish(signal.SIGTERM)
        assert select.select([watched], [], [], 5)[0]
        os.close(watched)


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="needs parent-death signals")
def test_a_killed_worker_takes_its_job_along(jobs: JobQueue, url: str) -> None:
    with running(url) as worker:
        jobs.enqueue("hang", 1)
        _, pid = next_result(jobs).split(":")
        watched = os.pidfd_open(int(pid))
        worker.finish(signal.SIGKILL)
        assert select.select([watched], [], [], 5)[0]
        os.close(watched)


@pytest.mark.faults
def test_worker_survives_lost_data(jobs: JobQueue, url: str) -> None:
    with running(url):
        jobs.enqueue("note", 1)
        next_result(jobs)
        jobs._connection.flushall()
        jobs.enqueue("note", 2)
        assert next_result(jobs).startswith("2:")
        jobs.enqueue("note", 3)
        assert next_result(jobs).startswith("3:")
        assert len(jobs.workers()) == 1


@pytest.mark.faults
def test_worker_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    with EmbeddedServer(tmp_path) as server:
        url = address("", tmp_path)
        jobs = JobQueue.connect(url)
        with running(url):
            jobs.enqueue("note", 1)
            next_result(jobs)
            assert server.process is not None
            server.process.kill()
            server.process.wait()
            server.start()
            jobs.enqueue("note", 2)
            assert next_result(jobs).startswith("2:")
        jobs.close()


@pytest.mark.faults
def test_worker_waits_for_a_server_that_is_not_there_yet(tmp_path: Path) -> None:
    url = address("", tmp_path)
    with running(url), EmbeddedServer(tmp_path):
        jobs = JobQueue.connect(url)
        jobs.enqueue("note", 1)
        assert next_result(jobs).startswith("1:")
        jobs.close()
