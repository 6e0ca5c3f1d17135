"""Payloads become messages: parsed by the plugin, stored once each, hung on conversations.

A copy stops here; an edit becomes a version, a removal a tombstone, our own reply a confirmation.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from earful.components import ChannelSettings, Parsed, describe
from earful.errors import UnsupportedPayload
from earful.inbox.conversations import Arrival, arrived
from earful.inbox.copies import (
    Known,
    attachments_data,
    follow_edits,
    follow_removals,
    known_messages,
)
from earful.inbox.echoes import without_our_replies
from earful.inbox.fitting import parse
from earful.inbox.other_ids import note_other_ids, under_kept_ids
from earful.inbox.people import Person, identify
from earful.inbox.seen import note_seen
from earful.inbox.text import clean
from earful.inbox.threads import Place, place_messages
from earful.runtime import ConfiguredChannel, Runtime
from earful.store import bulk
from earful.store.database import hold, is_passing, transaction
from earful.store.models import Channel, EarlyRemoval, Message, MessageLabel, Payload
from earful.store.queries.reading import among
from earful.store.states import Direction, PayloadState, Stage
from earful.types import Author, InboundMessage, Removal, RemovalKind, Seen
from earful.types import Payload as RawPayload

__all__ = ["Outcome", "ingest", "store"]

logger = logging.getLogger(__name__)

CHANNEL_LABELS = "channel"
"""Who is named as the author of labels that a channel brought."""
CHUNK = 500
MOST_ATTEMPTS = 5
_Early = tuple[RemovalKind, datetime]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a payload came to: ids of new messages, and how many copies changed something."""

    new: tuple[int, ...] = ()
    edited: int = 0
    removed: int = 0


@dataclass(frozen=True, slots=True)
class _ChannelRef:
    id: int
    realm: str


def ingest(runtime: Runtime, payload_id: int, *, now: datetime) -> Outcome:
    """Take one kept payload through. A second run finds it finished and does nothing."""
    payload = (
        Payload.select(Payload, Channel)
        .join(Channel)
        .where((Payload.id == payload_id) & (Payload.state == PayloadState.RECEIVED))
        .get_or_none()
    )
    channel = payload and runtime.channels.get(payload.channel.name)
    if payload is None or channel is None:
        return Outcome()
    if payload.attempts >= MOST_ATTEMPTS:
        reason = f"The worker did not survive {MOST_ATTEMPTS} attempts to read it."
        return _refuse(payload, PayloadState.QUARANTINED, reason)
    raw = RawPayload(body=bytes(payload.body), content_type=payload.content_type, meta=payload.meta)
    with _attempt(channel, payload, raw):
        return _take_through(channel, payload, raw, now)


def _take_through(
    channel: ConfiguredChannel, payload: Payload, raw: RawPayload, now: datetime
) -> Outcome:
    try:
        items = parse(channel.type, raw)
    except UnsupportedPayload as error:
        return _refuse(payload, PayloadState.UNSUPPORTED, str(error))
    except Exception as error:  # noqa: BLE001 - one bad payload must not hold up the others
        logger.warning("channel=%s payload=%s quarantined: %s", channel.name, payload.id, error)
        return _refuse(payload, PayloadState.QUARANTINED, describe(error))
    try:
        return _store_all(channel, payload, items, now)
    except Exception as error:
        if is_passing(error):
            raise
        logger.exception("channel=%s payload=%s is stored item by item", channel.name, payload.id)
    return _store_each(channel, payload, items, now)


@contextmanager
def _attempt(channel: ConfiguredChannel, payload: Payload, raw: RawPayload) -> Iterator[None]:
    """Note the attempt before it is made, so that one that kills the process is counted too.

    The first one also notes what the platform charged for this payload, and stays counted. Any
    other that a passing fault of the database ends is given back: the payload is not to blame.
    """
    before = payload.attempts
    cost = channel.push_cost(raw) if before == 0 else {}
    with transaction():
        counted = _set_attempts(payload, before, before + 1)
        if counted and isinstance(channel.settings, ChannelSettings):
            for action, usd in cost.items():
                channel.settings.state.costs.spend(action, usd)
    try:
        yield
    except Exception as error:
        if is_passing(error):
            with transaction():
                _set_attempts(payload, before + 1, max(before, 1))
        raise


def _set_attempts(payload: Payload, before: int, after: int) -> int:
    same = (Payload.id == payload.id) & (Payload.attempts == before)
    changed: int = Payload.update(attempts=after).where(same).execute()
    return changed


def _refuse(payload: Payload, state: PayloadState, reason: str) -> Outcome:
    _finish(payload, state, reason)
    return Outcome()


def _finish(payload: Payload, state: PayloadState, reason: str, **known: int) -> None:
    with transaction():
        (
            Payload.update(state=state, error=clean(reason, 2000), **known)
            .where((Payload.id == payload.id) & (Payload.state == PayloadState.RECEIVED))
            .execute()
        )


def _store_all(
    channel: ConfiguredChannel, payload: Payload, items: Sequence[Parsed], now: datetime
) -> Outcome:
    new: list[int] = []
    edited = removed = 0
    for start in range(0, len(items), CHUNK):
        outcome = store(channel, payload.channel_id, items[start : start + CHUNK], now=now)
        new += outcome.new
        edited, removed = edited + outcome.edited, removed + outcome.removed
    _finish(payload, PayloadState.PARSED, "", message_count=len(items))
    return Outcome(tuple(new), edited, removed)


def _store_each(
    channel: ConfiguredChannel, payload: Payload, items: Sequence[Parsed], now: datetime
) -> Outcome:
    """Store every item that can be; the payload is set aside with the reason of one that cannot."""
    total, reason = Outcome(), ""
    for item in items:
        try:
            one = store(channel, payload.channel_id, [item], now=now)
        except Exception as error:
            if is_passing(error):
                raise
            name = item.thread_id if isinstance(item, Seen) else item.external_id
            reason = f"{name} cannot be stored: {describe(error)}"
            continue
        total = Outcome(total.new + one.new, total.edited + one.edited, total.removed + one.removed)
    state = PayloadState.QUARANTINED if reason else PayloadState.PARSED
    _finish(payload, state, reason, message_count=len(items))
    return total


def store(
    channel: ConfiguredChannel, channel_id: int, items: Sequence[Parsed], *, now: datetime
) -> Outcome:
    """Store what was parsed, in one transaction. Returns the new messages to triage."""
    messages = _latest(item for item in items if isinstance(item, InboundMessage))
    removals = [item for item in items if isinstance(item, Removal)]
    realm = channel.type.kind if channel.type.authors_are_global else _realm_of(channel)
    with transaction():
        # One writer per channel, so that no two see the same message as new.
        hold(Channel.select(Channel.id).where(Channel.id == channel_id))
        ref = _ChannelRef(channel_id, realm)
        removals = under_kept_ids(channel_id, removals)
        known = known_messages(channel_id, _ids_to_look_up(messages, removals))
        removals += _early_removals_of_copies(channel_id, messages, known)
        edited = follow_edits(
            [(known[each.external_id], each) for each in messages if each.external_id in known],
            now,
        )
        # A copy may know more of its author: a push often tells no name, a poll does.
        identify(realm, _authors_named_by_copies(messages, known), now)
        fresh = [each for each in messages if each.external_id not in known]
        fresh = without_our_replies(channel_id, fresh, known, now)
        new = _add(ref, fresh, known, now) if fresh else {}
        note_other_ids(channel_id, messages)
        if removals and new:
            known = known_messages(channel_id, _ids_to_look_up([], removals))
        removed = follow_removals(channel_id, removals, known, now)
        note_seen(channel_id, (item for item in items if isinstance(item, Seen)), now)
    return Outcome(tuple(new.values()), edited, removed)


def _authors_named_by_copies(
    messages: Iterable[InboundMessage], known: Mapping[str, Known]
) -> Iterable[Author]:
    # What was deleted or erased names nobody any more.
    return [
        each.author
        for each in messages
        if each.author.name
        and (before := known.get(each.external_id))
        and before.removal is not RemovalKind.DELETED
    ]


def _realm_of(channel: ConfiguredChannel) -> str:
    return f"{channel.type.kind}:{channel.name}"


def _latest(messages: Iterable[InboundMessage]) -> list[InboundMessage]:
    """One copy of each message, the latest."""
    found: dict[str, InboundMessage] = {}
    for message in messages:
        before = found.get(message.external_id)
        found[message.external_id] = message if before is None else _merged(before, message)
    return list(found.values())


def _merged(first: InboundMessage, second: InboundMessage) -> InboundMessage:
    """The later of two copies. What either tells is said to us is said to us."""
    latest = first if _is_older(second, first) else second
    labels = tuple(dict.fromkeys((*first.labels, *second.labels)))
    return replace(latest, opens=first.opens or second.opens, labels=labels)


def _is_older(copy: InboundMessage, other: InboundMessage) -> bool:
    return bool(copy.edited_at and other.edited_at and copy.edited_at < other.edited_at)


def _ids_to_look_up(
    messages: Sequence[InboundMessage], removals: Sequence[Removal]
) -> Iterable[str]:
    for message in messages:
        yield message.external_id
        if message.parent_id:
            yield message.parent_id
    for removal in removals:
        yield removal.external_id


def _add(
    channel: _ChannelRef,
    messages: Sequence[InboundMessage],
    known: dict[str, Known],
    now: datetime,
) -> dict[str, int]:
    """Insert new messages with all they hang on. Returns the ids of those to triage."""
    people = identify(channel.realm, (message.author for message in messages), now)
    parents = {key: (each.thread_id, each.conversation_id) for key, each in known.items()}
    early = _early_removals(channel.id, messages)
    messages = [_erased(each, early.get(each.external_id)) for each in messages]
    places = place_messages(channel.id, messages, people, parents, now)
    rows = [
        _row(
            channel.id,
            message,
            people[message.author.external_id],
            places[message.external_id],
            early.get(message.external_id),
            now,
        )
        for message in messages
    ]
    ids = bulk.insert(Message, rows)
    _label(messages, ids, now)
    arrived([_arrival(row, message) for row, message in zip(rows, messages, strict=True)], now)
    Channel.update(last_message_at=now).where(Channel.id == channel.id).execute()
    return {
        row["external_id"]: message_id
        for row, message_id in zip(rows, ids, strict=True)
        if row["stage"] is not Stage.DONE
    }


def _label(messages: Sequence[InboundMessage], ids: Sequence[int], now: datetime) -> None:
    """Keep what the channel itself says of its messages, beside what classifiers will say."""
    rows = [
        {"message": message_id, "name": name, "classifier": CHANNEL_LABELS, "created_at": now}
        for message, message_id in zip(messages, ids, strict=True)
        for name in message.labels
    ]
    if rows:
        bulk.insert(MessageLabel, rows)


def _early_removals(channel_id: int, messages: Sequence[InboundMessage]) -> dict[str, _Early]:
    named = {one: each for each in messages for one in (each.external_id, *each.other_ids)}
    rows = (
        EarlyRemoval.select(EarlyRemoval.external_id, EarlyRemoval.kind, EarlyRemoval.at)
        .where((EarlyRemoval.channel == channel_id) & among(EarlyRemoval.external_id, named))
        .tuples()
    )
    return {
        named[external_id].external_id: (kind, at)
        for external_id, kind, at in rows
        if kind is RemovalKind.DELETED or (named[external_id].visible_at or at) <= at
    }


def _early_removals_of_copies(
    channel_id: int, messages: Sequence[InboundMessage], known: Mapping[str, Known]
) -> list[Removal]:
    """A version that was deleted before it came takes its message with it."""
    copies = [each for each in messages if each.external_id in known and each.other_ids]
    early = _early_removals(channel_id, copies) if copies else {}
    return [Removal(external_id=key, kind=kind, at=at) for key, (kind, at) in early.items()]


def _erased(message: InboundMessage, early: _Early | None) -> InboundMessage:
    """What was deleted before it came leaves no text here either."""
    if early is None or early[0] is not RemovalKind.DELETED:
        return message
    return replace(message, text="", attachments=())


def _row(
    channel_id: int,
    message: InboundMessage,
    person: Person,
    place: Place,
    early: _Early | None,
    now: datetime,
) -> dict[str, Any]:
    return {
        "channel": channel_id,
        "external_id": message.external_id,
        "conversation": place.conversation_id,
        "thread": place.thread_id,
        "identity": person.identity_id,
        "direction": Direction.OUT if message.from_us else Direction.IN,
        "opens": place.opens,
        "surface": message.surface,
        "text": message.text,
        "language": message.language,
        "attachments": attachments_data(message.attachments),
        "extra": dict(message.extra),
        "parent_external_id": message.parent_id,
        "url": message.url,
        "sent_at": message.sent_at,
        "received_at": now,
        "edited_at": message.edited_at,
        "removal": early and early[0],
        "removed_at": early and early[1],
        "stage": Stage.DONE if message.from_us or early or place.is_quiet else Stage.INGESTED,
    }


def _arrival(row: dict[str, Any], message: InboundMessage) -> Arrival:
    return Arrival(
        conversation_id=row["conversation"],
        text=row["text"],
        sent_at=row["sent_at"],
        is_ours=row["direction"] is Direction.OUT,
        is_removed=row["removal"] is not None,
        opens=message.opens,
    )
