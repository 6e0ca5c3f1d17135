"""What people write down about a contact: who may, what is refused, and what the audit keeps."""

from __future__ import annotations

from typing import Any

import pytest
from earful import actions
from earful.actions import SYSTEM
from earful.errors import ActionRefused
from earful.store.models import (
    AuditEvent,
    Contact,
    ContactField,
    ContactMerge,
    ContactNote,
    ContactValue,
)
from earful.store.states import Role
from earful.testing.inbox import Inbox

from tests.core.conftest import agent
from tests.wall import Wall, post


@pytest.fixture
def contact(inbox: Inbox, wall: Wall) -> Contact:
    inbox.receive("wall", wall.payload(post("m1")))
    return Contact.get()


def do(inbox: Inbox, action: str, actor: Any, *values: Any, **named: Any) -> Any:
    return getattr(actions, action)(inbox.runtime, actor, *values, **named, now=inbox.now)


def field(inbox: Inbox, name: str = "Customer number", **facts: Any) -> int:
    return int(do(inbox, "save_contact_field", SYSTEM, None, name=name, **facts))


def test_a_note_keeps_its_author_and_its_time(inbox: Inbox, contact: Contact) -> None:
    sam = agent(Role.AGENT, "sam")

    do(inbox, "add_contact_note", sam, contact.id, " Prefers mail \0")

    (note,) = ContactNote.select()
    assert (note.text, note.agent_id, note.at) == ("Prefers mail", sam.agent_id, inbox.now)


def test_one_removes_ones_own_note_and_leads_remove_any(inbox: Inbox, contact: Contact) -> None:
    sam, ann = (agent(Role.AGENT, name) for name in ("sam", "ann"))
    lead = agent(Role.LEAD, "lead")
    first, second = (do(inbox, "add_contact_note", sam, contact.id, "x") for _ in range(2))
    with pytest.raises(ActionRefused, match="lead"):
        do(inbox, "delete_contact_note", ann, contact.id, first)

    do(inbox, "delete_contact_note", sam, contact.id, first)
    do(inbox, "delete_contact_note", lead, contact.id, second)

    assert ContactNote.select().count() == 0


def test_a_field_is_answered_changed_and_emptied(inbox: Inbox, contact: Contact) -> None:
    number = field(inbox)
    for text in ("A-1", "A-2"):
        do(inbox, "set_contact_value", SYSTEM, contact.id, number, text)
        assert ContactValue.get().text == text

    do(inbox, "set_contact_value", SYSTEM, contact.id, number, "  ")

    assert ContactValue.select().count() == 0


def test_a_retired_field_takes_no_new_answer(inbox: Inbox, contact: Contact) -> None:
    number = field(inbox, active=False)

    with pytest.raises(ActionRefused, match="does not exist any more"):
        do(inbox, "set_contact_value", SYSTEM, contact.id, number, "x")


def test_a_field_needs_a_name_of_its_own(inbox: Inbox) -> None:
    field(inbox)
    with pytest.raises(ActionRefused, match="already"):
        field(inbox)
    with pytest.raises(ActionRefused, match="Name"):
        field(inbox, " ")
    assert ContactField.select().count() == 1


def test_the_audit_says_that_something_was_written_and_never_what(
    inbox: Inbox, contact: Contact
) -> None:
    number = field(inbox)
    do(inbox, "add_contact_note", SYSTEM, contact.id, "secret words")
    do(inbox, "set_contact_value", SYSTEM, contact.id, number, "secret words")
    do(inbox, "set_vip", SYSTEM, contact.id, vip=True)

    lines = list(AuditEvent.select().where(AuditEvent.object_kind == "contact"))

    assert [each.action for each in lines] == ["contact.note", "contact.field", "contact.vip"]
    assert "secret" not in str([(each.summary, each.before, each.after) for each in lines])


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("add_contact_note", ("Look",)),
        ("delete_contact_note", (1,)),
        ("set_contact_value", (1, "x")),
    ],
)
def test_nothing_is_written_about_who_is_not_there_or_merged(
    inbox: Inbox, contact: Contact, action: str, values: tuple[Any, ...]
) -> None:
    with pytest.raises(ActionRefused, match="needs the role"):
        do(inbox, action, agent(Role.VIEWER, "vera"), contact.id, *values)
    with pytest.raises(ActionRefused, match="does not exist"):
        do(inbox, action, SYSTEM, 999, *values)
    other = Contact.create(name="Other", created_at=inbox.now)
    ContactMerge.create(kept=other, merged=contact, at=inbox.now, moved={})
    with pytest.raises(ActionRefused, match="merged"):
        do(inbox, action, SYSTEM, contact.id, *values)
    Contact.update(erased_at=inbox.now).execute()
    with pytest.raises(ActionRefused, match="erased"):
        do(inbox, action, SYSTEM, contact.id, *values)
