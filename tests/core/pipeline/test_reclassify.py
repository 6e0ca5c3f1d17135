"""Stored messages are read again, some at a time, and corrections stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from earful import ClassifiedMessage, Label, Removal, actions
from earful.actions import Actor
from earful.pipeline import reclassify
from earful.pipeline.reclassify import ClassifierBroken, Overtaken, Wish, begin, step
from earful.runtime import ConfiguredClassifier
from earful.store.models import (
    ClassifierBatch,
    ClassifierDay,
    LabelCorrection,
    Message,
    MessageLabel,
    Reclassification,
)
from earful.store.states import Stage
from earful.testing.inbox import Inbox

from tests.core.pipeline.test_query_counts import counted
from tests.wall import Wall, acted, post

Messages = Sequence[ClassifiedMessage]


def says(name: str) -> Callable[[Messages], list[list[Label]]]:
    return lambda messages: [[Label(name=name)] for _ in messages]


def reader(inbox: Inbox) -> ConfiguredClassifier:
    return next(each for each in inbox.runtime.classifiers if each.name == "reader")


def whole(inbox: Inbox, **wish: Any) -> Reclassification:
    """A run from its beginning to its end; the row it leaves."""
    wish.setdefault("since", inbox.now - timedelta(days=30))
    run = begin(reader(inbox), Wish(**wish), now=inbox.now)
    while step(reader(inbox), run.id, now=inbox.now) is not None:
        pass
    ended: Reclassification = Reclassification.get_by_id(run.id)
    return ended


def names() -> dict[str, str]:
    """Each message's label of the first classifier, by the message's text."""
    rows = MessageLabel.select(Message.text, MessageLabel.name).join(Message)
    return dict(rows.where(MessageLabel.classifier == "reader").tuples())


def test_labels_are_replaced_and_another_classifiers_stay(inbox: Inbox, wall: Wall) -> None:
    wall.labels, wall.second_labels = says("a:old"), says("b:other")
    inbox.receive("wall", wall.payload(post("m1", "one"), post("m2", "two")))
    wall.labels = says("a:new")

    run = whole(inbox)

    assert names() == {"one": "a:new", "two": "a:new"}
    assert MessageLabel.select().where(MessageLabel.name == "b:other").count() == 2
    assert (run.total, run.done, run.failed, run.finished_at) == (2, 2, 0, inbox.now)


def test_a_correction_survives(inbox: Inbox, wall: Wall, sam: Actor) -> None:
    wall.labels = says("sentiment:positive")
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    actions.judge_label(inbox.runtime, sam, message.id, "sentiment:negative", now=inbox.now)
    wall.labels = says("sentiment:neutral")

    whole(inbox)

    assert inbox.messages()[0].labels == ("sentiment:negative",)
    assert LabelCorrection.get().machine_value == "positive"


def test_the_window_of_time_is_kept(inbox: Inbox, wall: Wall) -> None:
    wall.labels = says("a:old")
    for day in range(6):
        inbox.receive("wall", wall.payload(post(f"m{day}", f"day {day}")))
        inbox.advance(days=1)
    start = inbox.now - timedelta(days=6)
    wall.labels = says("a:new")

    whole(inbox, since=start + timedelta(days=2), until=start + timedelta(days=4))

    fresh = {text for text, name in names().items() if name == "a:new"}
    assert fresh == {"day 2", "day 3"}


def test_what_came_back_late_leads_the_search_nowhere_wrong(inbox: Inbox, wall: Wall) -> None:
    """A message that was hidden and came back has a later time than its number tells."""
    wall.labels = says("a:old")
    inbox.receive("wall", wall.payload(*(post(f"m{n}", f"n {n}") for n in range(9))))
    inbox.advance(days=9)
    late = Message.select().order_by(Message.id).offset(4).get()
    Message.update(received_at=inbox.now).where(Message.id == late.id).execute()
    (new,) = inbox.receive("wall", wall.payload(post("last", "last")))
    wall.labels = says("a:new")

    whole(inbox, since=inbox.now - timedelta(days=1))

    fresh = {text for text, name in names().items() if name == "a:new"}
    assert {new.text} <= fresh <= {new.text, late.text}


def test_what_a_missing_model_left_unlabelled_is_found(inbox: Inbox, wall: Wall) -> None:
    wall.labels = says("a:known")
    inbox.receive("wall", wall.payload(post("m1", "with")))
    wall.labels = lambda _messages: acted(RuntimeError("the model is not there"))
    inbox.receive("wall", wall.payload(post("m2", "without")))
    read: list[str] = []

    def later(messages: Messages) -> list[list[Label]]:
        read.extend(each.text for each in messages)
        return says("a:later")(messages)

    wall.labels = later
    run = whole(inbox, only_unlabelled=True)

    assert read[-1] == "without"
    assert "with" not in read
    assert names() == {"with": "a:known", "without": "a:later"}
    assert run.total == 1


def test_the_unfinished_run_goes_on_and_a_finished_one_begins_anew(
    inbox: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reclassify, "WINDOW", 2)
    inbox.receive("wall", wall.payload(*(post(f"m{n}", f"n {n}") for n in range(5))))
    wall.labels = says("a:new")
    wish = Wish(since=inbox.now - timedelta(days=1))
    first = begin(reader(inbox), wish, now=inbox.now)
    step(reader(inbox), first.id, now=inbox.now)

    assert begin(reader(inbox), wish, now=inbox.advance(hours=1)).id == first.id
    assert len(names()) == 2
    other = begin(reader(inbox), Wish(since=wish.since, only_unlabelled=True), now=inbox.now)
    assert (other.id != first.id, other.total) == (True, 3)
    assert whole(inbox, since=wish.since).id == first.id
    assert len(names()) == 5
    assert begin(reader(inbox), wish, now=inbox.now).id != first.id


def test_of_two_processes_one_stops_and_nothing_is_written_twice(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1")))
    run = begin(reader(inbox), Wish(since=inbox.now - timedelta(days=1)), now=inbox.now)
    nested: list[object] = []

    def meanwhile(messages: Messages) -> list[list[Label]]:
        if not nested:
            nested.append(1)
            nested.append(step(reader(inbox), run.id, now=inbox.now))
        return says("a:new")(messages)

    wall.labels = meanwhile
    with pytest.raises(Overtaken):
        step(reader(inbox), run.id, now=inbox.now)

    assert nested[1] == 1
    assert MessageLabel.select().count() == 1
    assert Reclassification.get().done == 1


def test_a_message_the_classifier_cannot_read_keeps_its_labels(inbox: Inbox, wall: Wall) -> None:
    wall.labels = says("a:old")
    inbox.receive("wall", wall.payload(*(post(f"m{n}", f"n {n}") for n in range(4))))

    def picky(messages: Messages) -> list[list[Label]]:
        if any(each.text == "n 2" for each in messages):
            raise ValueError("cannot read this")
        return says("a:new")(messages)

    wall.labels = picky
    run = whole(inbox)

    assert names() == {"n 0": "a:new", "n 1": "a:new", "n 2": "a:old", "n 3": "a:new"}
    assert (run.done, run.failed) == (4, 1)


def test_a_single_unreadable_message_does_not_stop_the_run(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "bad")))
    wall.labels = lambda messages: acted(
        ValueError("no") if messages[0].text == "bad" else says("a:b")(messages)
    )

    assert whole(inbox).failed == 1


def test_a_broken_classifier_stops_the_run_and_changes_nothing(inbox: Inbox, wall: Wall) -> None:
    wall.labels = says("a:old")
    inbox.receive("wall", wall.payload(post("m1", "one")))
    wish = Wish(since=inbox.now - timedelta(days=30))
    run = begin(reader(inbox), wish, now=inbox.now)
    wall.labels = lambda _messages: acted(RuntimeError("no model"))

    with pytest.raises(ClassifierBroken, match="no model"):
        step(reader(inbox), run.id, now=inbox.now)
    with pytest.raises(ClassifierBroken, match="no model"):
        begin(reader(inbox), wish, now=inbox.now)

    assert names() == {"one": "a:old"}
    assert Reclassification.get().done == 0
    wall.labels = says("a:new")
    assert whole(inbox).done == 1
    assert Reclassification.select().count() == 1


def test_ours_the_deleted_and_the_unclassified_are_left_alone(inbox: Inbox, wall: Wall) -> None:
    inbox.receive(
        "wall",
        wall.payload(post("m1"), post("m2", from_us=True), post("m3"), Removal(external_id="m1")),
    )
    Message.update(stage=Stage.INGESTED).where(Message.external_id == "m3").execute()

    assert whole(inbox).done == 0


def test_days_are_counted_by_what_stands(inbox: Inbox, wall: Wall) -> None:
    wall.labels = lambda messages: [
        [Label(name="a:x"), Label(name="a:y")] if each.text == "one" else [] for each in messages
    ]
    inbox.receive("wall", wall.payload(post("m1", "one"), post("m2", "two")))
    assert days() == {("", ""): 2, ("reader", "reader-1"): 1}

    MessageLabel.update(version="reader-0").execute()
    ClassifierDay.update(version="reader-0").where(ClassifierDay.classifier == "reader").execute()
    wall.labels = says("a:z")
    inbox.advance(days=3)
    whole(inbox)

    assert days() == {("", ""): 2, ("reader", "reader-0"): 0, ("reader", "reader-1"): 2}
    assert {row.day for row in ClassifierDay.select()} == {"2026-11-20"}


def days() -> dict[tuple[str, str], int]:
    rows = ClassifierDay.select(
        ClassifierDay.classifier, ClassifierDay.version, ClassifierDay.messages
    )
    return {(classifier, version): count for classifier, version, count in rows.tuples()}


def test_only_the_latest_batches_are_kept(
    inbox: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.store.tallies.KEPT_BATCHES", 4)
    monkeypatch.setattr("earful.store.tallies._CLEARED_EVERY", 1)
    wall.labels = says("a:b")
    for number in range(9):
        inbox.receive("wall", wall.payload(post(f"m{number}")))

    rows = list(ClassifierBatch.select().order_by(ClassifierBatch.id))
    assert len(rows) == 4
    assert {(row.version, row.messages) for row in rows} <= {
        ("reader-1", 1),
        ("second_reader-1", 1),
    }


def test_what_a_window_costs_does_not_grow_with_what_is_stored(
    inbox: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What goes now and then goes each time, so that every count has it.
    monkeypatch.setattr("earful.store.tallies._CLEARED_EVERY", 1)
    wall.labels = says("a:b")
    costs = []
    for size in (20, 200):
        posts = (post(f"{size}-{n}", by=f"a{n}") for n in range(size))
        inbox.push("wall", wall.payload(*posts))
        inbox.run_jobs()
        inbox.advance(days=1)
        wish = Wish(since=inbox.now - timedelta(days=1))
        run = begin(reader(inbox), wish, now=inbox.now)
        statements: list[str] = []
        with counted(statements):
            assert step(reader(inbox), run.id, now=inbox.now) == size
        costs.append(len(statements))
        inbox.advance(days=1)

    assert costs[0] == costs[1] <= 20
