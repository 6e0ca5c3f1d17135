"""The pages' reads: what they find, in which order, and that they cost the same however full."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from earful import store
from earful.store import models
from earful.store.queries import changes, channels, inbox, people, system
from earful.store.queries.conversation import answerable, conversation_page
from earful.store.queries.inbox import View, counts, list_conversations
from earful.store.queries.paging import Cursor
from earful.store.queries.timeline import timeline
from earful.store.states import ConversationStatus, ListOrder, PayloadState, PriorityRank, Role
from earful.types import RemovalKind, Surface

from tests.core.store.filler import NOW, Filler, seeing


def subjects(view: str, agent_id: int = 0, **options: Any) -> list[str]:
    parsed = View.parse(view)
    assert parsed
    return [row.subject for row in list_conversations(parsed, agent_id=agent_id, **options).items]


def test_the_most_urgent_come_first_and_those_without_a_clock_last(filled: Filler) -> None:
    filled.conversation(subject="no clock")
    filled.conversation(subject="later", due_at=NOW + timedelta(hours=2))
    filled.conversation(subject="overdue", due_at=NOW - timedelta(hours=2))
    assert subjects("all") == ["overdue", "later", "no clock"]


def test_a_view_holds_what_its_name_says(filled: Filler) -> None:
    filled.conversation(subject="mine", assignee=filled.sam)
    filled.conversation(subject="free")
    filled.conversation(subject="bill", queue=filled.queues[1], assignee=filled.maya)
    for status in ("pending", "resolved", "ignored"):
        filled.conversation(subject=status, status=status, assignee=filled.sam)
    filled.conversation(subject="asleep", status="snoozed", snoozed_until=NOW + timedelta(hours=1))
    assert subjects("all") == ["mine", "free", "bill"]
    assert subjects("mine", filled.sam.id) == ["mine"]
    assert subjects("unassigned") == ["free"]
    assert subjects(f"queue-{filled.queues[1].id}") == ["bill"]
    assert subjects("snoozed") == ["asleep"]
    assert [subjects(name) for name in ("pending", "resolved", "ignored")] == [
        ["pending"],
        ["resolved"],
        ["ignored"],
    ]


def test_a_line_carries_what_it_shows(filled: Filler) -> None:
    conversation = filled.conversation(assignee=filled.maya, priority=PriorityRank.URGENT)
    old = filled.message(conversation)
    new = filled.message(conversation)
    ours = filled.message(conversation, direction="out")
    for message, mood in ((old, "positive"), (new, "negative"), (ours, "positive")):
        models.MessageLabel.create(
            message=message, name=f"sentiment:{mood}", score=0.8, classifier="mood", created_at=NOW
        )
    models.ConversationLabel.create(
        conversation=conversation, name="parcel", added_by="Maya", added_at=NOW
    )
    (row,) = list_conversations(View(), agent_id=0).items
    assert (row.contact, row.channel.title, row.queue.name) == (
        "Yuki Tanaka",
        "Our forum",
        "Delivery",
    )
    assert row.assignee.initials == "MO"
    assert row.priority is PriorityRank.URGENT
    assert row.due_at is None
    assert row.labels == ("parcel",)
    assert row.mood.value == "negative"


@pytest.mark.parametrize("view", ["all", "resolved", "snoozed"])
def test_pages_follow_one_another_without_a_gap(filled: Filler, view: str) -> None:
    status = "open" if view == "all" else view
    for n in range(7):
        filled.conversation(
            status=status, snoozed_until=NOW + timedelta(hours=n // 3), subject=str(n)
        )
    parsed = View.parse(view)
    assert parsed
    seen, cursor = [], None
    while True:
        page = list_conversations(parsed, agent_id=0, after=Cursor.parse(cursor), limit=3)
        seen += [row.subject for row in page.items]
        cursor = page.next
        if cursor is None:
            break
    expected = [str(n) for n in range(7)]
    assert seen == (expected[::-1] if view == "resolved" else expected)


@pytest.mark.parametrize("text", ["queue-x", "queue-", "nonsense", "queue--1", "queue-²"])
def test_an_unknown_view_is_told(text: str) -> None:
    assert View.parse(text) is None


@pytest.mark.parametrize("text", ["", None, "x", "~", "2026-01-01~3", "2026-13-01T00:00:00Z~1"])
def test_an_unreadable_cursor_is_none(text: str | None) -> None:
    assert Cursor.parse(text) is None


def test_a_cursor_survives_an_address() -> None:
    cursor = Cursor(at=NOW, id=7)
    assert Cursor.parse(str(cursor)) == cursor


def test_counting_stops_early(filled: Filler, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "MOST_COUNTED", 100)
    filled.many(120)
    counted = counts([queue.id for queue in filled.queues], agent_id=filled.sam.id)
    found = {key: count.found for key, count in counted.items()}
    assert [key for key, count in counted.items() if count.is_cut] == ["all"]
    assert found["all"] == 100
    assert found["mine"] == found["unassigned"] == 60
    assert found[f"queue-{filled.queues[0].id}"] == 60
    assert found["snoozed"] == found["pending"] == 0


def every_read(filled: Filler, conversation_id: int) -> dict[str, int]:
    """How many statements each read takes."""
    reads = {
        "list": lambda: list_conversations(View(), agent_id=filled.sam.id),
        "mine": lambda: list_conversations(View("mine"), agent_id=filled.sam.id),
        "counts": lambda: counts([q.id for q in filled.queues], agent_id=filled.sam.id),
        "page": lambda: conversation_page(conversation_id),
        "timeline": lambda: timeline(conversation_id),
        "answerable": lambda: answerable(conversation_id),
        "inbox state": changes.inbox_state,
        "state": lambda: changes.conversation_state(conversation_id),
        "agents": people.agents,
        "queues": people.queues,
        "channels": channels.channels,
        "payloads": lambda: channels.refused_payloads(filled.channel.id),
        "heartbeats": system.heartbeats,
        "unfinished": system.unfinished,
    }
    found = {}
    for name, read in reads.items():
        with seeing() as statements:
            read()
        found[name] = len(statements)
    return found


def test_a_page_costs_the_same_with_ten_and_with_a_thousand_conversations(filled: Filler) -> None:
    filled.many(10)
    conversation = models.Conversation.select().get()
    few = every_read(filled, conversation.id)
    for n in range(300):
        filled.message(conversation, parent_external_id=f"m{n}", version=2)
    filled.number += 1
    models.Thread.update(external_id=models.Thread.external_id.concat("old")).execute()
    models.Message.update(external_id=models.Message.external_id.concat("old")).execute()
    filled.many(990)
    assert every_read(filled, conversation.id) == few
    assert max(few.values()) <= 12
    assert few["list"] == 3
    assert few["counts"] == few["inbox state"] == few["unfinished"] == 1


ORDERS = {
    ("all", "due"): "conversation_by_status",
    ("mine", "due"): "conversation_by_assignee",
    ("unassigned", "due"): "conversation_unassigned",
    ("snoozed", "due"): "conversation_snoozed",
    ("resolved", "newest"): "conversation_by_status_moment",
    ("queue-1", "due"): "conversation_by_queue",
    ("all", "newest"): "conversation_by_status_moment",
    ("queue-1", "newest"): "conversation_by_queue_moment",
    ("mine", "oldest"): "conversation_by_assignee_moment",
    ("unassigned", "oldest"): "conversation_unassigned_moment",
    ("all", "priority"): "conversation_by_status_priority",
    ("queue-1", "priority"): "conversation_by_queue_priority",
    ("mine", "priority"): "conversation_by_assignee_priority",
    ("unassigned", "priority"): "conversation_unassigned_priority",
}


@pytest.mark.parametrize(("view", "order"), list(ORDERS))
def test_every_order_of_every_view_is_read_from_its_index(
    filled: Filler, view: str, order: str
) -> None:
    filled.many(400)
    models.Conversation.update(status="snoozed", snoozed_until=NOW).where(
        models.Conversation.subject.endswith("00")
    ).execute()
    if store.is_postgres():
        models.database.execute_sql("ANALYZE")
    parsed = View("queue", filled.queues[0].id) if view == "queue-1" else View.parse(view)
    assert parsed
    early = NOW + timedelta(hours=1 if order == "newest" else -1)
    cursor = Cursor(at=early, id=5, rank=1 if order == "priority" else None)
    with seeing() as statements:
        list_conversations(parsed, agent_id=1, order=ListOrder(order), after=cursor, limit=5)
    sql, values = statements[0]
    plan = explained(sql, values)
    # PostgreSQL goes by its statistics, and takes any index that gives the order.
    assert store.is_postgres() or ORDERS[view, order] in plan, plan
    assert "TEMP B-TREE" not in plan, plan
    assert "Sort Key" not in plan


def explained(sql: str, values: Any) -> str:
    """How the database would run a statement."""
    if store.is_postgres():
        # With few rows it would read whole tables, whatever the indexes.
        models.database.execute_sql("SET enable_seqscan = off; SET enable_bitmapscan = off")
    words = "EXPLAIN" if store.is_postgres() else "EXPLAIN QUERY PLAN"
    found = models.database.execute_sql(f"{words} {sql}", values).fetchall()
    return "\n".join(str(row[-1]) for row in found)


def test_a_conversation_shows_its_people_threads_clocks_and_labels(filled: Filler) -> None:
    conversation = filled.conversation()
    other = filled.conversation(subject="An older one", status=ConversationStatus.RESOLVED)
    message = filled.message(conversation)
    models.Clock.create(
        conversation=conversation,
        kind="first_response",
        started_at=NOW,
        due_at=NOW,
        explanation="60 minutes in business hours",
    )
    page = conversation_page(conversation.id)
    assert page
    assert page.contact.name == "Yuki Tanaka"
    assert [each.handle for each in page.contact.identities] == ["@yuki"]
    assert [each.id for each in page.contact.others] == [other.id]
    assert page.clocks[0].is_running
    assert len(page.threads) == 1
    assert page.newest_message_id == message.id


def test_there_is_no_page_of_what_is_not_there(filled: Filler) -> None:
    assert conversation_page(12345) is None
    assert answerable(12345) is None
    assert changes.conversation_state(12345) == ""


def test_a_long_thread_is_read_in_stretches(filled: Filler) -> None:
    conversation = filled.conversation()
    first = filled.message(conversation, sent_at=NOW)
    for n in range(1, 9):
        filled.message(conversation, sent_at=NOW + timedelta(minutes=n), text=str(n))
    models.Note.create(
        conversation=conversation, agent=filled.sam, text="old", at=NOW + timedelta(seconds=90)
    )
    models.Note.create(
        conversation=conversation, agent=filled.sam, text="new", at=NOW + timedelta(minutes=8)
    )
    newest = timeline(conversation.id, limit=4)
    assert [line.text for line in newest.messages] == ["5", "6", "7", "8"]
    assert [line.text for line in newest.notes] == ["new"]
    middle = timeline(conversation.id, until=Cursor.parse(newest.earlier), limit=4)
    assert [line.text for line in middle.messages] == ["1", "2", "3", "4"]
    assert [line.text for line in middle.notes] == ["old"]
    oldest = timeline(conversation.id, until=Cursor.parse(middle.earlier), limit=4)
    assert [line.id for line in oldest.messages] == [first.id]
    assert oldest.earlier is None


def test_a_message_shows_its_versions_labels_and_what_it_answers(filled: Filler) -> None:
    conversation = filled.conversation()
    parent = filled.message(conversation, text="The question")
    filled.message(conversation, text="Something else")
    answer = filled.message(conversation, parent_external_id=parent.external_id, version=2)
    models.MessageVersion.create(message=answer, number=1, text="Whre is it?", seen_at=NOW)
    models.MessageLabel.create(
        message=answer, name="sentiment:negative", score=0.7, classifier="mood", created_at=NOW
    )
    line = timeline(conversation.id).messages[-1]
    assert line.quote.text == "The question"
    assert [version.text for version in line.versions] == ["Whre is it?"]
    assert line.edited_at == NOW
    assert [label.name for label in line.labels] == ["sentiment:negative"]


def test_an_answer_right_below_its_question_needs_no_quote(filled: Filler) -> None:
    conversation = filled.conversation()
    parent = filled.message(conversation)
    filled.message(conversation, parent_external_id=parent.external_id)
    assert timeline(conversation.id).messages[-1].quote is None


def test_what_is_gone_cannot_be_answered(filled: Filler) -> None:
    conversation = filled.conversation()
    standing = filled.message(conversation)
    gone = filled.message(conversation, removal=RemovalKind.DELETED, text="")
    assert answerable(conversation.id).id == standing.id
    assert answerable(conversation.id, gone.id).removal is RemovalKind.DELETED


@pytest.mark.parametrize("change", ["event", "note", "status", "reply", "message"])
def test_a_change_changes_the_word(filled: Filler, change: str) -> None:
    conversation = filled.conversation()
    message = filled.message(conversation)
    before = changes.conversation_state(conversation.id), changes.inbox_state()
    if change == "event":
        models.Event.create(conversation=conversation, at=NOW, kind="assigned")
    elif change == "note":
        models.Note.create(conversation=conversation, agent=filled.sam, text="x", at=NOW)
    elif change == "status":
        models.Conversation.update(status="resolved").execute()
    elif change == "message":
        models.Conversation.update(message_count=2).execute()
    else:
        models.Reply.create(
            channel=filled.channel,
            conversation=conversation,
            thread=message.thread_id,
            message=message,
            surface=Surface.PUBLIC_REPLY,
            text="Hi",
            idempotency_key="k",
            created_at=NOW,
            due_at=NOW,
        )
    assert changes.conversation_state(conversation.id) != before[0]


def test_channels_count_what_could_not_be_read(filled: Filler) -> None:
    for state in ("quarantined", "quarantined", "unsupported", "parsed"):
        models.Payload.create(
            channel=filled.channel,
            state=state,
            body=b"<feed>\xff",
            error="broken",
            received_at=NOW,
        )
    (line,) = channels.channels()
    assert (line.quarantined, line.unsupported) == (2, 1)
    assert channels.channel_line(filled.channel.id) == line
    page = channels.refused_payloads(filled.channel.id, limit=1)
    assert page.items[0].excerpt == "<feed>\ufffd"
    assert page.items[0].size == 7
    rest = channels.refused_payloads(filled.channel.id, before_id=int(page.next or 0))
    assert len(rest.items) == 1
    assert rest.next is None
    kept = channels.refused_payloads(filled.channel.id, state=PayloadState.UNSUPPORTED)
    assert len(kept.items) == 1


def test_only_people_who_may_act_can_be_assigned(filled: Filler) -> None:
    models.Agent.create(email="v@example.com", name="Vera", role=Role.VIEWER, created_at=NOW)
    models.Agent.create(email="g@example.com", name="Gone", active=False, created_at=NOW)
    assert [each.name for each in people.assignable_agents()] == ["Maya Ortiz", "Sam Bailey"]
    assert [each.name for each in people.agents()][-1] == "Gone"


def test_unfinished_work_is_counted(filled: Filler) -> None:
    filled.message(filled.conversation())
    assert system.unfinished().messages == 1
    assert system.unfinished().replies == 0
