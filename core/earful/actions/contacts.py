"""What people write down about a contact: fields, notes, and who is a VIP.

The audit says that something was written and by whom, never what: it can't be erased.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from earful.actions.actor import Actor, audit, require
from earful.errors import ActionRefused
from earful.inbox.text import clean, one_line
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Contact, ContactField, ContactMerge, ContactNote, ContactValue
from earful.store.states import Role
from earful.wording import gettext as _

__all__ = [
    "add_contact_note",
    "delete_contact_note",
    "save_contact_field",
    "set_contact_value",
    "set_vip",
]

LONGEST_NAME = 80
LONGEST_PURPOSE = 300
LONGEST_VALUE = 2000
LONGEST_NOTE = 10_000


@contextmanager
def writing_about(actor: Actor, contact_id: int, role: Role = Role.AGENT) -> Iterator[Contact]:
    """Hold a contact for one action; one that was merged or erased holds nothing any more."""
    require(actor, role)
    with transaction():
        row = locked(Contact.select().where(Contact.id == contact_id)).get_or_none()
        if row is None:
            msg = _("This contact does not exist.")
            raise ActionRefused(msg)
        if row.erased_at is not None:
            msg = _("This contact was erased.")
            raise ActionRefused(msg)
        standing = (ContactMerge.merged == contact_id) & ContactMerge.undone_at.is_null()
        if ContactMerge.select().where(standing).exists():
            msg = _("This contact was merged into another one. Open that one.")
            raise ActionRefused(msg)
        yield row


def add_contact_note(
    _runtime: Runtime, actor: Actor, contact_id: int, text: str, *, now: datetime
) -> int:
    """Keep something in mind about a contact. Returns the note's id."""
    words = clean(text, len(text)).strip()
    if not words:
        msg = _("Write something first.")
        raise ActionRefused(msg)
    if len(words) > LONGEST_NOTE:
        msg = _(
            "The note is too long: %(length)s of %(limit)s characters.",
            length=len(words),
            limit=LONGEST_NOTE,
        )
        raise ActionRefused(msg)
    with writing_about(actor, contact_id):
        note = ContactNote.create(contact=contact_id, agent=actor.agent_id, text=words, at=now)
        audit(actor, "contact.note", "contact", contact_id, now)
    return int(note.id)


def delete_contact_note(
    _runtime: Runtime, actor: Actor, contact_id: int, note_id: int, *, now: datetime
) -> None:
    """Remove one's own note; leads remove anybody's."""
    with writing_about(actor, contact_id):
        note = ContactNote.get_or_none(
            (ContactNote.id == note_id) & (ContactNote.contact == contact_id)
        )
        if note is None:
            return
        if note.agent_id != actor.agent_id:
            require(actor, Role.LEAD)
        note.delete_instance()
        audit(actor, "contact.note_removed", "contact", contact_id, now)


def set_contact_value(
    _runtime: Runtime, actor: Actor, contact_id: int, field_id: int, text: str, *, now: datetime
) -> None:
    """Answer a field for this contact; an empty text takes the answer away."""
    words = clean(text, len(text)).strip()
    if len(words) > LONGEST_VALUE:
        msg = _(
            "This is too long: %(length)s of %(limit)s characters.",
            length=len(words),
            limit=LONGEST_VALUE,
        )
        raise ActionRefused(msg)
    here = (ContactValue.contact == contact_id) & (ContactValue.field == field_id)
    with writing_about(actor, contact_id):
        field = ContactField.get_or_none(ContactField.id == field_id)
        before = ContactValue.get_or_none(here)
        if field is None or not (field.active or before):
            msg = _("This field does not exist any more.")
            raise ActionRefused(msg)
        if words == (before.text if before else ""):
            return
        facts = {"text": words, "agent": actor.agent_id, "at": now}
        if not words:
            ContactValue.delete().where(here).execute()
        elif before:
            # The same row: a merge knows by its id whose answer it was.
            ContactValue.update(facts).where(here).execute()
        else:
            ContactValue.create(contact=contact_id, field=field_id, **facts)
        audit(actor, "contact.field", "contact", contact_id, now, after={"field": field.name})


def set_vip(_runtime: Runtime, actor: Actor, contact_id: int, *, vip: bool, now: datetime) -> None:
    """Mark a contact as one to be careful with, or no more."""
    with writing_about(actor, contact_id) as contact:
        if contact.vip == vip:
            return
        Contact.update(vip=vip).where(Contact.id == contact_id).execute()
        audit(actor, "contact.vip", "contact", contact_id, now, after={"vip": vip})


def save_contact_field(
    _runtime: Runtime | None,
    actor: Actor,
    field_id: int | None,
    *,
    name: str,
    purpose: str = "",
    position: int = 0,
    active: bool = True,
    now: datetime,
) -> int:
    """Make or change a field that every contact has. Returns its id."""
    require(actor, Role.ADMIN)
    facts = {
        "name": _checked_name(name),
        "purpose": one_line(purpose, LONGEST_PURPOSE),
        "position": max(-10_000, min(position, 10_000)),
        "active": active,
    }
    with transaction():
        same = (ContactField.name == facts["name"]) & (ContactField.id != (field_id or 0))
        if ContactField.select().where(same).exists():
            msg = _("Name: there is a field %(name)s already.", name=facts["name"])
            raise ActionRefused(msg, field="name")
        number = _stored(field_id, facts)
        audit(actor, "contact_field.save", "contact_field", number, now, after=facts)
    return number


def _stored(field_id: int | None, facts: dict[str, object]) -> int:
    if field_id is None:
        return int(ContactField.create(**facts).id)
    if not ContactField.update(facts).where(ContactField.id == field_id).execute():
        msg = _("This field does not exist any more.")
        raise ActionRefused(msg)
    return field_id


def _checked_name(name: str) -> str:
    words = one_line(name, LONGEST_NAME)
    if not words:
        msg = _("Name: give the field a name.")
        raise ActionRefused(msg, field="name")
    return words
