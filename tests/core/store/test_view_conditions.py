"""A view's condition finds what its questions ask, and every question can be asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from earful.policies import VIEW_FACTS, FactType, Takes, validate_view, view_operators
from earful.store import models
from earful.store.queries import inbox
from earful.store.queries.conditions import FACTS, view_condition
from earful.store.queries.inbox import (
    Count,
    Filter,
    View,
    count_filter,
    counts,
    list_conversations,
)
from earful.store.states import ConversationStatus, ListOrder, PriorityRank
from earful.types import Surface

from tests.core.store.filler import NOW, Filler, seeing


def narrowed(filled: Filler, tree: dict[str, Any], status: str = "open") -> Filter:
    assert validate_view(tree) == []
    where = view_condition(tree, agent_id=filled.sam.id, now=NOW)
    return Filter(ConversationStatus(status), where)


def found(filled: Filler, tree: dict[str, Any], status: str = "open") -> set[str]:
    page = list_conversations(
        View("saved", None, 1), agent_id=filled.sam.id, narrowed=narrowed(filled, tree, status)
    )
    return {row.subject for row in page.items}


def leaf(fact: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"fact": fact, "op": op} | ({} if value is None else {"value": value})


@pytest.fixture
def shop(filled: Filler) -> Filler:
    """Three open conversations: a is plain, b has everything, c is nobody's."""
    filled.message(filled.conversation(subject="a", assignee=filled.maya))
    row = filled.conversation(
        subject="b",
        queue=filled.queues[1],
        assignee=filled.sam,
        priority=PriorityRank.URGENT,
        surface=Surface.PRIVATE,
        last_message_at=NOW - timedelta(hours=30),
        waiting_since=NOW - timedelta(hours=5),
        due_at=NOW - timedelta(hours=2),
    )
    message = filled.message(row, language="nl")
    models.MessageLabel.create(
        message=message, name="sentiment:negative", score=1, classifier="m", created_at=NOW
    )
    models.ConversationLabel.create(
        conversation=row, name="topic:refund", added_by="x", added_at=NOW
    )
    models.ReadCursor.create(agent=filled.sam, conversation=row, message_id=message.id)
    filled.message(filled.conversation(subject="c", queue=None))
    return filled


ONLY_B = [
    leaf("conversation.queue", "is", "Billing"),
    leaf("conversation.queue", "in", ["Billing", "Nowhere"]),
    leaf("conversation.queue", "is_not", "Delivery"),
    leaf("conversation.assignee", "is", "me"),
    leaf("conversation.assignee", "is", "Sam Bailey@example.com"),
    leaf("conversation.assignee", "in", ["me"]),
    leaf("conversation.assignee", "is_not", "Maya Ortiz@example.com"),
    leaf("conversation.priority", "is", "urgent"),
    leaf("conversation.priority", "in", ["high", "urgent"]),
    leaf("conversation.surface", "is", "private"),
    leaf("labels", "has", "topic:refund"),
    leaf("labels", "has", "topic:*"),
    leaf("labels", "has_any", ["x", "Topic:Refund"]),
    leaf("conversation.sentiment", "is", "negative"),
    leaf("conversation.sentiment", "is_known"),
    leaf("message.language", "is", "nl"),
    leaf("conversation.age", "gt", 24),
    leaf("conversation.age", "eq", 30),
    leaf("conversation.waiting", "gte", 5),
    leaf("conversation.waiting", "is_known"),
    leaf("conversation.due", "lt", 0),
    leaf("conversation.due", "is_known"),
    leaf("conversation.unread", "is", value=False),
    leaf("conversation.title", "is", "B"),
    {"none": [leaf("conversation.title", "is", "a"), leaf("conversation.title", "contains", "c")]},
    {
        "all": [
            leaf("channel.name", "is", "forum"),
            {"any": [leaf("labels", "has", "topic:refund")]},
        ]
    },
]


@pytest.mark.parametrize("tree", ONLY_B, ids=str)
def test_a_question_finds_what_it_asks(shop: Filler, tree: dict[str, Any]) -> None:
    assert found(shop, tree) == {"b"}


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        ({"all": []}, "abc"),
        (leaf("conversation.assignee", "is_unknown"), "c"),
        (leaf("conversation.queue", "is_not", "Billing"), "a"),
        # Nobody's queue is not Billing, but a question about what is unknown is never a yes...
        ({"none": [leaf("conversation.queue", "is", "Billing")]}, "ac"),
        # ... and a group that denies it holds.
        ({"none": [leaf("conversation.waiting", "gt", 1)]}, "ac"),
        (leaf("conversation.unread", "is", value=True), "ac"),
        (leaf("contact.name", "contains", "TANAKA"), "abc"),
        (leaf("contact.name", "starts_with", "%"), ""),
        (leaf("conversation.title", "not_contains", "_"), "abc"),
        (leaf("labels", "has_not", "topic:*"), "ac"),
        (leaf("channel.type", "is", "forums"), "abc"),
        (leaf("conversation.age", "lt", 10**15), "abc"),
    ],
    ids=str,
)
def test_what_is_unknown_answers_no_question(
    shop: Filler, tree: dict[str, Any], expected: str
) -> None:
    """`expected` is the letters of the conversations: a set's order would differ by process."""
    assert found(shop, tree) == set(expected)


def test_a_persons_word_on_the_tone_wins(shop: Filler) -> None:
    message = models.MessageLabel.get().message_id
    correction = models.LabelCorrection.create(
        message=message, namespace="sentiment", value="positive", at=NOW, text_version=1,
        machine_classifier="m", machine_version="1",
    )  # fmt: skip
    assert found(shop, leaf("conversation.sentiment", "is", "positive")) == {"b"}
    assert found(shop, leaf("conversation.sentiment", "is", "negative")) == set()
    models.LabelCorrection.update(value="").where(
        models.LabelCorrection.id == correction.id
    ).execute()
    assert found(shop, leaf("conversation.sentiment", "is_known")) == set()


SAMPLES = {
    Takes.NOTHING: None,
    Takes.TEXT: "private",
    Takes.TEXTS: ["x", "me"],
    Takes.NUMBER: 3,
    Takes.BOOLEAN: True,
}


def test_every_fact_and_question_of_a_view_can_be_asked(shop: Filler) -> None:
    asked = 0
    for fact in VIEW_FACTS:
        for name, operator in view_operators(fact).items():
            value: Any = SAMPLES[operator.takes]
            if fact.choices:
                first = str(fact.choices[0])
                value = {Takes.TEXT: first, Takes.TEXTS: [first]}.get(operator.takes, value)
            found(shop, leaf(fact.name, name, value))
            asked += 1
    assert asked > 50
    assert {fact.name for fact in VIEW_FACTS} == set(FACTS)


def test_a_view_cannot_ask_what_the_database_cannot() -> None:
    text = {fact.name for fact in VIEW_FACTS if fact.type is FactType.TEXT}
    for name in text:
        (mistake,) = validate_view({"all": [leaf(name, "matches", "a+")]})
        assert "use “contains”" in mistake.text
    many = {"all": [leaf("labels", "has", "x")] * 21}
    assert "more than 20 questions" in str(validate_view(many)[0])
    assert validate_view({"all": [leaf("message.text", "contains", "x")]})
    assert validate_view([])


def test_a_count_says_when_there_may_be_more(filled: Filler) -> None:
    filled.many(60)
    everything = narrowed(filled, {"all": []})
    assert count_filter(everything) == (60, False)
    assert count_filter(everything, most=50) == (50, True)
    assert count_filter(everything, among=30) == (30, True)
    mine = narrowed(filled, leaf("conversation.assignee", "is", "me"))
    assert count_filter(mine) == (30, False)


def test_kept_views_are_counted_with_all_others_in_one_statement(filled: Filler) -> None:
    filled.many(60)
    mine = narrowed(filled, leaf("conversation.assignee", "is", "me"))
    with seeing() as statements:
        shown = counts([], agent_id=filled.sam.id, saved={"view-1": mine, "view-2": mine})
    assert shown["view-1"] == shown["view-2"] == shown["mine"] == Count(30)
    assert len(statements) == 1


def test_a_kept_views_number_says_when_others_were_not_looked_at(
    filled: Filler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "_LOOKED_AT", 40)
    filled.many(60)
    mine = narrowed(filled, leaf("conversation.assignee", "is", "me"))
    nobodys = narrowed(filled, leaf("labels", "has", "topic:rare"))
    saved = {"view-1": mine, "view-2": nobodys}
    shown = counts([], agent_id=filled.sam.id, saved=saved)
    assert shown["view-1"].is_cut
    assert 0 < shown["view-1"].found < 30
    assert shown["view-2"] == Count(0, is_cut=True)


@pytest.mark.parametrize("order", list(ListOrder))
def test_pages_of_every_order_follow_one_another(filled: Filler, order: ListOrder) -> None:
    from earful.store.queries.paging import Cursor

    for n in range(11):
        filled.conversation(
            subject=f"{n:02}",
            priority=PriorityRank(n % 4),
            due_at=NOW + timedelta(hours=n // 2),
            last_message_at=NOW - timedelta(hours=n // 3),
        )
    seen, cursor = [], None
    for _ in range(6):
        page = list_conversations(
            View(), agent_id=0, order=order, after=Cursor.parse(cursor), limit=2
        )
        seen += [(row.priority, row.due_at, row.last_message_at, row.subject) for row in page.items]
        cursor = page.next
    assert cursor is None
    assert len(seen) == 11
    keys = {
        ListOrder.DUE: lambda row: (row[1], row[3]),
        ListOrder.OLDEST: lambda row: (row[2], row[3]),
        ListOrder.NEWEST: lambda row: (-row[2].timestamp(), [-ord(c) for c in row[3]]),
        ListOrder.PRIORITY: lambda row: (-row[0], row[1], row[3]),
    }
    assert seen == sorted(seen, key=keys[order])
