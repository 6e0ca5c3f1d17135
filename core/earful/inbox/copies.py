"""What a further copy of a known message means: nothing, an edit, a removal, a return."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.inbox import timeline
from earful.inbox.emptied import reopen_filled, resolve_empty
from earful.inbox.forgetting import forget
from earful.store import bulk
from earful.store.models import Conversation, EarlyRemoval, Message, MessageVersion
from earful.store.queries.reading import among
from earful.store.states import ConversationStatus, Direction, Stage
from earful.types import Attachment, InboundMessage, Removal, RemovalKind

__all__ = ["Known", "attachments_data", "follow_edits", "follow_removals", "known_messages"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of a message, as far as a further copy must be compared with it."""

    id: int
    conversation_id: int
    thread_id: int
    text: str
    attachments: list[dict[str, str]]
    edited_at: datetime | None
    version: int
    removal: RemovalKind | None
    removed_at: datetime | None
    extra: dict[str, str]


def known_messages(channel_id: int, external_ids: Iterable[str]) -> dict[str, Known]:
    """The stored messages among these, by external id."""
    ids = list(set(external_ids))
    if not ids:
        return {}
    rows = (
        Message.select(
            Message.external_id,
            Message.id,
            Message.conversation,
            Message.thread,
            Message.text,
            Message.attachments,
            Message.edited_at,
            Message.version,
            Message.removal,
            Message.removed_at,
            Message.extra,
        )
        .where((Message.channel == channel_id) & among(Message.external_id, ids))
        .tuples()
    )
    return {row[0]: Known(*row[1:]) for row in rows}


def attachments_data(attachments: Sequence[Attachment]) -> list[dict[str, str]]:
    """Attachments as they are stored."""
    return [
        {
            "url": each.url,
            "kind": str(each.kind),
            "name": each.name,
            "alt": each.alt,
        }
        for each in attachments
    ]


def follow_edits(pairs: Sequence[tuple[Known, InboundMessage]], now: datetime) -> int:
    """Keep changed copies as versions, and bring back what the platform shows again.

    Facts without a field of their own follow the latest copy; they make no version.
    """
    bulk.update(Message, [_facts(known, copy) for known, copy in pairs if _tells_more(known, copy)])
    edited = [(known, copy) for known, copy in pairs if _is_edit(known, copy)]
    bulk.insert(MessageVersion, [_version(known, now) for known, _ in edited]) if edited else None
    bulk.update(Message, [_edit(known, copy, now) for known, copy in edited])
    back = [known for known, copy in pairs if _is_back(known, copy)]
    bulk.update(Message, [{"id": each.id, "removal": None, "removed_at": None} for each in back])
    _take_up([each.id for each in back], now)
    reopen_filled({each.conversation_id for each in back}, now)
    _listen([known.id for known, copy in pairs if copy.opens and not copy.from_us], now)
    timeline.add(
        [
            *(_entry(known, "message_edited", now) for known, _ in edited),
            *(_entry(known, "message_restored", now) for known in back),
        ]
    )
    return len(edited)


def _take_up(back: Sequence[int], now: datetime) -> None:
    """What came back and was never in a queue is triaged by the next sweep, as if it were new."""
    if not back:
        return
    rows = list(
        Message.select(Message.id, Message.conversation)
        .join(Conversation)
        .where(
            Message.id.in_(back)
            & (Message.direction == Direction.IN)
            & Conversation.queue.is_null()
        )
        .tuples()
    )
    (
        Message.update(stage=Stage.INGESTED, received_at=now)
        .where(Message.id.in_([message for message, _ in rows]))
        .execute()
    )
    (
        Conversation.update(status=ConversationStatus.OPEN, waiting_since=now)
        .where(
            Conversation.id.in_([conversation for _, conversation in rows])
            & (Conversation.status == ConversationStatus.RESOLVED)
        )
        .execute()
    )


def _listen(copies: Sequence[int], now: datetime) -> None:
    """What was only overheard and turns out to be said to us is triaged as if it were new."""
    if not copies:
        return
    rows = list(
        Message.select(Message.id, Message.conversation)
        .join(Conversation)
        .where(
            Message.id.in_(copies)
            & (Message.direction == Direction.IN)
            & Message.removal.is_null()
            & (Conversation.status == ConversationStatus.IGNORED)
            & (Conversation.started_by_us == False)  # noqa: E712 - SQL
            & Conversation.queue.is_null()
        )
        .order_by(Message.sent_at)
        .tuples()
    )
    if rows:
        ids = [message for message, _ in rows]
        Message.update(stage=Stage.INGESTED, received_at=now, opens=True).where(
            Message.id.in_(ids)
        ).execute()
        Conversation.update(status=ConversationStatus.OPEN, waiting_since=now).where(
            Conversation.id.in_([conversation for _, conversation in rows])
        ).execute()


def _entry(known: Known, kind: str, now: datetime, **data: Any) -> timeline.Entry:
    return timeline.entry(known.conversation_id, kind, now, message_id=known.id, **data)


def _is_outdated(known: Known, copy: InboundMessage) -> bool:
    if known.removal is RemovalKind.DELETED:
        return True
    as_of = copy.edited_at or copy.visible_at
    return bool(known.edited_at and as_of and as_of < known.edited_at)


def _tells_more(known: Known, copy: InboundMessage) -> bool:
    return not _is_outdated(known, copy) and known.extra | dict(copy.extra) != known.extra


def _facts(known: Known, copy: InboundMessage) -> dict[str, Any]:
    return {"id": known.id, "extra": known.extra | dict(copy.extra)}


def _is_edit(known: Known, copy: InboundMessage) -> bool:
    if _is_outdated(known, copy):
        return False
    if copy.text != known.text:
        return True
    return attachments_data(copy.attachments) != known.attachments


def _is_back(known: Known, copy: InboundMessage) -> bool:
    if known.removal in {None, RemovalKind.DELETED} or copy.visible_at is None:
        return False
    return known.removed_at is None or copy.visible_at > known.removed_at


def _version(known: Known, now: datetime) -> dict[str, Any]:
    return {
        "message": known.id,
        "number": known.version,
        "text": known.text,
        "attachments": known.attachments,
        "seen_at": now,
    }


def _edit(known: Known, copy: InboundMessage, now: datetime) -> dict[str, Any]:
    return {
        "id": known.id,
        "text": copy.text,
        "attachments": attachments_data(copy.attachments),
        # Not the time it is read here: a copy seen later may wait behind this one.
        "edited_at": copy.edited_at or copy.visible_at or now,
        "version": known.version + 1,
    }


def follow_removals(
    channel_id: int, removals: Sequence[Removal], known: Mapping[str, Known], now: datetime
) -> int:
    """Mark what the platform took away; a deletion also erases the text, here as there."""
    marked = [
        (known[removal.external_id], removal)
        for removal in removals
        if removal.external_id in known and _is_news(known[removal.external_id], removal)
    ]
    bulk.update(Message, [_mark(each, removal, now) for each, removal in marked])
    _erase([each for each, removal in marked if removal.kind is RemovalKind.DELETED])
    timeline.add(
        [_entry(each, "message_removed", now, removal=removal.kind) for each, removal in marked]
    )
    _remember([each for each in removals if each.external_id not in known], channel_id, now)
    gone = [each for each, removal in marked if removal.kind is not RemovalKind.HIDDEN]
    resolve_empty({each.conversation_id for each in gone}, now)
    return len(marked)


def _is_news(known: Known, removal: Removal) -> bool:
    return known.removal not in {removal.kind, RemovalKind.DELETED}


def _mark(known: Known, removal: Removal, now: datetime) -> dict[str, Any]:
    return {"id": known.id, "removal": removal.kind, "removed_at": removal.at or now}


def _erase(deleted: Sequence[Known]) -> None:
    """Leave the text of these messages nowhere: not in versions, lists or notifications."""
    if not deleted:
        return
    versions = MessageVersion.select(MessageVersion.text).where(
        MessageVersion.message.in_([each.id for each in deleted])
    )
    texts = {each.text for each in deleted} | {text for (text,) in versions.tuples()}
    conversations = {each.conversation_id for each in deleted}
    forget(conversations, texts - {""})
    bulk.update(Message, [{"id": each.id, "text": "", "attachments": []} for each in deleted])
    MessageVersion.delete().where(
        MessageVersion.message.in_([each.id for each in deleted])
    ).execute()


def _remember(removals: Sequence[Removal], channel_id: int, now: datetime) -> None:
    """Keep removals that came before their message, where the message could still be affected."""
    rows = [
        {
            "channel": channel_id,
            "external_id": removal.external_id,
            "kind": removal.kind,
            "at": removal.at or now,
        }
        for removal in removals
        if removal.kind is RemovalKind.DELETED or removal.at
    ]
    if rows:
        bulk.insert(EarlyRemoval, rows, ignore_known=True)
