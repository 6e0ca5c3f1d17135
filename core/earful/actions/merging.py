"""Two contacts that are one person: merge them, take that back exactly, or say they are not.

A merge moves what hangs on the one contact to the other and writes down what it moved. Taking it
back returns these rows, and what accounts that moved have begun since.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from earful.actions.actor import Actor, audit, require
from earful.actions.contacts import writing_about
from earful.errors import ActionRefused
from earful.inbox import timeline
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import (
    Channel,
    Contact,
    ContactMerge,
    ContactNote,
    ContactValue,
    Conversation,
    Identity,
    Message,
    RefusedMatch,
)
from earful.store.states import Direction, Role
from earful.wording import gettext as _

__all__ = ["hold_arrivals", "merge_contacts", "refuse_match", "take_back_refusal", "undo_merge"]

MOST_PAIRS = 100


def merge_contacts(
    _runtime: Runtime,
    actor: Actor,
    kept_id: int,
    merged_id: int,
    *,
    evidence: Sequence[str] = (),
    now: datetime,
) -> int:
    """`merged_id` is the same person as `kept_id`, which holds everything from now on.

    Returns the id of the merge, by which it is taken back.
    """
    require(actor, Role.AGENT)
    if kept_id == merged_id:
        msg = _("Choose another contact to merge with.")
        raise ActionRefused(msg)
    with transaction():
        hold_arrivals()
        first, second = sorted((kept_id, merged_id))
        with writing_about(actor, first) as one, writing_about(actor, second) as other:
            kept, merged = (one, other) if one.id == kept_id else (other, one)
            moved = _move_all(kept, merged)
            merge = ContactMerge.create(
                kept=kept_id,
                merged=merged_id,
                agent=actor.agent_id,
                at=now,
                evidence=list(evidence),
                moved=moved,
            )
            _tell("contact_merged", moved["conversations"], actor, now, merge_id=merge.id)
            facts = {"merged": merged_id, "merge": merge.id}
            audit(actor, "contact.merge", "contact", kept_id, now, after=facts)
    return int(merge.id)


def hold_arrivals() -> None:
    """Storing messages holds its channel: no conversation begins under a contact that moves."""
    list(locked(Channel.select(Channel.id).order_by(Channel.id)).tuples())


def _move_all(kept: Contact, merged: Contact) -> dict[str, Any]:
    answered = ContactValue.select(ContactValue.field).where(ContactValue.contact == kept.id)
    moved: dict[str, Any] = {
        "identities": _ids(Identity, merged.id),
        "conversations": _ids(Conversation, merged.id),
        "notes": _ids(ContactNote, merged.id),
        # What both have answered stays on each: nobody's word is overwritten.
        "values": _ids(ContactValue, merged.id, ContactValue.field.not_in(answered)),
        "newest_conversation": _newest_conversation(),
        "made_vip": bool(merged.vip and not kept.vip),
    }
    _hand_over(moved, merged.id, kept.id)
    if moved["made_vip"]:
        Contact.update(vip=True).where(Contact.id == kept.id).execute()
    return moved


def _newest_conversation() -> int:
    query = Conversation.select(Conversation.id).order_by(Conversation.id.desc()).limit(1)
    return next((key for (key,) in query.tuples()), 0)


_TABLES = {
    "identities": Identity,
    "conversations": Conversation,
    "notes": ContactNote,
    "values": ContactValue,
}
_AT_ONCE = 500


def _ids(model: Any, contact_id: int, *where: Any) -> list[int]:
    query = model.select(model.id).where(model.contact == contact_id, *where).order_by(model.id)
    return [key for (key,) in query.tuples()]


def _hand_over(moved: dict[str, Any], giver: int, taker: int) -> None:
    """These rows of one contact become the other's; a row that left meanwhile stays where it is."""
    for name, model in _TABLES.items():
        ids = moved[name]
        for at in range(0, len(ids), _AT_ONCE):
            few = model.id.in_(ids[at : at + _AT_ONCE])
            model.update(contact=taker).where(few & (model.contact == giver)).execute()


def undo_merge(_runtime: Runtime, actor: Actor, merge_id: int, *, now: datetime) -> int:
    """Give back what a merge moved, and what its accounts began since. Returns the contact."""
    require(actor, Role.AGENT)
    with transaction():
        hold_arrivals()
        merge = locked(ContactMerge.select().where(ContactMerge.id == merge_id)).get_or_none()
        if merge is None or merge.undone_at is not None:
            msg = _("This merge was taken back already.")
            raise ActionRefused(msg)
        with writing_about(actor, merge.kept_id):
            moved = dict(merge.moved)
            moved["conversations"] = [*moved["conversations"], *_begun_since(merge)]
            _hand_over(moved, merge.kept_id, merge.merged_id)
            if moved["made_vip"]:
                Contact.update(vip=False).where(Contact.id == merge.kept_id).execute()
            merge.undone_at, merge.undone_by = now, actor.agent_id
            merge.save()
            _tell("contact_unmerged", moved["conversations"], actor, now, merge_id=merge_id)
            facts = {"merged": merge.merged_id, "merge": merge_id}
            audit(actor, "contact.unmerge", "contact", merge.kept_id, now, before=facts)
    return int(merge.merged_id)


def _begun_since(merge: ContactMerge) -> list[int]:
    """Conversations since the merge that one of the accounts it moved opened."""
    theirs = set(merge.moved["identities"])
    opener = (
        Message.select(Message.identity)
        .where((Message.conversation == Conversation.id) & (Message.direction == Direction.IN))
        .order_by(Message.opens.desc(), Message.sent_at, Message.id)
        .limit(1)
    )
    query = Conversation.select(Conversation.id, opener.alias("opener")).where(
        Conversation.contact == merge.kept_id,
        Conversation.id > merge.moved["newest_conversation"],
    )
    return [key for key, identity in query.tuples() if identity in theirs]


def _tell(
    kind: str, conversations: Sequence[int], actor: Actor, now: datetime, **data: Any
) -> None:
    timeline.add(
        [timeline.entry(each, kind, now, agent_id=actor.agent_id, **data) for each in conversations]
    )


def refuse_match(
    _runtime: Runtime, actor: Actor, contact_id: int, other_id: int, *, now: datetime
) -> None:
    """These two are not one person: they are not suggested to each other any more."""
    with writing_about(actor, contact_id):
        pairs = _pairs(contact_id, other_id)
        if not pairs:
            msg = _("One of them has no account any more.")
            raise ActionRefused(msg)
        for first, second in pairs:
            (
                RefusedMatch.insert(first=first, second=second, agent=actor.agent_id, at=now)
                .on_conflict_ignore()
                .execute()
            )
        facts = {"other": other_id}
        audit(actor, "contact.match_refused", "contact", contact_id, now, after=facts)


def take_back_refusal(
    _runtime: Runtime, actor: Actor, contact_id: int, other_id: int, *, now: datetime
) -> None:
    """They may be suggested to each other again."""
    with writing_about(actor, contact_id):
        gone = 0
        for first, second in _pairs(contact_id, other_id):
            pair = (RefusedMatch.first == first) & (RefusedMatch.second == second)
            gone += RefusedMatch.delete().where(pair).execute()
        if gone:
            facts = {"other": other_id}
            audit(actor, "contact.match_allowed", "contact", contact_id, now, after=facts)


def _pairs(contact_id: int, other_id: int) -> Collection[tuple[int, int]]:
    """Each account of the one with each of the other, the smaller id first."""
    mine, theirs = _ids(Identity, contact_id), _ids(Identity, other_id)
    every = {(min(one, two), max(one, two)) for one in mine for two in theirs if one != two}
    return sorted(every)[:MOST_PAIRS]
