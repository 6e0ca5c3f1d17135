"""The jobs that workers run, and the ticker that decides when.

Each job names one piece of work by ids, opens a connection, takes the time once, and calls one
step; then it enqueues at most the next. `triage` is the picture of the whole.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from earful.actions import continue_bulk_job
from earful.job_queue import JobQueueUnavailable
from earful.pipeline import classify, digests, fetch, ingest, notify, outbox, perform, route, sla
from earful.runtime import Runtime
from earful.store import connection
from earful.store.stages import newest_waiting

__all__ = [
    "attach",
    "breach_clock",
    "change_many",
    "check_channel",
    "deliver_notification",
    "find_reply",
    "ingest_payload",
    "perform_action",
    "poll_channel",
    "send_digest",
    "send_reply",
    "triage",
    "triage_now",
]

logger = logging.getLogger(__name__)
TRIAGE_BATCH = 200
TRIAGE_CHARACTERS = 100_000
"""Both bound for how long a batch holds up a message that has just come."""
_attached: list[Runtime] = []


def attach(runtime: Runtime) -> None:
    """Give this process's jobs their runtime; a worker does so once, before its first job."""
    _attached[:] = [runtime]


def _runtime() -> Runtime:
    return _attached[0]


def _now() -> datetime:
    return _runtime().clock()


def triage(*passed_over: int) -> None:
    """Take the newest messages that wait from arrival to a queue with a clock.

    What a burst brought waits for what came after it, but for no more than one batch. Those in
    `passed_over` have just failed and are left to the sweep, which begins anew.
    """
    runtime = _runtime()
    with connection():
        failed, more = _triage_newest(runtime, passed_over, now=_now())
    if more:
        _enqueue(runtime, "triage", *passed_over, *failed, on="triage")
    _raise_first(failed, "messages cannot be triaged")


def _triage_newest(
    runtime: Runtime, passed_over: Sequence[int] = (), *, now: datetime
) -> tuple[dict[int, Exception], bool]:
    """Triage one batch: what failed of it, and whether there is more to do now."""
    waiting = newest_waiting(TRIAGE_BATCH, TRIAGE_CHARACTERS, without=passed_over)
    try:
        triage_now(runtime, waiting.message_ids, now=now)
    except Exception:
        logger.exception("triage of %s messages failed; each goes alone", len(waiting.message_ids))
        failed = _triage_each(runtime, waiting.message_ids, now)
        return failed, waiting.more and len(failed) < len(waiting.message_ids)
    return {}, waiting.more


def _triage_each(
    runtime: Runtime, message_ids: Sequence[int], now: datetime
) -> dict[int, Exception]:
    """One message that cannot be triaged must not hold up those that came with it."""
    failed: dict[int, Exception] = {}
    for message_id in message_ids:
        try:
            triage_now(runtime, [message_id], now=now)
        except Exception as error:  # noqa: BLE001 - told by the job, once all had their turn
            failed[message_id] = error
    return failed


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
        _enqueue(runtime, "ingest_payload", payload_id, on="ingest")
    if fetched.more:
        _enqueue(runtime, "poll_channel", channel_id, on="fetch")


def check_channel(channel_id: int) -> None:
    """Try one channel's settings; what came of it is kept with the channel."""
    with connection():
        fetch.check(_runtime(), channel_id)


def ingest_payload(*payload_ids: int) -> None:
    """Turn payloads into messages. One that fails holds up none that came with it."""
    runtime = _runtime()
    failed: dict[int, Exception] = {}
    is_news = False
    with connection():
        for payload_id in payload_ids:
            try:
                is_news |= bool(ingest.ingest(runtime, payload_id, now=_now()).new)
            except Exception as error:  # noqa: BLE001 - told by the job, once all had their turn
                failed[payload_id] = error
    if is_news:
        _enqueue(runtime, "triage", on="triage")
    _raise_first(failed, "payloads cannot be taken in")


def send_reply(reply_id: int) -> None:
    """Send one reply that is due."""
    with connection():
        outbox.send_reply(_runtime(), reply_id, now=_now())


def perform_action(action_id: int) -> None:
    """Like or hide one message, or take that back."""
    with connection():
        perform.perform(_runtime(), action_id, now=_now())


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


def send_digest(digest_id: int) -> None:
    """Send one person's digest by mail."""
    with connection():
        digests.send_digest(_runtime(), digest_id, now=_now())


def change_many(job_id: int) -> None:
    """Go on with one change to many conversations."""
    runtime = _runtime()
    with connection():
        more = continue_bulk_job(runtime, job_id, now=_now())
    if more:
        _enqueue(runtime, "change_many", job_id, on="notify")


def _raise_first(failed: Mapping[int, Exception], what: str) -> None:
    """Let the job fail by the first of what failed in it."""
    if failed:
        row_id, error = next(iter(failed.items()))
        message = f"{len(failed)} {what}, such as {row_id}"
        raise RuntimeError(message) from error


def _enqueue(runtime: Runtime, job: str, *ids: int, on: str) -> None:
    """Enqueue the next step. If the job queue is away the sweep will, from the database."""
    # The same key as the sweep's, so that what waits already is not enqueued a second time.
    key = job if job == "triage" else f"{job}:{ids[0]}"
    try:
        runtime.jobs.enqueue(job, *ids, on=on, unique=key)
    except JobQueueUnavailable:
        logger.warning("job=%s ids=%s left to the sweep", job, ids[:1])
