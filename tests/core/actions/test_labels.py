"""A person's word on a label wins over the machine's, is shown as such, and can be taken back."""

from __future__ import annotations

from typing import Any

import pytest
from earful import Label, Removal, actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.store.corrections import exported_corrections
from earful.store.export import exported_conversations
from earful.store.models import (
    AuditEvent,
    Conversation,
    LabelCorrection,
    LabelVerdict,
    Message,
    MessageLabel,
    PolicyRun,
)
from earful.store.queries.inbox import conversation_row
from earful.store.queries.routable import recent_inbound, to_route
from earful.store.queries.timeline import timeline
from earful.store.states import Stage
from earful.testing.inbox import Inbox, InboxMessage

from tests.wall import Wall, post


def sounds(value: str, *others: str) -> Any:
    names = (f"sentiment:{value}", *others)
    return lambda messages: [[Label(name=each, score=0.9) for each in names] for _ in messages]


@pytest.fixture
def message(inbox: Inbox, wall: Wall) -> InboxMessage:
    wall.labels = sounds("positive", "topic:parcel")
    (arrived,) = inbox.receive("wall", wall.payload(post("m1", "Oh great, lost again.")))
    return arrived


def judge(inbox: Inbox, who: Actor, message: InboxMessage, name: str) -> bool:
    return actions.judge_label(inbox.runtime, who, message.id, name, now=inbox.now)


def take_back(inbox: Inbox, who: Actor, message: InboxMessage, namespace: str) -> None:
    actions.take_back_judgement(inbox.runtime, who, message.id, namespace, now=inbox.now)


def verdicts() -> dict[tuple[str, str], int]:
    rows = LabelVerdict.select(LabelVerdict.said, LabelVerdict.meant, LabelVerdict.count)
    return {(said, meant): count for said, meant, count in rows.tuples() if count}


def test_a_correction_wins_wherever_labels_are_read(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    judge(inbox, sam, message, "sentiment:negative")

    row = conversation_row(message.conversation_id)
    assert row
    assert row.mood
    assert row.mood.name == "sentiment:negative"
    (line,) = timeline(message.conversation_id).messages
    assert {each.name for each in line.labels} == {"sentiment:negative", "topic:parcel"}
    (recent,) = recent_inbound()
    assert recent.labels == {"sentiment:negative", "topic:parcel"}
    (conversation,) = exported_conversations()
    (exported,) = conversation["messages"]
    assert exported["standing_labels"] == ["sentiment:negative", "topic:parcel"]
    assert [each["value"] for each in exported["label_corrections"]] == ["negative"]
    assert {each["name"] for each in exported["labels"]} == {"sentiment:positive", "topic:parcel"}
    assert inbox.messages()[0].labels == ("sentiment:negative", "topic:parcel")


def test_policies_and_routers_are_told_the_corrected_label(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    judge(inbox, sam, message, "sentiment:negative")
    Message.update(stage=Stage.CLASSIFIED).execute()

    (routable,) = to_route([message.id])

    assert routable.labels == {"sentiment:negative", "topic:parcel"}


def test_a_correction_moves_nothing_by_itself(
    inbox: Inbox, wall: Wall, admin: Actor, sam: Actor
) -> None:
    actions.save_policy(
        inbox.runtime,
        admin,
        None,
        name="Unhappy",
        conditions={"fact": "labels", "op": "has", "value": "sentiment:negative"},
        actions=[{"do": "priority", "value": "urgent"}],
        now=inbox.now,
    )
    wall.labels = sounds("positive")
    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    judge(inbox, sam, message, "sentiment:negative")
    inbox.advance(minutes=10)
    inbox.tick()
    inbox.sweep()

    assert PolicyRun.select().count() == 0
    assert inbox.messages()[0].priority == "medium"


def test_it_is_shown_who_corrected_and_what_the_machine_had_said(
    inbox: Inbox, sam: Actor, message: InboxMessage
) -> None:
    assert judge(inbox, sam, message, "sentiment:negative")

    (line,) = timeline(message.conversation_id).messages
    label = next(each for each in line.labels if each.namespace == "sentiment")
    judged = label.judged
    assert judged
    assert judged.agent
    assert (judged.agent.name, judged.at, judged.agrees) == ("sam", inbox.now, False)
    assert (judged.said, judged.score, judged.version) == ("positive", 0.9, "reader-1")
    assert [each.name for each in label.overruled] == ["sentiment:positive"]


def test_a_judgement_is_one_row_and_its_history_is_in_the_audit(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    judge(inbox, sam, message, "sentiment:negative")
    assert not judge(inbox, admin, message, "sentiment:neutral")
    take_back(inbox, sam, message, "sentiment")

    assert LabelCorrection.select().count() == 0
    lines = list(AuditEvent.select().order_by(AuditEvent.id))
    assert [line.action for line in lines] == [
        "message.label_judged",
        "message.label_judged",
        "message.judgement_taken_back",
    ]
    told = [
        (line.before and line.before["label"], line.after and line.after["label"]) for line in lines
    ]
    assert told == [
        (None, "sentiment:negative"),
        ("sentiment:negative", "sentiment:neutral"),
        ("sentiment:neutral", None),
    ]
    assert {line.object_id for line in lines} == {str(message.id)}
    assert inbox.messages()[0].labels == ("sentiment:positive", "topic:parcel")


def test_the_same_word_twice_is_one(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    judge(inbox, sam, message, "sentiment:negative")
    judge(inbox, sam, message, "sentiment:negative")
    take_back(inbox, sam, message, "mood")

    assert AuditEvent.select().count() == 1
    assert verdicts() == {("positive", "negative"): 1}


def test_verdicts_are_counted_as_they_stand(
    inbox: Inbox, sam: Actor, admin: Actor, message: InboxMessage
) -> None:
    judge(inbox, sam, message, "sentiment:positive")
    assert verdicts() == {("positive", "positive"): 1}
    inbox.advance(days=1)
    judge(inbox, admin, message, "sentiment:negative")
    assert verdicts() == {("positive", "negative"): 1}
    judge(inbox, sam, message, "mood:frustrated")
    assert verdicts() == {("positive", "negative"): 1, ("", "frustrated"): 1}
    take_back(inbox, sam, message, "sentiment")
    take_back(inbox, sam, message, "mood")
    assert verdicts() == {}


def test_no_label_of_a_set_can_be_the_right_one(inbox: Inbox, wall: Wall, sam: Actor) -> None:
    wall.labels = sounds("negative", "mood:frustrated")
    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    judge(inbox, sam, message, "mood:")

    assert inbox.messages()[0].labels == ("sentiment:negative",)
    (line,) = timeline(message.conversation_id).messages
    assert [each.value for each in line.labels if each.namespace == "mood"] == [""]
    with pytest.raises(ActionRefused, match="negative, neutral, positive"):
        judge(inbox, sam, message, "sentiment:")


def test_a_message_no_classifier_saw_can_be_labelled_by_people(
    inbox: Inbox, wall: Wall, sam: Actor
) -> None:
    wall.labels = lambda messages: [[] for _ in messages]
    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    judge(inbox, sam, message, "sentiment:negative")

    assert inbox.messages()[0].labels == ("sentiment:negative",)
    assert LabelCorrection.get().machine_value is None
    assert verdicts() == {}


@pytest.mark.parametrize(
    "name", ["sentiment:angry", "topic:parcel", "sentiment", "", ":", "mood:x", "a" * 500]
)
def test_only_labels_that_a_classifier_offers_can_be_given(
    inbox: Inbox, sam: Actor, message: InboxMessage, name: str
) -> None:
    with pytest.raises(ActionRefused):
        judge(inbox, sam, message, name)

    assert LabelCorrection.select().count() == 0


def test_only_standing_messages_that_came_in_are_judged(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    (ours,) = inbox.receive("wall", wall.payload(post("m2", from_us=True)))
    with pytest.raises(ActionRefused, match="came in"):
        judge(inbox, sam, ours, "sentiment:negative")
    with pytest.raises(ActionRefused, match="came in"):
        actions.judge_label(inbox.runtime, sam, 999, "sentiment:negative", now=inbox.now)
    inbox.receive("wall", wall.payload(Removal(external_id="m1")))
    with pytest.raises(ActionRefused, match="deleted"):
        judge(inbox, sam, message, "sentiment:negative")


def test_an_open_page_hears_of_a_judgement(inbox: Inbox, sam: Actor, message: InboxMessage) -> None:
    from earful.store.queries.changes import conversation_state

    before = conversation_state(message.conversation_id)
    judge(inbox, sam, message, "sentiment:negative")

    assert conversation_state(message.conversation_id) != before


def test_the_export_says_what_was_judged_and_names_nobody(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    Conversation.update(subject="x").execute()
    judge(inbox, sam, message, "sentiment:negative")
    judge(inbox, sam, message, "mood:")
    inbox.receive("wall", wall.payload(post("m1", "Edited since")))

    first, second = exported_corrections()

    assert first == {
        "text": "Oh great, lost again.",
        "namespace": "sentiment",
        "label": "negative",
        "machine_label": "positive",
        "machine_looked": True,
        "machine_score": 0.9,
        "classifier": "reader",
        "version": "reader-1",
        "language": None,
        "channel": "wall",
        "at": inbox.now.isoformat(),
    }
    assert (second["namespace"], second["label"], second["machine_label"]) == ("mood", None, None)
    named = next(exported_corrections(with_authors=True))
    assert (named["author"], named["judged_by"]) == ("Ann", "sam@example.com")


def test_the_export_leaves_out_what_was_deleted(
    inbox: Inbox, wall: Wall, sam: Actor, message: InboxMessage
) -> None:
    judge(inbox, sam, message, "sentiment:negative")
    inbox.receive("wall", wall.payload(Removal(external_id="m1")))

    assert list(exported_corrections()) == []
    assert MessageLabel.select().count() == 2


def test_the_export_goes_batch_by_batch_over_everything(
    inbox: Inbox, wall: Wall, sam: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful.store.corrections._BATCH", 3)
    wall.labels = sounds("positive")
    said = inbox.receive("wall", wall.payload(*(post(f"m{n}", f"text {n}") for n in range(7))))
    for each in said:
        judge(inbox, sam, each, "sentiment:negative")

    assert [line["text"] for line in exported_corrections()] == [f"text {n}" for n in range(7)]
