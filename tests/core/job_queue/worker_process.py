"""A worker with jobs of its own, run as a process by the tests: URL, then words it understands."""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
import types

import earful
from earful.job_queue import JobQueue, run_worker

URL, *WORDS = sys.argv[1:]
results = JobQueue.connect(URL)._connection


def say(word: str) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def note(job_id: int) -> None:
    results.rpush("results", f"{job_id}:{os.getpid()}")


def fail(_job_id: int) -> None:
    raise RuntimeError("the platform is upside down")


def hang(job_id: int) -> None:
    note(job_id)
    time.sleep(60)


def die(_job_id: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


jobs = types.ModuleType("earful.jobs")
for job in (note, fail, hang, die):
    setattr(jobs, job.__name__, job)
sys.modules["earful.jobs"] = jobs
earful.jobs = jobs  # type: ignore[attr-defined]
logging.basicConfig(level=logging.WARNING)
run_worker(
    URL,
    ["send", "triage"],
    on_start=lambda: say("started"),
    on_fork=lambda: results.rpush("forks", os.getpid()),
    warm="warm" in WORDS,
    burst="burst" in WORDS,
    grace_seconds=1.0,
)
say("stopped")
