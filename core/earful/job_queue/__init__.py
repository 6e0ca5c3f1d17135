"""The job queue: carries ids from step to step, and owns all that is said to Redis through rq.

The database is the truth: whatever is lost here is enqueued again by the sweep, and each job can
run twice. So nothing here is precious, and nothing but ids and names is ever put into Redis.
"""

from __future__ import annotations

from earful.job_queue.embedded import EmbeddedServer, address
from earful.job_queue.errors import JobQueueUnavailable
from earful.job_queue.queue import QUEUES, FailedJob, JobQueue, WorkerInfo
from earful.job_queue.worker import run_worker

__all__ = [
    "QUEUES",
    "EmbeddedServer",
    "FailedJob",
    "JobQueue",
    "JobQueueUnavailable",
    "WorkerInfo",
    "address",
    "run_worker",
]
