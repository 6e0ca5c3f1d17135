"""Payloads become messages: what is new, what changes something, and what is refused."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import peewee
import pytest
from earful import Author, PayloadError, Removal, RemovalKind, Seen, UnsupportedPayload, actions
from earful.actions import SYSTEM
from earful.pipeline import ingest
from earful.runtime import Runtime
from earful.store.models import (
    NEVER,
    Clock,
    Contact,
    Conversation,
    Identity,
    Message,
    MessageVersion,
    Payload,
    Queue,
    Thread,
)
from earful.store.states import ConversationStatus, Direction, PayloadState, Stage
from earful.testing.inbox import Inbox
from earful.types import Surface

from tests.wall import NOON, Wall, post


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def at(minute: int) -> datetime:
    return NOON + timedelta(minutes=minute)


def only_message() -> Any:
    return Message.select().get()


def test_a_message_is_stored_with_all_it_hangs_on(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "Hello", thread_title="Parcels")))

    message = only_message()
    assert (message.text, message.direction, message.stage) == ("Hello", Direction.IN, Stage.DONE)
    assert message.opens
    assert message.conversation.subject == "Parcels"
    assert message.conversation.waiting_since == NOON
    assert message.identity.name == "Ann"
    assert message.identity.contact_id == message.conversation.contact_id


def test_a_copy_is_ignored(inbox: Inbox, wall: Wall) -> None:
    body = wall.payload(post("m1"))
    inbox.receive("wall", body)
    (before,) = inbox.messages()
    events = inbox.timeline(before.conversation_id)

    assert inbox.receive("wall", body, body) == []
    assert inbox.messages() == [before]
    assert inbox.timeline(before.conversation_id) == events
    assert Conversation.get().message_count == 1


def test_two_copies_in_one_payload_are_one_message(inbox: Inbox, wall: Wall) -> None:
    old, new = post("m1", "Old", edited_at=at(1)), post("m1", "New", edited_at=at(2))

    inbox.receive("wall", wall.payload(new, old))

    assert [each.text for each in inbox.messages()] == ["New"]


def test_the_same_id_on_another_channel_is_another_message(inbox: Inbox, wall: Wall) -> None:
    body = wall.payload(post("m1"))

    inbox.receive("wall", body)

    assert len(inbox.receive("fence", body)) == 1


def test_a_second_run_of_a_payload_does_nothing(inbox: Inbox, wall: Wall) -> None:
    (payload_id,) = inbox.push("wall", wall.payload(post("m1")))
    inbox.run_jobs()

    assert ingest.ingest(inbox.runtime, payload_id, now=inbox.now) == ingest.Outcome()
    assert Message.select().count() == 1


def test_an_edit_becomes_a_version(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "Helo")))

    inbox.receive("wall", wall.payload(post("m1", "Hello", edited_at=at(5))))

    message, version = only_message(), MessageVersion.get()
    assert (message.text, message.version, message.edited_at) == ("Hello", 2, at(5))
    assert (version.text, version.number) == ("Helo", 1)
    assert inbox.timeline(message.conversation_id)[-1] == "message_edited"


def test_facts_of_a_later_copy_are_kept_without_a_version(inbox: Inbox, wall: Wall) -> None:
    first = post("m1", edited_at=at(2), extra={"latest_id": "1", "kind": "post"})
    later = post("m1", edited_at=at(3), extra={"latest_id": "2", "may": "no"})
    inbox.receive("wall", wall.payload(first))
    inbox.receive("wall", wall.payload(later))
    message = Message.get()
    assert message.extra == {"latest_id": "2", "kind": "post", "may": "no"}
    assert message.version == 1
    assert MessageVersion.select().count() == 0
    assert "message_edited" not in inbox.timeline(message.conversation_id)


def test_facts_follow_an_edit_and_are_left_alone_after_a_deletion(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "Old", extra={"latest_id": "1"})))
    edit = post("m1", "New", edited_at=at(5), extra={"latest_id": "2"})
    inbox.receive("wall", wall.payload(edit))
    assert (Message.get().extra, Message.get().version) == ({"latest_id": "2"}, 2)
    older = post("m1", "Old", edited_at=at(3), extra={"latest_id": "1"})
    inbox.receive("wall", wall.payload(older))
    assert Message.get().extra == {"latest_id": "2"}
    inbox.receive("wall", wall.payload(Removal(external_id="m1")))
    inbox.receive("wall", wall.payload(post("m1", "New", extra={"latest_id": "3"})))
    assert Message.get().extra == {"latest_id": "2"}


def test_an_older_edit_is_ignored(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "New", edited_at=at(5))))

    inbox.receive("wall", wall.payload(post("m1", "Old", edited_at=at(3))))

    assert only_message().text == "New"
    assert MessageVersion.select().count() == 0


def test_the_original_that_comes_after_its_edit_is_ignored(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "New", edited_at=at(5))))

    inbox.receive("wall", wall.payload(post("m1", "Old", visible_at=at(3))))

    assert only_message().text == "New"
    assert MessageVersion.select().count() == 0


def test_edits_that_were_seen_long_before_they_are_read_are_all_followed(
    inbox: Inbox, wall: Wall
) -> None:
    inbox.receive("wall", wall.payload(post("m1", "one", visible_at=at(0))))
    two, three = (post("m1", text, visible_at=at(n)) for n, text in ((1, "two"), (2, "three")))
    inbox.advance(minutes=10)

    inbox.receive("wall", wall.payload(three), wall.payload(two))
    assert only_message().text == "three"

    inbox.receive("wall", wall.payload(post("m1", "four", visible_at=at(3))))
    assert (only_message().text, only_message().edited_at) == ("four", at(3))


def test_a_deletion_becomes_a_tombstone(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "Old")))
    inbox.receive("wall", wall.payload(post("m1", "Secret", edited_at=at(1))))

    inbox.receive("wall", wall.payload(Removal(external_id="m1", at=at(2))))

    message = only_message()
    assert (message.text, message.removal, message.removed_at) == ("", RemovalKind.DELETED, at(2))
    assert MessageVersion.select().count() == 0
    assert Conversation.get().message_count == 1
    assert "message_removed" in inbox.timeline(message.conversation_id)


def test_a_deletion_leaves_nothing_of_the_text_in_the_list(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "My card number is 1234")))

    inbox.receive("wall", wall.payload(Removal(external_id="m1")))

    assert "1234" not in Conversation.get().snippet + Conversation.get().subject


def test_an_earlier_version_of_a_deleted_message_is_forgotten_too(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", "My card number is 1234")))
    inbox.receive("wall", wall.payload(post("m1", "My card", edited_at=at(1))))

    inbox.receive("wall", wall.payload(Removal(external_id="m1")))

    assert "1234" not in Conversation.get().snippet + Conversation.get().subject


def test_a_deleted_message_never_comes_back(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1"), Removal(external_id="m1", at=at(1))))

    inbox.receive("wall", wall.payload(post("m1", "Again", edited_at=at(9), visible_at=at(9))))

    assert (only_message().text, only_message().removal) == ("", RemovalKind.DELETED)


def test_a_deletion_that_comes_early_is_kept(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(Removal(external_id="m1", at=at(1))))

    inbox.receive("wall", wall.payload(post("m1", "Too late")))

    assert (only_message().text, only_message().removal) == ("", RemovalKind.DELETED)
    conversation = Conversation.get()
    assert conversation.waiting_since is None
    assert "Too late" not in conversation.subject + conversation.snippet


def test_how_far_a_person_has_seen_only_grows_and_never_into_the_future(
    inbox: Inbox, wall: Wall
) -> None:
    inbox.receive("wall", wall.payload(post("m1", thread_id="t1", surface=Surface.PRIVATE)))
    seen = [Seen(thread_id="t1", until=at(minute)) for minute in (-3, -1, -2)]
    inbox.receive("wall", wall.payload(*seen, Seen(thread_id="unknown", until=at(-1))))
    assert Thread.get().seen_until == at(-1)

    inbox.receive("wall", wall.payload(Seen(thread_id="t1", until=at(-2))))
    assert Thread.get().seen_until == at(-1)

    inbox.receive("wall", wall.payload(Seen(thread_id="t1", until=inbox.now + timedelta(days=9))))
    assert Thread.get().seen_until == inbox.now
    assert Thread.select().count() == 1


@pytest.mark.parametrize("kind", [RemovalKind.HIDDEN, RemovalKind.SPAM])
def test_a_hidden_message_keeps_its_text(inbox: Inbox, wall: Wall, kind: RemovalKind) -> None:
    inbox.receive("wall", wall.payload(post("m1"), Removal(external_id="m1", kind=kind)))

    assert (only_message().text, only_message().removal) == ("Where is my parcel?", kind)


def test_a_hidden_message_comes_back_when_it_is_seen_again(inbox: Inbox, wall: Wall) -> None:
    hidden = Removal(external_id="m1", kind=RemovalKind.HIDDEN, at=at(5))
    inbox.receive("wall", wall.payload(post("m1"), hidden))

    inbox.receive("wall", wall.payload(post("m1", visible_at=at(4))))
    assert only_message().removal is RemovalKind.HIDDEN

    inbox.receive("wall", wall.payload(post("m1", visible_at=at(6))))
    assert only_message().removal is None
    assert inbox.timeline(only_message().conversation_id)[-1] == "message_restored"


def test_an_early_hiding_does_not_hide_what_was_seen_later(inbox: Inbox, wall: Wall) -> None:
    hidden = Removal(external_id="m1", kind=RemovalKind.HIDDEN, at=at(5))
    inbox.receive("wall", wall.payload(hidden))

    inbox.receive("wall", wall.payload(post("m1", visible_at=at(6))))

    assert only_message().removal is None


@pytest.mark.parametrize("kind", [RemovalKind.HIDDEN, RemovalKind.DELETED])
def test_a_conversation_of_which_nothing_was_ever_seen_waits_for_nobody(
    inbox: Inbox, wall: Wall, kind: RemovalKind
) -> None:
    inbox.receive("wall", wall.payload(Removal(external_id="m1", kind=kind, at=at(5))))
    inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    assert Conversation.get().status is ConversationStatus.RESOLVED

    inbox.receive("wall", wall.payload(post("m2", thread_id="t", minute=7)))
    assert Conversation.get().status is ConversationStatus.OPEN
    assert inbox.messages()[1].queue == "General"


@pytest.mark.parametrize("kind", [RemovalKind.SPAM, RemovalKind.DELETED])
def test_nobody_waits_where_everything_was_taken_away(
    inbox: Inbox, wall: Wall, kind: RemovalKind
) -> None:
    Queue.create(name="General", first_response_minutes=60)
    inbox.receive("wall", wall.payload(post("m1", thread_id="t"), post("m2", thread_id="t")))

    inbox.receive("wall", wall.payload(Removal(external_id="m1", kind=kind, at=at(1))))
    assert Conversation.get().status is ConversationStatus.OPEN
    assert Clock.get().cancelled_at is None

    inbox.receive("wall", wall.payload(Removal(external_id="m2", kind=kind, at=at(1))))
    conversation = Conversation.get()
    assert (conversation.status, conversation.due_at) == (ConversationStatus.RESOLVED, NEVER)
    assert Clock.get().cancelled_at == inbox.now
    assert inbox.timeline(conversation.id)[-1] == "resolved"


def test_what_was_taken_for_spam_and_is_shown_again_is_open_again(inbox: Inbox, wall: Wall) -> None:
    spam = Removal(external_id="m1", kind=RemovalKind.SPAM, at=at(1))
    inbox.receive("wall", wall.payload(post("m1")))
    inbox.receive("wall", wall.payload(spam))
    inbox.receive("wall", wall.payload(post("m1", visible_at=at(2))))
    conversation = Conversation.get()
    assert (conversation.status, conversation.waiting_since) == ("open", inbox.now)

    actions.resolve(inbox.runtime, SYSTEM, conversation.id, now=inbox.now)
    inbox.receive("wall", wall.payload(replace(spam, at=at(3))))
    inbox.receive("wall", wall.payload(post("m1", visible_at=at(4))))
    assert Conversation.get().status is ConversationStatus.RESOLVED


def test_a_conversation_that_was_answered_stays_as_it_was(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1", thread_id="t")))
    inbox.reply(message, "It is on its way.")
    inbox.receive("wall", wall.payload(post("m2", thread_id="t", minute=5)))
    before = Conversation.get().status

    removed = [Removal(external_id=each, at=at(6)) for each in ("m1", "m2")]
    inbox.receive("wall", wall.payload(*removed))

    assert Conversation.get().status is before is ConversationStatus.OPEN


def test_what_came_hidden_is_triaged_when_it_is_shown(inbox: Inbox, wall: Wall) -> None:
    hidden = Removal(external_id="m1", kind=RemovalKind.HIDDEN, at=at(5))
    inbox.receive("wall", wall.payload(hidden))
    inbox.receive("wall", wall.payload(post("m1")))
    assert inbox.messages()[0].queue is None

    inbox.receive("wall", wall.payload(post("m1", visible_at=at(6))))
    inbox.advance(minutes=1)
    inbox.sweep()

    (message,) = inbox.messages()
    assert (message.queue, message.status, message.removal) == ("General", "open", None)
    assert only_message().stage is Stage.DONE


def test_an_unsupported_payload_is_kept_and_counted(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(UnsupportedPayload("a like")), wall.payload(post("m1")))

    assert inbox.refused_payloads() == [("unsupported", "a like")]
    assert len(inbox.messages()) == 1


@pytest.mark.parametrize("error", [PayloadError("no JSON"), KeyError("id")], ids=repr)
def test_a_payload_that_cannot_be_read_is_quarantined(
    inbox: Inbox, wall: Wall, error: Exception
) -> None:
    bad, good = wall.payload(post("m0"), error), wall.payload(post("m1"))

    inbox.receive("wall", bad, good)

    ((state, reason),) = inbox.refused_payloads()
    assert state == "quarantined"
    assert str(error) in reason
    assert [each.external_id for each in inbox.messages()] == ["m1"]
    assert bytes(Payload.get(Payload.state == PayloadState.QUARANTINED).body) == bad


def test_one_item_that_cannot_be_stored_does_no_harm_to_the_others(
    inbox: Inbox, wall: Wall
) -> None:
    too_far = Author(external_id="eve", name="Eve", reach=10**20)
    items = [post("m1"), post("m2", author=too_far), Removal(external_id="m1"), post("m3")]

    inbox.receive("wall", wall.payload(*items))

    assert [(each.external_id, each.removal) for each in inbox.messages()] == [
        ("m1", "deleted"),
        ("m3", None),
    ]
    ((state, reason),) = inbox.refused_payloads()
    assert state == "quarantined"
    assert reason.startswith("m2 cannot be stored: ")


@pytest.mark.parametrize("fault", [peewee.OperationalError, sqlite3.OperationalError])
def test_a_passing_fault_of_the_database_uses_up_no_attempt(
    inbox: Inbox, wall: Wall, monkeypatch: pytest.MonkeyPatch, fault: type[Exception]
) -> None:
    (payload_id,) = inbox.push("wall", wall.payload(post("m1")))

    def store(*_: Any, **__: Any) -> Any:
        raise fault("database is locked")

    with monkeypatch.context() as broken:
        broken.setattr(ingest, "store", store)
        for _ in range(6):
            with pytest.raises(fault):
                ingest.ingest(inbox.runtime, payload_id, now=inbox.now)
    inbox.run_jobs()

    assert [each.external_id for each in inbox.messages()] == ["m1"]
    assert inbox.refused_payloads() == []


def test_ten_thousand_items_are_read_and_one_more_is_refused(inbox: Inbox, wall: Wall) -> None:
    items = [Removal(external_id=f"m{number}", kind=RemovalKind.SPAM) for number in range(10_001)]

    inbox.receive("wall", wall.payload(*items), wall.payload(*items[1:]))

    ((state, reason),) = inbox.refused_payloads()
    assert (state, reason) == ("quarantined", "more than 10000 messages in one payload")
    assert Payload.get(Payload.state == PayloadState.PARSED).message_count == 10_000


HOSTILE = {
    "nul": "a\x00b",
    "lone surrogates": "a\ud800b\udfffc",
    "huge": "x" * 1_000_000,
    "controls": "".join(map(chr, range(32))),
    "right to left": "\u202eabc",
    "empty": "",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_stored_everywhere(inbox: Inbox, wall: Wall, text: str) -> None:
    author = Author(external_id=f"a{text}"[:5000], name=text, handle=text, url=text)
    hostile = post(
        f"m{text}"[:5000],
        text,
        author=author,
        thread_id=f"t{text}"[:5000],
        thread_title=text,
        thread_url=text,
        parent_id=f"p{text}"[:5000],
        url=text,
        language=text,
        extra={f"k{text}": text},
    )

    inbox.receive("wall", wall.payload(hostile, post("fine")))

    assert inbox.refused_payloads() == []
    first, last = inbox.messages()
    assert len(first.text) <= 65_536
    assert "\x00" not in first.text
    assert last.external_id == "fine"


def test_hostile_text_is_the_same_message_again(inbox: Inbox, wall: Wall) -> None:
    body = wall.payload(post("m\x00\ud800", "a\x00\ud800b"), post("m" * 600))
    inbox.receive("wall", body)

    assert inbox.receive("wall", body) == []
    assert MessageVersion.select().count() == 0


def test_a_bare_time_is_read_as_utc(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", sent_at=datetime(2026, 11, 20, 11))))  # noqa: DTZ001

    assert only_message().sent_at == at(-60)


def test_authors_are_one_identity_each(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("m1", by="ann"), post("m2", by="bob")))
    renamed = Author(external_id="ann", name="Ann Other", reach=12)
    inbox.receive("wall", wall.payload(post("m3", author=renamed)))
    inbox.receive("wall", wall.payload(post("m4", author=Author(external_id="ann", name="Ann"))))

    assert Identity.select().count() == Contact.select().count() == 2
    ann = Identity.get(Identity.external_id == "ann")
    assert (ann.name, ann.reach) == ("Ann", 12)


def test_an_author_keeps_the_name_that_a_later_message_does_not_tell(
    inbox: Inbox, wall: Wall
) -> None:
    nameless = Author(external_id="ann", name="")
    inbox.receive("wall", wall.payload(post("m1", author=nameless)))
    assert Identity.get().name == Contact.get().name == "Unknown"

    # The same message again, read by another way that tells the name.
    inbox.receive("wall", wall.payload(post("m1", by="ann")))
    assert Identity.get().name == Contact.get().name == "Ann"

    inbox.receive("wall", wall.payload(post("m2", author=nameless)))
    assert Identity.get().name == Contact.get().name == "Ann"


def test_a_message_for_nobody_stays_out_of_the_queue(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("ours", from_us=True)))

    assert Conversation.get().status is ConversationStatus.IGNORED
    assert only_message().stage is Stage.DONE


def test_an_answer_to_what_we_wrote_opens_the_conversation(inbox: Inbox, wall: Wall) -> None:
    inbox.receive("wall", wall.payload(post("ours", from_us=True)))

    inbox.receive("wall", wall.payload(post("m1", "How much?", parent_id="ours", minute=1)))

    conversation = Conversation.get()
    assert conversation.status is ConversationStatus.OPEN
    assert conversation.waiting_since == at(1)


def test_a_payload_that_kills_its_worker_is_quarantined_in_the_end(
    inbox: Inbox, wall: Wall, earful_runtime: Runtime, now: datetime
) -> None:
    with pytest.raises(Killed):
        inbox.receive("wall", wall.payload(post("m0"), Killed()))
    (payload,) = Payload.select()
    for _ in range(4):
        with pytest.raises(Killed):
            ingest.ingest(earful_runtime, payload.id, now=now)

    ingest.ingest(earful_runtime, payload.id, now=now)

    ((state, reason),) = inbox.refused_payloads()
    assert (state, reason) == (
        "quarantined",
        "The worker did not survive 5 attempts to read it.",
    )
