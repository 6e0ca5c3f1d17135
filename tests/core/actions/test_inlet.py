"""What platforms push at once is committed together, and nobody is answered before that."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from earful import Payload, store
from earful.actions import Inlet
from earful.errors import ActionRefused
from earful.store.models import Channel
from earful.store.models import Payload as PayloadRow
from earful.testing.inbox import Inbox


@pytest.fixture
def inlet(inbox: Inbox) -> Iterator[Inlet]:
    found = Inlet(inbox.runtime)
    yield found
    found.close()


def stored() -> list[bytes]:
    with store.connection():
        return sorted(bytes(row.body) for row in PayloadRow.select())


def push(inlet: Inlet, inbox: Inbox, body: bytes, channel: str = "wall", key: str = "") -> None:
    inlet.accept(channel, [Payload(body=body, key=key)], now=inbox.now)


def test_what_is_accepted_is_stored_and_its_job_enqueued(inlet: Inlet, inbox: Inbox) -> None:
    push(inlet, inbox, b"one")
    assert stored() == [b"one"]
    inlet.settle()
    assert inbox.jobs.waiting("ingest") == [("ingest_payload", (PayloadRow.get().id,))]
    with store.connection():
        assert Channel.get(Channel.name == "wall").last_success_at == inbox.now


def test_many_at_once_are_all_kept_and_each_once(inlet: Inlet, inbox: Inbox) -> None:
    bodies = [b"%03d" % number for number in range(60)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: push(inlet, inbox, each, key=each.decode()), bodies * 2))
    assert stored() == bodies
    inlet.settle()
    ids = [each for _, few in inbox.jobs.waiting("ingest") for each in few]
    assert len(ids) == len(set(ids)) == 60


def test_those_that_wait_share_a_transaction(
    inlet: Inlet, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes, go_on, keep = [], threading.Event(), inlet._keep

    def slow(batch: Sequence[Any]) -> set[str]:
        sizes.append(len(batch))
        if len(sizes) == 1:
            while inlet._waiting.qsize() < 5:
                go_on.wait(0.005)
        return keep(batch)

    monkeypatch.setattr(inlet, "_keep", slow)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: push(inlet, inbox, b"%d" % number), range(6)))
    assert sizes == [1, 5]
    assert len(stored()) == 6


def test_an_unknown_or_disabled_channel_is_refused_alone(inlet: Inlet, inbox: Inbox) -> None:
    Channel.update(state="disabled").where(Channel.name == "fence").execute()
    for name in ("nobody", "fence"):
        with pytest.raises(ActionRefused, match=f"No channel is named {name}"):
            push(inlet, inbox, b"x", channel=name)
    push(inlet, inbox, b"one")
    assert stored() == [b"one"]


def test_one_that_cannot_be_kept_does_not_harm_the_others(inlet: Inlet, inbox: Inbox) -> None:
    bad: Any = object()
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(push, inlet, inbox, each) for each in (b"1", bad, b"2")]
    assert [future.exception() is None for future in futures] == [True, False, True]
    assert stored() == [b"1", b"2"]


def test_a_connection_that_was_lost_is_made_anew(
    inlet: Inlet, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, calls = Inlet._keep, []

    def lost_once(self: Inlet, batch: Sequence[Any]) -> set[str]:
        calls.append(len(batch))
        if len(calls) == 1:
            raise ConnectionError("server closed the connection")
        return keep(self, batch)

    monkeypatch.setattr(Inlet, "_keep", lost_once)
    push(inlet, inbox, b"one")
    assert stored() == [b"one"]


def test_a_job_queue_that_is_away_holds_nobody_up(inlet: Inlet, inbox: Inbox) -> None:
    inbox.jobs.away = True
    push(inlet, inbox, b"one")
    inlet.settle()
    inbox.jobs.away = False
    inbox.advance(minutes=5)
    inbox.sweep()
    assert PayloadRow.get().state == "quarantined"


def test_a_writer_that_has_ended_begins_again(
    inlet: Inlet, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.actions.inlet.IDLE_SECONDS", 0.01)
    for body in (b"1", b"2"):
        push(inlet, inbox, body)
        while inlet._writer is not None:
            threading.Event().wait(0.01)
    assert stored() == [b"1", b"2"]
