"""Rows that are held stay free to be linked to, or those who link to each other's wait for ever."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from earful import store
from earful.store.database import locked
from earful.store.models import Queue
from earful.store.stages import held
from earful.store.states import Stage
from earful.testing.inbox import Inbox

from tests.wall import Wall, post

# What PostgreSQL asks for each row that an insert links to.
LINK = "SELECT 1 FROM {} WHERE id = %s FOR KEY SHARE NOWAIT"
CHANGE = "SELECT 1 FROM {} WHERE id = %s FOR NO KEY UPDATE NOWAIT"


@pytest.mark.postgres
def test_a_held_row_can_be_linked_to_but_not_changed(
    postgres_database: str, open_postgres: None
) -> None:
    queue = Queue.create(name="Held")
    with psycopg.connect(postgres_database, autocommit=True) as other, store.transaction():
        locked(Queue.select().where(Queue.id == queue.id)).get()
        assert other.execute(LINK.format("queue"), [queue.id]).fetchone() == (1,)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(CHANGE.format("queue"), [queue.id])


@pytest.fixture
def open_postgres(postgres_database: str) -> Iterator[None]:
    store.open_database(postgres_database)
    with store.connection():
        yield


def test_messages_are_held_in_their_stage_only(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    with store.transaction():
        assert list(held([message.id], Stage.DONE)) == [message.id]
        assert held([message.id], Stage.INGESTED) == {}
