"""Prepared selects: built once, right for every number, on every database in turn."""

from __future__ import annotations

from typing import Any

from earful import store
from earful.store.models import Conversation
from earful.store.queries.reading import Prepared

from tests.core.store.filler import Filler

BUILT: list[int] = []


def _two(first: int, second: int) -> Any:
    BUILT.append(first)
    either = (Conversation.id == first) | (Conversation.id == second)
    return Conversation.select().where(either).order_by(Conversation.id).limit(2)


def test_a_prepared_select_is_built_once_and_reads_what_each_number_asks(filled: Filler) -> None:
    ids = [filled.conversation(subject=f"number {n}").id for n in range(4)]
    read = Prepared(_two)
    BUILT.clear()
    with store.connection():
        for first, second in ((ids[0], ids[1]), (ids[3], ids[2]), (ids[1], ids[1])):
            expected = list(read.build(first, second).dicts())
            BUILT.clear()
            assert read(first, second) == expected
        assert BUILT == []
        assert [row["subject"] for row in read(ids[3], ids[0])] == ["number 0", "number 3"]


def test_a_number_of_the_statement_itself_stays(filled: Filler) -> None:
    for n in range(4):
        filled.conversation(subject=f"number {n}")
    read = Prepared(lambda limit: Conversation.select().where(Conversation.id > 0).limit(limit))
    with store.connection():
        assert [len(read(most)) for most in (1, 2, 3)] == [1, 2, 3]


def test_nobody_is_no_number_and_finds_nothing(filled: Filler) -> None:
    somebody = filled.conversation().id
    read = Prepared(lambda number: Conversation.select().where(Conversation.id == number))
    with store.connection():
        assert read(None) == []
        assert len(read(somebody)) == 1
