"""Classifiers label messages, each on its own."""

from __future__ import annotations

from typing import Any

import pytest
from earful import ClassifiedMessage, Label
from earful.pipeline import classify
from earful.store.models import Event, Message, MessageLabel
from earful.store.states import Stage
from earful.testing.inbox import Inbox

from tests.wall import Wall, acted, post


def echo(messages: list[ClassifiedMessage]) -> list[list[Label]]:
    return [[Label(name=f"said:{each.text}", score=0.5)] for each in messages]


def test_each_message_gets_its_own_labels(inbox: Inbox, wall: Wall) -> None:
    wall.labels = echo

    messages = inbox.receive("wall", wall.payload(post("m1", "one"), post("m2", "two")))

    assert [each.labels for each in messages] == [("said:one",), ("said:two",)]
    label = MessageLabel.select().order_by(MessageLabel.id).get()
    assert (label.classifier, label.version, label.score) == ("reader", "reader-1", 0.5)


@pytest.mark.parametrize(
    "answer", [RuntimeError("no model"), [], None, [["not a label"]], [[Label(name="x:y")]] * 3]
)
def test_one_failing_classifier_does_not_stop_the_others(
    inbox: Inbox, wall: Wall, answer: Any
) -> None:
    wall.labels = lambda _messages: acted(answer)
    wall.second_labels = echo

    (message,) = inbox.receive("wall", wall.payload(post("m1", "one")))

    assert message.labels == ("said:one",)
    assert message.queue == "General"
    failed = Event.get(Event.kind == "classifier_failed")
    assert failed.data["reason"].startswith("reader: ")


@pytest.mark.parametrize("name", ["a\x00b", "a\ud800", "x" * 10_000])
def test_hostile_labels_are_stored(inbox: Inbox, wall: Wall, name: str) -> None:
    wall.labels = lambda messages: [[Label(name=name, detail=name)] for _ in messages]

    inbox.receive("wall", wall.payload(post("m1")))

    assert MessageLabel.select().count() == 1
    assert Message.get().stage is Stage.DONE


def test_two_equal_labels_are_one(inbox: Inbox, wall: Wall) -> None:
    wall.labels = lambda messages: [[Label(name="a:b"), Label(name="a:b")] for _ in messages]

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.labels == ("a:b",)


def test_a_second_run_changes_nothing(inbox: Inbox, wall: Wall) -> None:
    wall.labels = echo
    (message,) = inbox.receive("wall", wall.payload(post("m1", "one")))
    wall.labels = lambda messages: [[Label(name="other:label")] for _ in messages]

    classify.classify(inbox.runtime, [message.id], now=inbox.now)

    assert inbox.messages() == [message]
