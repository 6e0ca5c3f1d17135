"""Jobs as workers run them: each calls one step, and enqueues at most the next."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from earful import jobs, ticker
from earful.store import connection
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


def run_one(inbox: Inbox) -> None:
    """Run the next job, as a worker does."""
    job = inbox.jobs.take()
    assert job is not None
    getattr(jobs, job[0])(*job[1])


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


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_one_message_that_cannot_be_triaged_holds_up_no_other(attached: Inbox, wall: Wall) -> None:
    database.execute_sql(
        "CREATE TRIGGER poison BEFORE UPDATE ON message WHEN OLD.external_id = 'm1'"
        " BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    attached.push("wall", wall.payload(post("m0"), post("m1"), post("m2")))

    ran = run(attached)

    assert ran == ["ingest_payload", "triage", "triage failed"]
    stages = {row.external_id: row.stage for row in Message.select()}
    assert stages == {"m0": Stage.DONE, "m1": Stage.INGESTED, "m2": Stage.DONE}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_has_just_failed_is_passed_over_until_the_next_sweep(
    attached: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "TRIAGE_BATCH", 2)
    database.execute_sql(
        "CREATE TRIGGER poison BEFORE UPDATE ON message WHEN OLD.external_id = 'm4'"
        " BEGIN SELECT RAISE(ABORT, 'poison'); END"
    )
    attached.push("wall", wall.payload(*(post(f"m{n}") for n in range(5))))

    ran = run(attached)

    assert ran == ["ingest_payload", "triage", "triage failed", "triage", "triage"]
    waiting = [row.external_id for row in Message.select().where(Message.stage != Stage.DONE)]
    assert waiting == ["m4"]


def test_a_burst_delays_a_new_message_by_no_more_than_one_batch(
    attached: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[str]] = []
    wall.labels = lambda messages: (
        [batches.append([m.text for m in messages])] and [[] for _ in messages]
    )
    monkeypatch.setattr(jobs, "TRIAGE_BATCH", 20)
    for page in range(10):
        posts = [post(f"old{page}-{n}", f"old {page} {n}") for n in range(100)]
        attached.push("wall", wall.payload(*posts))
    while attached.jobs.waiting("ingest"):
        run_one(attached)
    for _ in range(3):
        run_one(attached)
    assert sum(map(len, batches)) == 60

    attached.push("fence", wall.payload(post("new", "new")))
    run_one(attached)
    run_one(attached)

    assert len(batches) == 4
    assert "new" in batches[-1]
    run(attached)
    assert not Message.select().where(Message.stage != Stage.DONE).exists()
    assert sum(map(len, batches)) == 1001


def test_messages_of_many_payloads_and_conversations_are_read_in_one_batch(
    attached: Inbox, wall: Wall
) -> None:
    sizes: list[int] = []
    wall.labels = lambda messages: [sizes.append(len(messages))] and [[] for _ in messages]
    for number in range(30):
        attached.push("wall", wall.payload(post(f"m{number}", "hello", thread_id=f"t{number}")))

    run(attached)

    assert sizes == [30]


def test_a_batch_of_long_messages_is_a_small_one(
    attached: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    wall.labels = lambda messages: [sizes.append(len(messages))] and [[] for _ in messages]
    monkeypatch.setattr(jobs, "TRIAGE_CHARACTERS", 1000)
    attached.push("wall", wall.payload(*(post(f"m{n}", "x" * 400) for n in range(6))))

    run(attached)

    assert sizes == [2, 2, 2]


def test_what_opened_a_conversation_is_never_triaged_after_its_answers(
    attached: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[list[str]] = []
    wall.labels = lambda messages: (
        [batches.append([m.text for m in messages])] and [[] for _ in messages]
    )
    monkeypatch.setattr(jobs, "TRIAGE_BATCH", 3)
    attached.push(
        "wall", wall.payload(*(post(f"m{n}", f"text {n}", thread_id="t") for n in range(9)))
    )

    run(attached)

    assert batches[0] == ["text 0", "text 6", "text 7", "text 8"]
    assert sorted(text for batch in batches for text in batch) == [f"text {n}" for n in range(9)]


def test_losing_every_job_loses_no_message(attached: Inbox, wall: Wall) -> None:
    attached.push("wall", wall.payload(post("m1"), post("m2")))
    run_one(attached)
    attached.jobs.empty()
    attached.advance(minutes=1)

    with connection():
        ticker.sweep(attached.runtime, now=attached.now)

    assert attached.jobs.waiting("triage") == [("triage", ())]
    assert run(attached) == ["triage"]
    assert {row.stage for row in Message.select()} == {Stage.DONE}
