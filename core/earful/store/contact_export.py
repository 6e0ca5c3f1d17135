"""Everything stored about one contact, as the pieces of one JSON document.

Only what the contact wrote, what was answered, and what people here wrote down about them: what
others say in the same thread is theirs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from earful.store.database import connection
from earful.store.models import (
    Contact,
    ContactField,
    ContactNote,
    ContactValue,
    Conversation,
    Identity,
    Message,
    MessageVersion,
    Note,
    Reply,
    ReplyAttachment,
)
from earful.store.queries.reading import dicts, plain

__all__ = ["exported_contact"]

_BATCH = 200
_INTERNAL = frozenset({"idempotency_key", "lease_until", "snippet", "stage"})
"""Left out: the machine's own, and the beginning of a last message that may be somebody else's."""


def exported_contact(contact_id: int) -> Iterator[str]:
    """The pieces, in order; memory stays that of one batch. Nothing where there is no contact."""
    with connection():
        found = dicts(Contact.select().where(Contact.id == contact_id))
    if not found:
        return
    yield f'{{"contact": {_text(found[0])}'
    for name, query, key in _parts(contact_id):
        yield f', "{name}": ['
        first = True
        for row in _rows(query, key):
            yield f"{'' if first else ','}\n{_text(row)}"
            first = False
        yield "]"
    yield "}\n"


def _parts(contact_id: int) -> list[tuple[str, Any, Any]]:
    mine = Identity.select(Identity.id).where(Identity.contact == contact_id)
    said = Message.select(Message.id).where(Message.identity.in_(mine))
    held = Conversation.select(Conversation.id).where(Conversation.contact == contact_id)
    fields = ContactValue.select(ContactValue, ContactField.name.alias("field_name"))
    return [
        ("identities", Identity.select().where(Identity.contact == contact_id), Identity.id),
        (
            "fields",
            fields.join(ContactField).where(ContactValue.contact == contact_id),
            ContactValue.id,
        ),
        ("contact_notes", _of(ContactNote, ContactNote.contact == contact_id), ContactNote.id),
        ("conversations", _of(Conversation, Conversation.contact == contact_id), Conversation.id),
        ("notes", _of(Note, Note.conversation.in_(held)), Note.id),
        ("messages", _of(Message, Message.identity.in_(mine)), Message.id),
        ("versions", _of(MessageVersion, MessageVersion.message.in_(said)), MessageVersion.id),
        ("replies", _of(Reply, Reply.message.in_(said)), Reply.id),
        ("attachments", _attachments(said), ReplyAttachment.id),
    ]


def _attachments(said: Any) -> Any:
    """What their answers carried: what is told of it, not the bytes."""
    facts = (ReplyAttachment.reply, ReplyAttachment.name, ReplyAttachment.content_type)
    return ReplyAttachment.select(
        ReplyAttachment.id, *facts, ReplyAttachment.size, ReplyAttachment.alt
    ).where(ReplyAttachment.reply.in_(Reply.select(Reply.id).where(Reply.message.in_(said))))


def _of(model: Any, where: Any) -> Any:
    return model.select().where(where)


def _rows(query: Any, key: Any) -> Iterator[dict[str, Any]]:
    last = 0
    while True:
        with connection():
            batch = dicts(query.where(key > last).order_by(key).limit(_BATCH))
        yield from batch
        if len(batch) < _BATCH:
            return
        last = batch[-1]["id"]


def _text(row: dict[str, Any]) -> str:
    kept = {name: value for name, value in row.items() if name not in _INTERNAL}
    return json.dumps(plain(kept), ensure_ascii=False)
