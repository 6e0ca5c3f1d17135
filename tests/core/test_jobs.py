"""Jobs as workers run them: each calls one step, and enqueues at most the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from earful import jobs
from earful.store.models import Message, database
from earful.store.states import Stage
from earful.testing.inbox import Inbox

from tests.wall import Wall, post


@pytest.fixture
def attached(earful_inbox: Inbox) -> Iterator[Inbox]:
    earful_inbox.now = datetime.now(UTC)
    jobs.attach(earful_inbox.runtime)
    yield earful_inbox
    jobs._attached.clear()


def run(inbox: Inbox) -> list[str]:
    """Run all jobs as a worker does; their names, in order. One that raises is only named."""
    ran = []
    while job := inbox.jobs.take():
        name, ids = job
        ran.append(name)
        try:
            getattr(jobs, name)(*ids)
        except Exception:  # noqa: BLE001 - the worker notes it and goes on
            ran.append(f"{name} failed")
    return ran


def test_a_payload_becomes_triaged_messages_in_two_jobs(attached: Inbox, wall: Wall) -> None:
    attached.push("wall", wall.payload(post("m1"), post("m2")))

    assert run(attached) == ["ingest_payload", "triage"]
    assert [message.queue for message in attached.messages()] == ["General"] * 2


def test_a_large_payload_is_triaged_in_batches(attached: Inbox, wall: Wall) -> None:
    attached.push("wall", wall.payload(*(post(f"m{n}") for n in range(450))))

    assert run(attached) == ["ingest_payload", *["triage"] * 3]


def test_a_step_goes_on_though_the_job_queue_is_away(attached: Inbox, wall: Wall) -> None:
    (payload_id,) = attached.push("wall", wall.payload(post("m1")))
    attached.jobs.away = True

    jobs.ingest_payload(payload_id)

    assert Message.get().stage is Stage.INGESTED


def test_the_test_inbox_knows_every_job(earful_inbox: Inbox) -> None:
    """What plugin authors test with runs the same jobs as workers do."""
    assert set(earful_inbox._steps([0])) == set(jobs.__all__) - {"attach", "triage_now"}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_message_that_cannot_be_triaged_holds_up_no_other(attached: Inbox, wall: Wall) -> None:
    database.execute_sql(
        "CREATE TRIGGER poison BEFORE UPDATE ON message WHEN OLD.external_id = 'm1'"
        " BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    attached.push("wall", wall.payload(post("m0"), post("m1"), post("m2")))

    ran = run(attached)

    assert ran == ["ingest_payload", *["triage"] * 3, "triage failed", "triage"]
    stages = {row.external_id: row.stage for row in Message.select()}
    assert stages == {"m0": Stage.DONE, "m1": Stage.INGESTED, "m2": Stage.DONE}
