"""A batch costs a fixed number of statements, whatever its size and whatever is stored."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from earful import Label, Removal, RemovalKind, actions
from earful.actions import SYSTEM
from earful.pipeline.route.policies import applied_policies, enabled_policies
from earful.store.models import PolicyRun, Queue, database
from earful.testing.inbox import Inbox

from tests.wall import Wall, post


@contextmanager
def counted(statements: list[str]) -> Iterator[None]:
    """Note every statement, and every set of statements that is sent at once."""
    real = database.obj
    execute, cursor = real.execute_sql, real.cursor

    def execute_sql(sql: str, *rest: Any, **options: Any) -> Any:
        statements.append(sql)
        return execute(sql, *rest, **options)

    def many(*rest: Any, **options: Any) -> Any:
        statements.append("cursor")
        return cursor(*rest, **options)

    real.execute_sql, real.cursor = execute_sql, many
    try:
        yield
    finally:
        del real.execute_sql, real.cursor


def save(inbox: Inbox, word: str, *wishes: dict[str, str]) -> None:
    actions.save_policy(
        inbox.runtime,
        SYSTEM,
        None,
        name=word,
        conditions={"fact": "message.text", "op": "contains", "value": word},
        actions=list(wishes),
        now=inbox.now,
    )


@pytest.fixture(autouse=True)
def busy_office(inbox: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch) -> None:
    # What goes now and then goes each time, so that every count has it.
    monkeypatch.setattr("earful.store.tallies._CLEARED_EVERY", 1)
    Queue.create(name="Billing", first_response_minutes=60)
    save(inbox, "refund", {"do": "queue", "value": "Billing"}, {"do": "label", "value": "a:b"})
    save(inbox, "casino", {"do": "ignore", "value": "advertising"})
    save(inbox, "urgent", {"do": "notify", "value": "pager"})
    wall.labels = lambda messages: [[Label(name="tone:bad", score=0.5)] for _ in messages]


WORDS = ("refund", "casino", "urgent", "refund")


def batch(start: int, count: int) -> list[Any]:
    numbers = range(start, start + count)
    return [post(f"m{n}", WORDS[n % 4], by=f"a{n}", thread_id=f"t{n}") for n in numbers]


def cost(inbox: Inbox, wall: Wall, *items: Any) -> int:
    body = wall.payload(*items)
    inbox.push("wall", body)
    statements: list[str] = []
    with counted(statements):
        inbox.run_jobs()
    return len(statements)


def test_a_long_conversation_costs_routing_no_more_rows(inbox: Inbox, wall: Wall) -> None:
    number = actions.save_policy(
        inbox.runtime,
        SYSTEM,
        None,
        name="each time",
        conditions={"all": []},
        actions=[{"do": "label", "value": "c:d"}],
        once=False,
        now=inbox.now,
    )
    messages = [post(f"m{n}", "refund", thread_id="long") for n in range(30)]
    inbox.receive("wall", wall.payload(*messages[:10]))
    inbox.receive("wall", wall.payload(*messages[10:]))

    (conversation_id,) = {each.conversation_id for each in inbox.messages()}
    found = applied_policies(enabled_policies({}), [conversation_id])
    assert PolicyRun.select().where(PolicyRun.policy == number).count() == 30
    assert [len(each) for each in found.values()] == [1]
    assert number not in found[conversation_id]


def test_new_messages(inbox: Inbox, wall: Wall) -> None:
    cost(inbox, wall, *batch(0, 4))
    small = cost(inbox, wall, *batch(1000, 8))
    large = cost(inbox, wall, *batch(2000, 200))
    full = cost(inbox, wall, *batch(3000, 8))

    assert small == large == full


def test_copies(inbox: Inbox, wall: Wall) -> None:
    cost(inbox, wall, *batch(0, 200))

    assert cost(inbox, wall, *batch(0, 200)) == cost(inbox, wall, *batch(0, 4))


def test_edits(inbox: Inbox, wall: Wall) -> None:
    cost(inbox, wall, *batch(0, 200))
    edits = [post(f"m{n}", "Changed", by=f"a{n}", thread_id=f"t{n}") for n in range(200)]

    assert cost(inbox, wall, *edits[:4]) == cost(inbox, wall, *edits[4:])


@pytest.mark.parametrize("kind", RemovalKind)
def test_removals(inbox: Inbox, wall: Wall, kind: RemovalKind) -> None:
    cost(inbox, wall, *batch(0, 200))
    removals = [Removal(external_id=f"m{n}", kind=kind) for n in range(200)]

    assert cost(inbox, wall, *removals[:4]) == cost(inbox, wall, *removals[4:])


def test_further_messages_of_known_conversations(inbox: Inbox, wall: Wall) -> None:
    cost(inbox, wall, *batch(0, 200))
    more = [
        post(f"n{n}", WORDS[n % 4], by=f"a{n}", thread_id=f"t{n}", minute=9) for n in range(200)
    ]

    assert cost(inbox, wall, *more[:8]) == cost(inbox, wall, *more[8:])


def test_our_own_messages(inbox: Inbox, wall: Wall) -> None:
    cost(inbox, wall, *batch(0, 200))
    ours = [
        post(f"o{n}", "Hi", by=f"a{n}", from_us=True, thread_id=f"t{n}", minute=9)
        for n in range(200)
    ]

    assert cost(inbox, wall, *ours[:4]) == cost(inbox, wall, *ours[4:])
