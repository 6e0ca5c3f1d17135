"""What the law gives a person: a copy of all that is kept about them, and its end."""

from __future__ import annotations

from datetime import datetime

from earful.actions.actor import Actor, audit, require
from earful.actions.contacts import writing_about
from earful.actions.merging import hold_arrivals
from earful.errors import ActionRefused
from earful.inbox.erasing import accounts_of, erase_payloads, erase_person
from earful.runtime import Runtime
from earful.store.database import connection, transaction
from earful.store.models import Message, Reply
from earful.store.states import ON_ITS_WAY, Role
from earful.wording import gettext as _

__all__ = ["ERASE_WORD", "erase_contact", "note_contact_export"]

ERASE_WORD = "erase"
"""What is typed to say that one means it."""


def note_contact_export(_runtime: Runtime, actor: Actor, contact_id: int, *, now: datetime) -> None:
    """Somebody takes out all that is kept about a contact: may they, and that they did."""
    with writing_about(actor, contact_id, Role.LEAD):
        audit(actor, "contact.export", "contact", contact_id, now)


def erase_contact(
    _runtime: Runtime, actor: Actor, contact_id: int, confirmation: str, *, now: datetime
) -> None:
    """Take out all that tells of a person, for good; ids, places and counts stay.

    Refused while a reply to them is on its way.
    """
    require(actor, Role.ADMIN)
    if confirmation.strip().lower() != ERASE_WORD:
        msg = _("Type “%(word)s” to say that you mean it. Nothing was erased.", word=ERASE_WORD)
        raise ActionRefused(msg)
    with writing_about(actor, contact_id, Role.ADMIN):
        _refuse_unsent(contact_id)
    with connection():
        # Before their accounts are unknown; where it stops half way it is asked for again.
        erase_payloads(contact_id)
    with transaction():
        hold_arrivals()
        with writing_about(actor, contact_id, Role.ADMIN):
            _refuse_unsent(contact_id)
            count = erase_person(contact_id, actor.agent_id, now)
            audit(actor, "contact.erase", "contact", contact_id, now, after={"messages": count})


def _refuse_unsent(contact_id: int) -> None:
    waiting = (
        Reply.select(Reply.id)
        .join(Message)
        .where(Message.identity.in_(accounts_of(contact_id)), Reply.state.in_(ON_ITS_WAY))
    )
    if waiting.exists():
        msg = _("A reply to this person is on its way. Wait for it, or take it back, then erase.")
        raise ActionRefused(msg)
