"""Which thread each new message belongs to, and which conversation holds that thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.inbox.people import Person
from earful.inbox.text import one_line, snippet, title_from
from earful.store import bulk
from earful.store.models import Conversation, Reply, Thread
from earful.store.queries.reading import among
from earful.store.states import ConversationStatus
from earful.types import InboundMessage

__all__ = ["Place", "place_messages"]

_LONGEST_CHAIN = 100


@dataclass(frozen=True, slots=True)
class Place:
    """The rows a message hangs on. `opens` tells that it opened its conversation.

    `is_quiet`: nobody spoke to us there, and this message does not either.
    """

    thread_id: int
    conversation_id: int
    opens: bool
    is_quiet: bool


def place_messages(
    channel_id: int,
    messages: Sequence[InboundMessage],
    people: Mapping[str, Person],
    known_parents: Mapping[str, tuple[int, int]],
    now: datetime,
) -> dict[str, Place]:
    """The place of each message by its external id; missing threads and conversations are made.

    `known_parents` maps the external id of stored messages to their thread and conversation.
    """
    parents = dict(known_parents) | _our_replies(channel_id, messages, known_parents)
    batch = {message.external_id: message for message in messages}
    keys = {message.external_id: _thread_key(message, batch, parents) for message in messages}
    wanted = {key for key in keys.values() if isinstance(key, str)}
    threads = _find(channel_id, wanted)
    openers = _openers(messages, keys, wanted - threads.keys())
    spoken = {keys[each.external_id] for each in messages if each.opens}
    fresh = _open(channel_id, openers, keys, people, spoken, now)
    places = _places(keys, threads | fresh)
    known = {place[1] for place in places.values()} - {place[1] for place in fresh.values()}
    silent = {fresh[key][1] for key in fresh if key not in spoken}
    return _told(messages, places, {each.external_id for each in openers}, silent | _quiet(known))


def _places(
    keys: Mapping[str, str | tuple[int, int]], threads: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    return {
        external_id: threads[key] if isinstance(key, str) else key
        for external_id, key in keys.items()
    }


def _told(
    messages: Sequence[InboundMessage],
    places: Mapping[str, tuple[int, int]],
    openers: Collection[str],
    quiet: Collection[int],
) -> dict[str, Place]:
    """The places; the first message that speaks to us opens what was only overheard."""
    found: dict[str, Place] = {}
    woken: set[int] = set()
    for message in sorted(messages, key=lambda each: each.sent_at):
        thread_id, conversation_id = places[message.external_id]
        is_overheard = conversation_id in quiet
        wakes = is_overheard and message.opens and not message.from_us
        opens = wakes and conversation_id not in woken
        woken |= {conversation_id} if wakes else set()
        found[message.external_id] = Place(
            thread_id,
            conversation_id,
            opens=opens or (message.external_id in openers and not is_overheard),
            is_quiet=is_overheard and not message.opens,
        )
    return found


def _quiet(conversation_ids: Collection[int]) -> set[int]:
    """Those among them that were only overheard: ignored since they began, and in no queue."""
    if not conversation_ids:
        return set()
    rows = Conversation.select(Conversation.id).where(
        Conversation.id.in_(list(conversation_ids))
        & (Conversation.status == ConversationStatus.IGNORED)
        & Conversation.queue.is_null()
        & (Conversation.started_by_us == False)  # noqa: E712 - SQL
    )
    return {row[0] for row in rows.tuples()}


def _our_replies(
    channel_id: int, messages: Sequence[InboundMessage], known: Mapping[str, tuple[int, int]]
) -> dict[str, tuple[int, int]]:
    """Parents that are replies of ours: they are no messages, but they have a thread."""
    ids = {message.external_id for message in messages}
    missing = {
        message.parent_id
        for message in messages
        if message.parent_id and message.parent_id not in known and message.parent_id not in ids
    }
    if not missing:
        return {}
    rows = (
        Reply.select(Reply.external_id, Reply.thread, Reply.conversation)
        .where((Reply.channel == channel_id) & Reply.external_id.in_(list(missing)))
        .tuples()
    )
    return {external_id: (thread, conversation) for external_id, thread, conversation in rows}


def _thread_key(
    message: InboundMessage,
    batch: Mapping[str, InboundMessage],
    parents: Mapping[str, tuple[int, int]],
) -> str | tuple[int, int]:
    """The platform's thread; else the parent's; else the message starts one of its own."""
    for _ in range(_LONGEST_CHAIN):
        if message.thread_id:
            return message.thread_id
        if not message.parent_id:
            break
        if message.parent_id in parents:
            return parents[message.parent_id]
        parent = batch.get(message.parent_id)
        if parent is None:
            # The parent may yet arrive: it will then find this thread under its own id.
            return message.parent_id
        message = parent
    return message.external_id


def _find(channel_id: int, keys: Collection[str]) -> dict[str, tuple[int, int]]:
    if not keys:
        return {}
    rows = (
        Thread.select(Thread.external_id, Thread.id, Thread.conversation)
        .where((Thread.channel == channel_id) & among(Thread.external_id, keys))
        .tuples()
    )
    return {key: (thread, conversation) for key, thread, conversation in rows}


def _openers(
    messages: Sequence[InboundMessage],
    keys: Mapping[str, str | tuple[int, int]],
    missing: Collection[str],
) -> list[InboundMessage]:
    """The earliest message of each thread that is not there yet."""
    first: dict[str, InboundMessage] = {}
    for message in messages:
        key = keys[message.external_id]
        if isinstance(key, str) and key in missing:
            known = first.get(key)
            if known is None or message.sent_at < known.sent_at:
                first[key] = message
    return list(first.values())


def _open(
    channel_id: int,
    openers: Sequence[InboundMessage],
    keys: Mapping[str, str | tuple[int, int]],
    people: Mapping[str, Person],
    spoken: Collection[str | tuple[int, int]],
    now: datetime,
) -> dict[str, tuple[int, int]]:
    conversations = bulk.insert(
        Conversation,
        [
            _conversation(
                channel_id,
                each,
                people[each.author.external_id],
                is_quiet=keys[each.external_id] not in spoken,
                now=now,
            )
            for each in openers
        ],
    )
    rows = [
        _thread(channel_id, str(keys[each.external_id]), each, conversation_id)
        for each, conversation_id in zip(openers, conversations, strict=True)
    ]
    return {
        row["external_id"]: (thread_id, row["conversation"])
        for row, thread_id in zip(rows, bulk.insert(Thread, rows), strict=True)
    }


def _conversation(
    channel_id: int, message: InboundMessage, person: Person, *, is_quiet: bool, now: datetime
) -> dict[str, object]:
    # What we wrote ourselves, or only overheard, waits for nobody until somebody speaks to us.
    waits = not (message.from_us or is_quiet)
    status = ConversationStatus.OPEN if waits else ConversationStatus.IGNORED
    return {
        "channel": channel_id,
        "contact": person.contact_id,
        "subject": one_line(message.thread_title, 300) or title_from(message.text),
        "snippet": snippet(message.text),
        "surface": message.surface,
        "started_by_us": message.from_us,
        "status": status,
        "opened_at": now,
        "last_message_at": message.sent_at,
    }


def _thread(
    channel_id: int, key: str, message: InboundMessage, conversation_id: int
) -> dict[str, Any]:
    return {
        "channel": channel_id,
        "external_id": key,
        "conversation": conversation_id,
        "surface": message.surface,
        "title": one_line(message.thread_title, 300),
        "url": message.thread_url or message.url,
    }
