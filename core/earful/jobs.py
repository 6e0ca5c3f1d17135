"""The jobs that workers run, and the ticker that decides when.

Each job names one piece of work by ids, opens a connection, takes the time once, and calls one
step; then it enqueues at most the next. `triage` is the picture of the whole.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime

from earful.job_queue import JobQueueUnavailable
from earful.pipeline import classify, fetch, ingest, notify, outbox, perform, route, sla
from earful.runtime import Runtime
from earful.store import connection

__all__ = [
    "attach",
    "breach_clock",
    "check_channel",
    "deliver_notification",
    "find_reply",
    "ingest_payload",
    "poll_channel",
    "perform_action",
    "send_reply",
    "triage",
    "triage_now",
]

logger = logging.getLogger(__name__)
TRIAGE_BATCH = 200
_attached: list[Runtime] = []


def attach(runtime: Runtime) -> None:
    """Give this process's jobs their runtime; a worker does so once, before its first job."""
    _attached[:] = [runtime]


def _runtime() -> Runtime:
    return _attached[0]


def _now() -> datetime:
    return datetime.now(UTC)


def triage(*message_ids: int) -> None:
    """Take new messages from arrival to a queue with a clock."""
    try:
        with connection():
            triage_now(_runtime(), message_ids, now=_now())
    except Exception:
        if len(message_ids) == 1:
            raise
        # One message that cannot be triaged must not hold up those that came with it.
        logger.exception("triage of %s messages failed; each goes alone", len(message_ids))
        for message_id in message_ids:
            _enqueue(_runtime(), "triage", message_id)


def triage_now(runtime: Runtime, message_ids: Sequence[int], *, now: datetime) -> None:
    """The way of a message through the house, in four calls."""
    classify.classify(runtime, message_ids, now=now)
    route.route(runtime, message_ids, now=now)
    sla.start_clocks(runtime, message_ids)
    notify.notify(runtime, message_ids, now=now)


def poll_channel(channel_id: int) -> None:
    """Read one channel, and go on while its platform holds more."""
    runtime = _runtime()
    with connection():
        fetched = fetch.fetch(runtime, channel_id, now=_now())
    for payload_id in fetched.payload_ids:
        _enqueue(runtime, "ingest_payload", payload_id)
    if fetched.more:
        _enqueue(runtime, "poll_channel", channel_id, on="fetch")


def check_channel(channel_id: int) -> None:
    """Try one channel's settings; what came of it is kept with the channel."""
    with connection():
        fetch.check(_runtime(), channel_id)


def ingest_payload(payload_id: int) -> None:
    """Turn one payload into messages."""
    runtime = _runtime()
    with connection():
        outcome = ingest.ingest(runtime, payload_id, now=_now())
    for start in range(0, len(outcome.new), TRIAGE_BATCH):
        _enqueue(runtime, "triage", *outcome.new[start : start + TRIAGE_BATCH])


def send_reply(reply_id: int) -> None:
    """Send one reply that is due."""
    with connection():
        outbox.send_reply(_runtime(), reply_id, now=_now())


def find_reply(reply_id: int) -> None:
    """Look for one reply whose outcome is unknown."""
    with connection():
        outbox.find_reply(_runtime(), reply_id, now=_now())


def breach_clock(clock_id: int) -> None:
    """Note that one clock has run out."""
    runtime = _runtime()
    with connection():
        sla.breach(clock_id, list(runtime.config.notifiers), now=_now())


def deliver_notification(notification_id: int) -> None:
    """Let one notifier tell one notification."""
    with connection():
        notify.deliver(_runtime(), notification_id, now=_now())


def _enqueue(runtime: Runtime, job: str, *ids: int, on: str = "triage") -> None:
    """Enqueue the next step. If the job queue is away the sweep will, from the database."""
    # The same key as the sweep's, so that what waits already is not enqueued a second time.
    key = f"{job}:{ids[0]}" if len(ids) == 1 else f"{job}:{ids[0]}:{len(ids)}"
    try:
        runtime.jobs.enqueue(job, *ids, on=on, unique=key)
    except JobQueueUnavailable:
        logger.warning("job=%s ids=%s left to the sweep", job, ids[:1])
def perform_action(action_id: int) -> None:
    """Like or hide one message, or take that back."""
    with connection():
        perform.perform(_runtime(), action_id, now=_now())


