"""Many at once: what is done, what is refused, and that taking it back is exact."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.store import models
from earful.store.states import AssignmentStrategy, Role
from earful.types import Priority

from tests.core.store.filler import NOW, Filler

LATER = NOW + timedelta(seconds=20)
RUNTIME: Any = None


@pytest.fixture
def shop(open_database: str) -> Filler:
    return Filler()


@pytest.fixture
def sam(shop: Filler) -> Actor:
    return Actor(shop.sam.id, "Sam", Role.AGENT)


def rows() -> list[dict[str, Any]]:
    """All that a bulk change may touch, as it stands."""
    tables = (models.Conversation, models.ConversationLabel, models.Clock)
    found = []
    for table in tables:
        found += list(table.select().order_by(table.id).dicts())
    return [{key: value for key, value in row.items() if key != "id"} for row in found]


def waiting(shop: Filler, **fields: Any) -> int:
    """A conversation with a running clock, a label, a queue and an assignee."""
    row = shop.conversation(
        assignee=shop.maya, due_at=NOW + timedelta(hours=1), waiting_since=NOW, **fields
    )
    models.Clock.create(
        conversation=row, kind="first_response", started_at=NOW, due_at=NOW + timedelta(hours=1)
    )
    models.ConversationLabel.create(conversation=row, name="old", added_by="x", added_at=NOW)
    return int(row.id)


CHANGES = [
    ("assign", lambda shop: shop.sam.id),
    ("assign", lambda shop: None),
    ("queue", lambda shop: shop.queues[1].id),
    ("priority", lambda shop: Priority.URGENT),
    ("label", lambda shop: "new"),
    ("label", lambda shop: "old"),
    ("snooze", lambda shop: NOW + timedelta(days=1)),
    ("resolve", lambda shop: "Refunded"),
    ("ignore", lambda shop: "Spam"),
]


@pytest.mark.parametrize(("change", "value_of"), CHANGES)
def test_what_is_undone_stands_exactly_as_before(
    shop: Filler, sam: Actor, change: str, value_of: Any
) -> None:
    ids = [waiting(shop), waiting(shop, priority=3, queue=shop.queues[1]), waiting(shop)]
    models.Conversation.update(status="pending").where(models.Conversation.id == ids[2]).execute()
    before = rows()
    outcome = actions.change_many(RUNTIME, sam, ids, change, value_of(shop), now=NOW)
    assert outcome.done == tuple(ids)
    assert not outcome.failed
    if outcome.undo_id is None:
        assert (change, rows()) == ("label", before)
        return
    assert rows() != before
    back, kept = actions.undo_many(RUNTIME, sam, outcome.undo_id, now=LATER)
    assert rows() == before
    assert set(back) <= set(ids)
    assert kept == ()


def test_one_refusal_leaves_the_others(shop: Filler, sam: Actor) -> None:
    ids = [waiting(shop), 999_999]
    outcome = actions.change_many(RUNTIME, sam, ids, "resolve", "", now=NOW)
    assert outcome.done == (ids[0],)
    assert outcome.failed == {999_999: "This conversation does not exist."}
    assert models.Conversation.get_by_id(ids[0]).status == "resolved"


def test_nothing_that_everybody_refuses_can_be_undone(shop: Filler, sam: Actor) -> None:
    outcome = actions.change_many(RUNTIME, sam, [waiting(shop)], "queue", 999, now=NOW)
    assert outcome.undo_id is None
    assert list(outcome.failed.values()) == ["This queue does not exist any more."]


@pytest.mark.parametrize("since", ["moved", "message", "resolved again", "clock"])
def test_what_somebody_changed_since_stays(shop: Filler, sam: Actor, since: str) -> None:
    ids = [waiting(shop), waiting(shop)]
    outcome = actions.change_many(RUNTIME, sam, ids, "resolve", "", now=NOW)
    maya = Actor(shop.maya.id, "Maya", Role.AGENT)
    row = models.Conversation.id == ids[0]
    match since:
        case "moved":
            actions.reopen(RUNTIME, maya, ids[0], now=LATER)
        case "message":
            models.Conversation.update(message_count=5).where(row).execute()
        case "resolved again":
            models.Conversation.update(resolved_at=LATER, outcome="By Maya").where(row).execute()
        case "clock":
            models.Clock.create(
                conversation=ids[0], kind="first_response", started_at=NOW, due_at=LATER
            )
    stands = models.Conversation.get_by_id(ids[0]).__data__
    back, kept = actions.undo_many(RUNTIME, sam, outcome.undo_id or 0, now=LATER)
    assert (back, kept) == ((ids[1],), (ids[0],))
    assert models.Conversation.get_by_id(ids[0]).__data__ == stands
    assert models.Conversation.get_by_id(ids[1]).status == "open"


def test_a_change_of_another_kind_is_no_hindrance(shop: Filler, sam: Actor) -> None:
    key = waiting(shop)
    outcome = actions.change_many(RUNTIME, sam, [key], "assign", shop.sam.id, now=NOW)
    actions.set_priority(RUNTIME, sam, key, Priority.LOW, now=LATER)
    back, _ = actions.undo_many(RUNTIME, sam, outcome.undo_id or 0, now=LATER)
    assert back == (key,)
    row = models.Conversation.get_by_id(key)
    assert (row.assignee_id, row.priority) == (shop.maya.id, 0)


def test_undo_is_for_once_for_a_minute_and_for_who_did_it(shop: Filler, sam: Actor) -> None:
    key = waiting(shop)

    def resolved() -> int:
        models.Conversation.update(status="open").execute()
        found = actions.change_many(RUNTIME, sam, [key], "resolve", "", now=NOW)
        assert found.undo_id
        return found.undo_id

    maya = Actor(shop.maya.id, "Maya", Role.ADMIN)
    undo = resolved()
    with pytest.raises(ActionRefused, match="cannot be undone"):
        actions.undo_many(RUNTIME, maya, undo, now=LATER)
    with pytest.raises(ActionRefused, match="cannot be undone"):
        actions.undo_many(RUNTIME, sam, undo, now=NOW + timedelta(seconds=61))
    actions.undo_many(RUNTIME, sam, undo, now=LATER)
    with pytest.raises(ActionRefused, match="cannot be undone"):
        actions.undo_many(RUNTIME, sam, undo, now=LATER)


def test_records_do_not_pile_up(shop: Filler, sam: Actor) -> None:
    key = waiting(shop)
    for hour in range(5):
        at = NOW + timedelta(hours=hour)
        actions.change_many(RUNTIME, sam, [key], "label", f"l{hour}", now=at)
    assert models.BulkUndo.select().count() == 1


def test_who_may_and_how_many(shop: Filler, sam: Actor) -> None:
    viewer = Actor(shop.sam.id, "Vera", Role.VIEWER)
    for who, ids, said in (
        (viewer, [1], "needs the role agent"),
        (sam, [], "Select conversations"),
        (sam, range(501), "At most 500"),
    ):
        with pytest.raises(ActionRefused, match=said):
            actions.change_many(RUNTIME, who, ids, "resolve", "", now=NOW)


def test_everything_is_on_the_timeline_and_in_the_audit(shop: Filler, sam: Actor) -> None:
    key = waiting(shop)
    outcome = actions.change_many(RUNTIME, sam, [key], "resolve", "", now=NOW)
    actions.undo_many(RUNTIME, sam, outcome.undo_id or 0, now=LATER)
    kinds = [event.kind for event in models.Event.select().order_by(models.Event.id)]
    assert kinds == ["resolved", "undone"]
    audited = [event.action for event in models.AuditEvent.select().order_by(models.AuditEvent.id)]
    assert audited == ["conversation.resolved", "conversation.undone"]


# Beside others, on PostgreSQL. On SQLite only one writes at a time.


def at_once(shop: Filler, sam: Actor, ids: list[int]) -> None:
    actions.change_many(RUNTIME, sam, ids, "queue", shop.queues[1].id, now=NOW)


def by_a_job(shop: Filler, sam: Actor, ids: list[int]) -> None:
    job = actions.start_bulk_job(RUNTIME, sam, ids, "queue", shop.queues[1].id, now=NOW)
    assert not actions.continue_bulk_job(RUNTIME, job, now=NOW)


def taken_back(sam: Actor) -> None:
    job = models.BulkJob.get_or_none()
    if job is None:
        actions.undo_many(RUNTIME, sam, models.BulkUndo.get().id, now=LATER)
    else:
        actions.undo_bulk_job(RUNTIME, sam, job.id, now=LATER)
        actions.continue_bulk_job(RUNTIME, job.id, now=LATER)


def until_it_waits(watcher: psycopg.Connection[Any]) -> None:
    waiting = (
        "SELECT 1 FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    ends = time.monotonic() + 10
    while watcher.execute(waiting).fetchone() is None:
        assert time.monotonic() < ends, "the bulk change waits for nobody"
        time.sleep(0.02)


@pytest.mark.postgres
@pytest.mark.parametrize("change", [at_once, by_a_job])
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_a_bulk_move_leaves_queues_to_others_until_it_holds_its_conversations(
    database: str, shop: Filler, sam: Actor, change: Callable[..., None]
) -> None:
    models.Queue.update(assignment=AssignmentStrategy.ROUND_ROBIN).execute()
    ids = [waiting(shop), waiting(shop)]
    models.Conversation.update(assignee=None).execute()
    watcher = psycopg.connect(database, autocommit=True)
    with watcher, psycopg.connect(database) as routing, ThreadPoolExecutor(1) as pool:
        # What routing does: first its conversation, then the queues.
        routing.execute("SELECT 1 FROM conversation WHERE id = %s FOR NO KEY UPDATE", ids[1:])
        moved = pool.submit(change, shop, sam, ids)
        until_it_waits(watcher)
        routing.execute("SELECT 1 FROM queue ORDER BY id FOR NO KEY UPDATE NOWAIT")
        routing.commit()
        moved.result(10)
    assert {row.queue_id for row in models.Conversation.select()} == {shop.queues[1].id}


@pytest.mark.postgres
@pytest.mark.parametrize("change", [at_once, by_a_job])
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_what_somebody_else_changed_just_before_is_not_taken_back(
    database: str, shop: Filler, sam: Actor, change: Callable[..., None]
) -> None:
    key = waiting(shop)
    watcher = psycopg.connect(database, autocommit=True)
    with watcher, psycopg.connect(database) as other, ThreadPoolExecutor(1) as pool:
        other.execute("UPDATE conversation SET priority = 3 WHERE id = %s", [key])
        moved = pool.submit(change, shop, sam, [key])
        until_it_waits(watcher)
        other.commit()
        moved.result(10)
    taken_back(sam)
    row = models.Conversation.get_by_id(key)
    assert (row.queue_id, row.priority) == (shop.queues[0].id, 3)
