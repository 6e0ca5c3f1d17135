"""Takes out all that tells of a person; their places, ids and counts stay.

A message keeps its place as a deleted one does, so that a later copy of it brings nothing back. An
account gets a new external id, so that who writes again is somebody new.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from earful.inbox import timeline
from earful.inbox.fitting import parse
from earful.inbox.forgetting import forget
from earful.inbox.lifecycle import change_status
from earful.runtime import Runtime
from earful.store import bulk
from earful.store.database import transaction
from earful.store.models import (
    Channel,
    Contact,
    ContactMerge,
    ContactNote,
    ContactValue,
    Conversation,
    Draft,
    Event,
    Identity,
    Message,
    MessageLabel,
    MessageVersion,
    Note,
    Notification,
    Payload,
    PlatformAction,
    PolicyRun,
    RefusedMatch,
    Reply,
    ReplyAttachment,
    Thread,
)
from earful.store.states import NOT_OVER, ConversationStatus, PayloadState, ReplyState
from earful.types import InboundMessage, RemovalKind
from earful.types import Payload as RawPayload

__all__ = ["ERASED", "accounts_of", "erase_payloads", "erase_person"]

ERASED = "Erased"
_READ = (PayloadState.PARSED, PayloadState.UNSUPPORTED, PayloadState.QUARANTINED)
_TELLING = frozenset({"because", "error", "outcome", "reason", "text", "title"})
"""What events say in words of their own, which may be the person's."""
_AT_ONCE = 400
_PAYLOADS_AT_ONCE = 50
"""Each may be as large as a page of a platform."""


def accounts_of(contact_id: int) -> list[int]:
    """The ids of a contact's identities."""
    query = Identity.select(Identity.id).where(Identity.contact == contact_id)
    return [key for (key,) in query.order_by(Identity.id).tuples()]


def erase_payloads(runtime: Runtime, contact_id: int) -> int:
    """Remove what the platforms sent and was read, where it names one of the accounts.

    Payloads are kept for a while only; they are read some at a time, and no transaction is open
    while a plugin reads them.
    """
    accounts = _accounts_by_channel(contact_id)
    gone, last = 0, 0
    while True:
        found = list(
            Payload.select(Payload, Channel)
            .join(Channel)
            .where(Payload.channel.in_(list(accounts)), Payload.id > last, Payload.state.in_(_READ))
            .order_by(Payload.id)
            .limit(_PAYLOADS_AT_ONCE)
        )
        told = [each.id for each in found if _names_one(runtime, each, accounts[each.channel_id])]
        with transaction():
            gone += Payload.delete().where(Payload.id.in_(told)).execute()
        if len(found) < _PAYLOADS_AT_ONCE:
            return int(gone)
        last = found[-1].id


def _accounts_by_channel(contact_id: int) -> dict[int, set[str]]:
    """The external ids of a contact's accounts, by the channels on which they may write."""
    # A realm is a kind of channel, or one channel of it.
    here = (Identity.realm == Channel.kind.concat(":").concat(Channel.name)) | (
        Identity.realm == Channel.kind
    )
    query = (
        Identity.select(Channel.id, Identity.external_id)
        .join(Channel, on=here)
        .where(Identity.contact == contact_id)
    )
    found: dict[int, set[str]] = {}
    for channel_id, external_id in query.tuples():
        found.setdefault(channel_id, set()).add(external_id)
    return found


def _names_one(runtime: Runtime, payload: Payload, accounts: Collection[str]) -> bool:
    """Whether it holds one of these ids, or something that one of them wrote.

    Only the plugin knows who wrote: it may have made the id out of several parts.
    """
    body = bytes(payload.body)
    if any(each.encode() in body for each in accounts):
        return True
    channel_type = runtime.plugins.channel_types.get(payload.channel.kind)
    if channel_type is None:
        return False
    raw = RawPayload(body=body, content_type=payload.content_type, meta=payload.meta)
    try:
        items = parse(channel_type, raw)
    except Exception:  # noqa: BLE001 - what its plugin cannot read tells no more than its bytes
        return False
    return any(
        isinstance(each, InboundMessage) and each.author.external_id in accounts for each in items
    )


def erase_person(contact_id: int, agent_id: int | None, now: datetime) -> int:
    """Take out everything, inside the caller's transaction. Returns how many messages there were.

    The caller holds the channels, so that nothing arrives meanwhile.
    """
    accounts = accounts_of(contact_id)
    conversations = _ids(Conversation.select(Conversation.id), Conversation.contact == contact_id)
    count = 0
    for few in _messages_of(accounts):
        _erase_messages(few, now)
        count += len(few)
    for at in range(0, len(conversations), _AT_ONCE):
        _erase_conversations(conversations[at : at + _AT_ONCE], agent_id, now)
    _erase_contact(contact_id, accounts, now)
    return count


def _ids(query: Any, *where: Any) -> list[int]:
    return [key for (key,) in query.where(*where).tuples()]


def _messages_of(accounts: Sequence[int]) -> Iterator[list[int]]:
    ids = _ids(Message.select(Message.id), Message.identity.in_(accounts))
    for at in range(0, len(ids), _AT_ONCE):
        yield ids[at : at + _AT_ONCE]


def _erase_messages(ids: Collection[int], now: datetime) -> None:
    rows = list(
        Message.select(Message.conversation, Message.text).where(Message.id.in_(ids)).tuples()
    )
    versions = MessageVersion.select(MessageVersion.text).where(MessageVersion.message.in_(ids))
    texts = {text for _, text in rows} | {text for (text,) in versions.tuples()}
    forget({conversation for conversation, _ in rows}, texts - {""})
    MessageVersion.delete().where(MessageVersion.message.in_(ids)).execute()
    MessageLabel.update(detail="").where(MessageLabel.message.in_(ids)).execute()
    PolicyRun.update(because=[]).where(PolicyRun.message.in_(ids)).execute()
    PlatformAction.update(reason="", error="").where(PlatformAction.message.in_(ids)).execute()
    Message.update(
        text="",
        attachments=[],
        extra={},
        url=None,
        language=None,
        removal=RemovalKind.DELETED,
        removed_at=now,
    ).where(Message.id.in_(ids)).execute()
    _erase_replies(Reply.message.in_(ids))


def _erase_replies(which: Any) -> None:
    """What we answered; one that failed is given up, as there is nothing left to send."""
    ReplyAttachment.delete().where(
        ReplyAttachment.reply.in_(Reply.select(Reply.id).where(which))
    ).execute()
    failed = Reply.state.in_([ReplyState.FAILED, ReplyState.HELD])
    Reply.update(state=ReplyState.UNDONE).where(which & failed).execute()
    Reply.update(text="", sign_off="", error="", url=None).where(which).execute()


def _erase_conversations(ids: Collection[int], agent_id: int | None, now: datetime) -> None:
    """What stands in the person's own conversations, whoever wrote it."""
    mine = Conversation.id.in_(ids)
    Conversation.update(subject=ERASED, snippet="", outcome="").where(mine).execute()
    Thread.update(title="", url=None).where(Thread.conversation.in_(ids)).execute()
    Note.update(text=ERASED).where(Note.conversation.in_(ids)).execute()
    Draft.delete().where(Draft.conversation.in_(ids)).execute()
    ReplyAttachment.delete().where(
        ReplyAttachment.conversation.in_(ids), ReplyAttachment.reply.is_null()
    ).execute()
    _erase_replies(Reply.conversation.in_(ids))
    Notification.update(title=ERASED, body="", facts={}, error="").where(
        Notification.conversation.in_(ids)
    ).execute()
    events = Event.select(Event.id, Event.data).where(Event.conversation.in_(ids)).tuples()
    bulk.update(Event, [{"id": key, "data": _without_words(data)} for key, data in events])
    _close(ids, agent_id, now)


def _without_words(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without_words(each) for key, each in data.items() if key not in _TELLING}
    return [_without_words(each) for each in data] if isinstance(data, list) else data


def _close(ids: Collection[int], agent_id: int | None, now: datetime) -> None:
    """Nobody is left to answer: what waited is resolved, and all tell why they are empty."""
    waiting = list(Conversation.select().where(Conversation.id.in_(ids)))
    for each in waiting:
        if each.status in NOT_OVER:
            change_status(
                each,
                ConversationStatus.RESOLVED,
                "contact_erased",
                now=now,
                agent_id=agent_id,
            )
    timeline.add(
        [
            timeline.entry(each.id, "contact_erased", now, agent_id=agent_id)
            for each in waiting
            if each.status not in NOT_OVER
        ]
    )


def _erase_contact(contact_id: int, accounts: Sequence[int], now: datetime) -> None:
    everybody = _merged_into(contact_id)
    ContactNote.delete().where(ContactNote.contact.in_(everybody)).execute()
    ContactValue.delete().where(ContactValue.contact.in_(everybody)).execute()
    ContactMerge.update(evidence=[]).where(ContactMerge.kept.in_(everybody)).execute()
    RefusedMatch.delete().where(
        RefusedMatch.first.in_(accounts) | RefusedMatch.second.in_(accounts)
    ).execute()
    bulk.update(
        Identity,
        [
            {
                "id": key,
                "external_id": f"erased:{key}",
                "name": ERASED,
                "handle": "",
                "url": None,
                "avatar_url": None,
                "reach": None,
                "verified": False,
                "updated_at": now,
            }
            for key in accounts
        ],
    )
    Contact.update(name=ERASED, vip=False, erased_at=now).where(Contact.id.in_(everybody)).execute()


def _merged_into(contact_id: int) -> list[int]:
    """The contact, and all that were merged into it, into those, and so on."""
    found, new = [contact_id], [contact_id]
    while new:
        new = _ids(
            ContactMerge.select(ContactMerge.merged).where(ContactMerge.kept.in_(new)),
            ContactMerge.undone_at.is_null(),
        )
        found += new
    return found
