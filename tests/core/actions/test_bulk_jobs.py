"""One change to very many: done by a job that can be killed, and put back exactly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from earful import Priority, actions
from earful.actions import Actor, bulk_jobs
from earful.errors import ActionRefused
from earful.store.models import (
    Agent,
    AgentNotification,
    BulkItem,
    BulkJob,
    Clock,
    Conversation,
    Event,
    Queue,
)
from earful.store.queries.bulk_jobs import bulk_job, reasons
from earful.store.queries.telling import notices
from earful.store.states import BulkItemState, BulkJobState, ConversationStatus, Role
from earful.testing.inbox import Inbox
from earful.ticker import purge

from tests.core.conftest import agent
from tests.core.pipeline.test_query_counts import counted
from tests.wall import Wall, post

MANY = 30


@pytest.fixture
def ids(inbox: Inbox, wall: Wall) -> list[int]:
    Queue.create(name="General", first_response_minutes=60)
    posts = [post(f"m{n}", by=f"a{n}", thread_id=f"t{n}") for n in range(MANY)]
    return [each.conversation_id for each in inbox.receive("wall", wall.payload(*posts))]


@pytest.fixture
def parts_of_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_jobs, "AT_A_TIME", 10)
    monkeypatch.setattr(bulk_jobs, "PARTS_A_RUN", 2)


def start(inbox: Inbox, who: Actor, ids: list[int], change: str, *values: Any) -> int:
    return actions.start_bulk_job(inbox.runtime, who, ids, change, *values, now=inbox.now)


def numbers(job_id: int) -> tuple[str, int, int]:
    job = BulkJob.get_by_id(job_id)
    return str(job.state), job.done, job.skipped


def statuses() -> set[ConversationStatus]:
    return {row.status for row in Conversation.select()}


def test_all_are_changed_in_bounded_parts_and_its_author_is_told(
    inbox: Inbox, sam: Actor, ids: list[int], parts_of_ten: None
) -> None:
    Conversation.update(status=ConversationStatus.RESOLVED).where(
        Conversation.id == ids[7]
    ).execute()
    job_id = start(inbox, sam, ids, "resolve", "")
    assert statuses() == {ConversationStatus.OPEN, ConversationStatus.RESOLVED}

    assert actions.continue_bulk_job(inbox.runtime, job_id, now=inbox.now)
    line = bulk_job(job_id, agent_id=sam.agent_id or 0)
    assert line is not None
    assert (line.passed, line.total, line.is_running) == (20, MANY, True)
    inbox.advance(seconds=31)
    inbox.tick()

    assert statuses() == {ConversationStatus.RESOLVED}
    (notice,) = notices(sam.agent_id or 0)
    assert notice.kind == "bulk_done"
    assert notice.bulk_job is not None
    assert (notice.bulk_job.total, notice.path) == (MANY, f"/inbox/bulk/job/{job_id}")
    state, done, skipped = numbers(job_id)
    assert (state, done + skipped) == ("done", MANY)
    actions.read_bulk_job(inbox.runtime, sam, job_id, now=inbox.now)
    assert not notices(sam.agent_id or 0)[0].is_unread


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("assign", None),
        ("priority", Priority.HIGH),
        ("label", "vip"),
        ("snooze", timedelta(days=1)),
        ("resolve", ""),
        ("ignore", "Spam"),
    ],
)
def test_every_change_does_what_it_does_to_one_and_is_put_back_exactly(
    inbox: Inbox, sam: Actor, ids: list[int], change: str, value: Any
) -> None:
    value = inbox.now + value if change == "snooze" else value
    value = sam.agent_id if change == "assign" else value
    before = list(Conversation.select().order_by(Conversation.id).dicts())
    running = sorted(row.id for row in Clock.select().where(Clock.cancelled_at.is_null()))
    job_id = start(inbox, sam, ids, change, value)
    inbox.tick()
    assert numbers(job_id) == ("done", MANY, 0)

    actions.undo_bulk_job(inbox.runtime, sam, job_id, now=inbox.now)
    inbox.tick()
    assert BulkJob.get_by_id(job_id).state is BulkJobState.UNDONE
    assert BulkJob.get_by_id(job_id).undone == MANY
    assert list(Conversation.select().order_by(Conversation.id).dicts()) == before
    assert sorted(row.id for row in Clock.select().where(Clock.cancelled_at.is_null())) == running
    with pytest.raises(ActionRefused, match="any more"):
        actions.undo_bulk_job(inbox.runtime, sam, job_id, now=inbox.now)


def test_a_job_that_is_killed_goes_on_where_it_was(
    inbox: Inbox,
    sam: Actor,
    ids: list[int],
    parts_of_ten: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job_id = start(inbox, sam, ids, "label", "vip")
    real, calls = bulk_jobs.change_one, 0

    def die_at_the_fifteenth(*args: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 15:
            raise KeyboardInterrupt
        return real(*args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(bulk_jobs, "change_one", die_at_the_fifteenth)
        with pytest.raises(KeyboardInterrupt):
            actions.continue_bulk_job(inbox.runtime, job_id, now=inbox.now)
    assert numbers(job_id) == ("changing", 10, 0)

    inbox.advance(seconds=31)
    inbox.tick()
    assert numbers(job_id) == ("done", MANY, 0)
    labelled = Event.select().where(Event.kind == "labelled").count()
    assert labelled in (0, MANY)
    assert AgentNotification.select().count() == 1


def test_a_second_run_finds_nothing_to_do(inbox: Inbox, sam: Actor, ids: list[int]) -> None:
    job_id = start(inbox, sam, ids, "resolve", "")
    inbox.tick()
    events = Event.select().count()
    assert not actions.continue_bulk_job(inbox.runtime, job_id, now=inbox.now)
    assert not actions.continue_bulk_job(inbox.runtime, 0, now=inbox.now)
    assert Event.select().count() == events
    assert AgentNotification.select().count() == 1


def test_what_is_refused_is_left_out_with_its_reason(
    inbox: Inbox, sam: Actor, ids: list[int]
) -> None:
    job_id = start(inbox, sam, ids, "assign", 4711)
    inbox.tick()

    assert numbers(job_id) == ("done", 0, MANY)
    told = reasons(job_id)
    assert len(told) == MANY
    assert all(each.reason for each in told)


def test_what_somebody_changed_since_stays(inbox: Inbox, sam: Actor, ids: list[int]) -> None:
    job_id = start(inbox, sam, ids, "resolve", "")
    inbox.tick()
    actions.reopen(inbox.runtime, sam, ids[3], now=inbox.now)
    actions.undo_bulk_job(inbox.runtime, sam, job_id, now=inbox.now)
    inbox.tick()

    job = BulkJob.get_by_id(job_id)
    assert (job.undone, job.kept) == (MANY - 1, 1)
    (kept,) = reasons(job_id)
    assert kept.conversation_id == ids[3]


def test_whoever_lost_the_right_meanwhile_changes_nothing(
    inbox: Inbox, sam: Actor, ids: list[int]
) -> None:
    job_id = start(inbox, sam, ids, "resolve", "")
    Agent.update(active=False).where(Agent.id == sam.agent_id).execute()
    inbox.tick()

    assert numbers(job_id) == ("done", 0, MANY)
    assert statuses() == {ConversationStatus.OPEN}


def test_only_ones_own_job_is_seen_and_undone_and_not_for_ever(
    inbox: Inbox, sam: Actor, ids: list[int]
) -> None:
    job_id = start(inbox, sam, ids, "resolve", "")
    inbox.tick()
    lena = agent(Role.AGENT, "lena")
    assert bulk_job(job_id, agent_id=lena.agent_id or 0) is None
    with pytest.raises(ActionRefused):
        actions.undo_bulk_job(inbox.runtime, lena, job_id, now=inbox.now)
    inbox.now += actions.UNDO_JOB_FOR + timedelta(seconds=1)
    with pytest.raises(ActionRefused, match="any more"):
        actions.undo_bulk_job(inbox.runtime, sam, job_id, now=inbox.now)


def test_viewers_start_none_and_nobody_starts_one_without_end(
    inbox: Inbox, sam: Actor, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ActionRefused):
        start(inbox, agent(Role.VIEWER, "vera"), ids, "resolve", "")
    monkeypatch.setattr(bulk_jobs, "MOST_IN_A_JOB", MANY - 1)
    with pytest.raises(ActionRefused, match="At most 29"):
        start(inbox, sam, ids, "resolve", "")
    assert BulkJob.select().count() == 0


def test_the_single_conversations_are_forgotten_after_a_day(
    inbox: Inbox, sam: Actor, ids: list[int]
) -> None:
    start(inbox, sam, ids, "resolve", "")
    inbox.tick()
    inbox.advance(hours=23)
    purge(inbox.runtime, now=inbox.now)
    assert BulkItem.select().count() == MANY
    inbox.advance(hours=2)
    purge(inbox.runtime, now=inbox.now)
    assert BulkItem.select().count() == 0
    assert BulkJob.select().count() == 1


def test_starting_costs_the_same_however_many_wait_and_progress_one_statement(
    inbox: Inbox, sam: Actor, ids: list[int]
) -> None:
    small: list[str] = []
    with counted(small):
        job_id = start(inbox, sam, ids[:5], "resolve", "")
    large: list[str] = []
    with counted(large):
        start(inbox, sam, list(range(1, 400)), "label", "vip")
    assert len(small) == len(large)
    looking: list[str] = []
    with counted(looking):
        bulk_job(job_id, agent_id=sam.agent_id or 0)
    assert sum(each.startswith("SELECT") for each in looking) == 1
    assert {row.state for row in BulkItem.select()} == {BulkItemState.WAITING}
