"""A copy of all that is kept about a person, and its end: nothing of them is left anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from earful import Author, actions
from earful.actions import SYSTEM
from earful.errors import ActionRefused
from earful.store.contact_export import exported_contact
from earful.store.database import is_postgres, rows
from earful.store.models import (
    ALL_MODELS,
    AuditEvent,
    Contact,
    Conversation,
    Draft,
    Event,
    Identity,
    Message,
    Notification,
    Payload,
    Reply,
    ReplyAttachment,
)
from earful.store.queries.contact_list import find_contacts
from earful.store.states import ReplyState, Role, WritingMode
from earful.testing.inbox import Inbox
from earful.types import Attachment

from tests.core.conftest import agent
from tests.wall import Wall, post

SECRET = "zanzibar"
ANN = Author(
    external_id=f"id-{SECRET}", name=f"Ann {SECRET}", handle=f"@{SECRET}",
    url=f"https://people.example/{SECRET}", avatar_url=f"https://pictures.example/{SECRET}",
    reach=12, verified=True,
)  # fmt: skip


def said(key: str, text: str = f"My name is {SECRET}", **fields: Any) -> Any:
    picture = Attachment(url=f"https://pictures.example/{SECRET}.png", alt=SECRET)
    return post(
        key, text, author=ANN, attachments=(picture,), extra={"mail": SECRET},
        url=f"https://wall.example/{SECRET}/{key}", **fields,
    )  # fmt: skip


def do(inbox: Inbox, action: str, *values: Any, actor: Any = SYSTEM, **named: Any) -> Any:
    return getattr(actions, action)(inbox.runtime, actor, *values, **named, now=inbox.now)


@pytest.fixture
def ann(inbox: Inbox, wall: Wall) -> int:
    """Somebody of whom every table tells that can."""
    sam = agent(Role.AGENT, "sam")
    inbox.receive("wall", wall.payload(said("m1", thread_id="t1")))
    inbox.receive("wall", wall.payload(said("m1", f"Now {SECRET} edited", thread_id="t1")))
    (second,) = inbox.receive("wall", wall.payload(said("m2", thread_id="t2")))
    # Somebody else's words beside hers.
    inbox.receive("wall", wall.payload(post("e1", "I am Eve", by="eve", thread_id="t1", minute=2)))
    conversation = Conversation.get_by_id(second.conversation_id)
    contact = int(conversation.contact_id)
    field = do(inbox, "save_contact_field", None, name="Number")
    do(inbox, "set_contact_value", contact, field, SECRET)
    do(inbox, "add_contact_note", contact, SECRET)
    do(inbox, "add_note", conversation.id, f"{SECRET} again", actor=sam)
    Draft.create(
        agent=sam.agent_id, conversation=conversation, mode=WritingMode.PUBLIC,
        text=f"Dear {SECRET}", updated_at=inbox.now,
    )  # fmt: skip
    message = Message.get_by_id(second.id)
    for number, state in enumerate((ReplyState.SENT, ReplyState.FAILED)):
        Reply.create(
            channel=message.channel_id, conversation=conversation, thread=message.thread_id,
            message=message, agent=sam.agent_id, surface=message.surface, text=f"Dear {SECRET}",
            state=state, error=SECRET, idempotency_key=f"k{number}", created_at=inbox.now,
            due_at=inbox.now,
        )  # fmt: skip
    for reply in (None, Reply.get(Reply.state == ReplyState.SENT)):
        ReplyAttachment.create(
            agent=sam.agent_id, conversation=conversation, mode=WritingMode.PUBLIC, reply=reply,
            name=f"{SECRET}.png", content_type="image/png", size=1, width=1, height=1, alt=SECRET,
            created_at=inbox.now, keep_until=inbox.now, body=SECRET.encode(),
        )  # fmt: skip
    Notification.create(
        notifier="x", kind="breach", conversation=conversation, key="k", title=SECRET, body=SECRET,
        facts={"who": SECRET}, created_at=inbox.now, due_at=inbox.now,
    )  # fmt: skip
    do(inbox, "resolve", conversation.id, f"told {SECRET}", actor=sam)
    return contact


def places(word: str) -> set[str]:
    """The tables in which a word stands, the index of the search among them."""
    found = {
        model.__name__
        for model in ALL_MODELS
        for row in model.select().dicts()
        if word in repr({key: bytes(v) if key == "body" and not isinstance(v, str) else v
                         for key, v in row.items()})
    }  # fmt: skip
    index = "document" if is_postgres() else "text || author || subject"
    indexed = rows(f"SELECT {index} FROM message_search")
    return found | ({"message_search"} if word in str(indexed) else set())


def test_nothing_of_the_person_is_left_anywhere(inbox: Inbox, wall: Wall, ann: int) -> None:
    raw = f'{{"from": "id-{SECRET}"}}'.encode()
    Payload.update(body=raw).execute()
    assert {"Message", "Identity", "Reply", "Note", "Draft", "Payload", "message_search"} <= (
        places(SECRET)
    )

    do(inbox, "erase_contact", ann, "Erase ")

    assert places(SECRET) == set()


def test_places_and_counts_stay_and_others_keep_their_words(inbox: Inbox, ann: int) -> None:
    counted = (Message, Conversation, Identity, Contact, Reply)
    before = [model.select().count() for model in counted]

    do(inbox, "erase_contact", ann, "erase")

    assert [model.select().count() for model in counted] == before
    assert Message.get(Message.external_id == "e1").text == "I am Eve"
    assert Contact.get_by_id(ann).erased_at == inbox.now
    statuses = {each.status for each in Conversation.select().where(Conversation.contact == ann)}
    assert statuses == {"resolved"}
    told = Event.select().where(Event.kind == "contact_erased").count()
    assert told == Conversation.select().where(Conversation.contact == ann).count()
    assert Reply.select().where(Reply.state == ReplyState.FAILED).count() == 0


def test_later_copies_of_the_same_messages_stay_erased(inbox: Inbox, wall: Wall, ann: int) -> None:
    do(inbox, "erase_contact", ann, "erase")
    people = Identity.select().count()

    inbox.receive("wall", wall.payload(said("m1", thread_id="t1")))
    inbox.receive("wall", wall.payload(said("m2", f"{SECRET} once more", thread_id="t2")))

    assert places(SECRET) == set()
    assert Identity.select().count() == people


def test_who_writes_again_is_somebody_new(inbox: Inbox, wall: Wall, ann: int) -> None:
    do(inbox, "erase_contact", ann, "erase")

    (message,) = inbox.receive("wall", wall.payload(said("m9", thread_id="t9")))

    assert Conversation.get_by_id(message.conversation_id).contact_id != ann
    assert [each.name for each in find_contacts(SECRET)] == [f"Ann {SECRET}"]


def test_it_takes_an_admin_the_word_and_no_reply_on_its_way(inbox: Inbox, ann: int) -> None:
    with pytest.raises(ActionRefused, match="needs the role"):
        do(inbox, "erase_contact", ann, "erase", actor=agent(Role.LEAD, "lena"))
    for typed in ("", "yes", "erased"):
        with pytest.raises(ActionRefused, match="Type"):
            do(inbox, "erase_contact", ann, typed)
    Reply.update(state=ReplyState.QUEUED).where(Reply.state == ReplyState.SENT).execute()
    with pytest.raises(ActionRefused, match="on its way"):
        do(inbox, "erase_contact", ann, "erase")

    assert "Message" in places(SECRET)


def test_an_erasure_is_audited_without_a_word_about_the_person(inbox: Inbox, ann: int) -> None:
    do(inbox, "erase_contact", ann, "erase")

    line = AuditEvent.select().order_by(AuditEvent.id.desc()).get()

    assert (line.action, line.object_id, line.summary) == ("contact.erase", str(ann), "")
    assert line.after == {"messages": 2}
    with pytest.raises(ActionRefused, match="was erased"):
        do(inbox, "erase_contact", ann, "erase")


def test_what_was_merged_into_them_is_erased_with_them(inbox: Inbox, wall: Wall, ann: int) -> None:
    other = Contact.create(name=f"Other {SECRET}", created_at=inbox.now)
    Identity.create(
        contact=other, realm="wall:wall", external_id="o", name=SECRET, updated_at=inbox.now
    )
    merge = do(inbox, "merge_contacts", ann, other.id, evidence=[SECRET])

    do(inbox, "erase_contact", ann, "erase")

    assert places(SECRET) == set()
    with pytest.raises(ActionRefused, match="was erased"):
        do(inbox, "undo_merge", merge)


def test_an_erasure_that_fails_half_way_takes_out_nothing(
    inbox: Inbox, ann: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("the power went")

    before = places(SECRET) - {"Payload"}
    monkeypatch.setattr("earful.actions.privacy.audit", fails)
    with pytest.raises(RuntimeError):
        do(inbox, "erase_contact", ann, "erase")

    assert places(SECRET) - {"Payload"} == before


def test_a_copy_holds_all_they_said_and_nothing_others_said(inbox: Inbox, ann: int) -> None:
    copy = json.loads("".join(exported_contact(ann)))

    assert copy["contact"]["name"] == f"Ann {SECRET}"
    assert [each["handle"] for each in copy["identities"]] == [f"@{SECRET}"]
    assert [each["external_id"] for each in copy["messages"]] == ["m1", "m2"]
    assert len(copy["versions"]) == 1
    assert [each["text"] for each in copy["replies"]] == [f"Dear {SECRET}"] * 2
    assert [each["text"] for each in copy["notes"]] == [f"{SECRET} again"]
    assert [each["text"] for each in copy["contact_notes"]] == [SECRET]
    assert [(each["field_name"], each["text"]) for each in copy["fields"]] == [("Number", SECRET)]
    assert "I am Eve" not in json.dumps(copy)


def test_a_copy_is_for_leads_and_stands_in_the_audit(inbox: Inbox, ann: int) -> None:
    with pytest.raises(ActionRefused, match="needs the role"):
        do(inbox, "note_contact_export", ann, actor=agent(Role.AGENT, "ali"))
    do(inbox, "note_contact_export", ann)

    assert AuditEvent.select().where(AuditEvent.action == "contact.export").count() == 1
    assert list(exported_contact(999)) == []
