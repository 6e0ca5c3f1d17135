"""Direct messages as messages: from the API's pages and from pushed events; pure.

Their ids are kept apart from those of posts by `dm-`, because X promises nothing about both
together. A conversation of two has the id `SMALLER-LARGER`, of the two users' ids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from earful import InboundMessage, PayloadError, Surface, UnsupportedPayload, mark

from earful_twitter.meta import Meta, as_id, since_epoch, time_of, when
from earful_twitter.people import inner
from earful_twitter.posts import Included, media_attachments, readable

__all__ = ["between", "listed_message", "pushed_messages", "thread_of"]

_UNREADABLE = mark("An empty direct message: its content cannot be shown here. Open it on X.")

_NO_MESSAGE = mark("Who joins or leaves a group of direct messages is left alone.")
_SAID = "message_create"


def between(one: str, other: str) -> str:
    """The id of the conversation of two users."""
    low, high = sorted((int(one), int(other)))
    return f"{low}-{high}"


def thread_of(conversation: str) -> str:
    """The thread that a direct message's conversation is here."""
    return f"dm-{conversation}"


def listed_message(event: Any, included: Included, meta: Meta) -> InboundMessage:
    """An event of `GET /2/dm_events`."""
    event = inner(event)
    if event.get("event_type") != "MessageCreate":
        raise UnsupportedPayload(_NO_MESSAGE)
    identifier = as_id(event.get("id"))
    sent_at = when(event.get("created_at")) or time_of(identifier)
    conversation = event.get("dm_conversation_id")
    attached = event.get("attachments")
    keys = attached.get("media_keys") if isinstance(attached, Mapping) else None
    return _message(
        identifier,
        sender=as_id(event.get("sender_id")),
        conversation=conversation if isinstance(conversation, str) else "",
        text=_text(event.get("text"), event),
        sent_at=sent_at,
        included=included,
        meta=meta,
        media=included.named(keys if isinstance(keys, list) else []),
    )


def pushed_messages(
    payload: Mapping[str, Any], included: Included, meta: Meta
) -> list[InboundMessage]:
    """The messages of a pushed `dm.received` or `dm.sent`."""
    events = payload.get("direct_message_events")
    if not isinstance(events, list) or not events:
        raise PayloadError(mark("this event holds no direct message"))
    said = [each for each in map(inner, events) if each.get("type", _SAID) == _SAID]
    if not said:
        raise UnsupportedPayload(_NO_MESSAGE)
    return [_pushed(event, included, meta) for event in said]


def _pushed(event: Mapping[str, Any], included: Included, meta: Meta) -> InboundMessage:
    made = inner(event.get("message_create"))
    said = inner(made.get("message_data"))
    sender = as_id(made.get("sender_id"))
    recipient = as_id(inner(made.get("target")).get("recipient_id"))
    named = event.get("dm_conversation_id")
    if not (isinstance(named, str) and named):
        named = between(sender, recipient) if sender and recipient else ""
    return _message(
        as_id(event.get("id")),
        sender=sender,
        conversation=named,
        text=_text(said.get("text"), said),
        sent_at=since_epoch(event.get("created_timestamp")) or time_of(as_id(event.get("id"))),
        included=included,
        meta=meta,
        media=[_as_listed(inner(inner(said.get("attachment")).get("media")))],
    )


def _as_listed(media: Mapping[str, Any]) -> Mapping[str, Any]:
    """A pushed picture in the words of the API's pages, which show the same message again."""
    return {
        "type": media.get("type"),
        "url": media.get("media_url_https"),
        "alt_text": media.get("ext_alt_text"),
    }


def _message(
    identifier: str,
    *,
    sender: str,
    conversation: str,
    text: str,
    sent_at: datetime | None,
    included: Included,
    meta: Meta,
    media: Iterable[Mapping[str, Any]],
) -> InboundMessage:
    if not identifier or not sender or not conversation or sent_at is None:
        raise PayloadError(mark("this direct message lacks its id, sender, conversation or time"))
    attachments = tuple(media_attachments(media))
    return InboundMessage(
        external_id=f"dm-{identifier}",
        author=included.people.author(sender),
        text=text or ("" if attachments else _UNREADABLE),
        sent_at=sent_at,
        surface=Surface.PRIVATE,
        thread_id=thread_of(conversation),
        url=f"{meta.site}/messages/{conversation}",
        attachments=attachments,
        from_us=sender == meta.account,
        extra={"kind": "direct_message", "author_id": sender, "conversation": conversation},
    )


def _text(value: Any, holder: Mapping[str, Any]) -> str:
    entities = holder.get("entities")
    links = entities.get("urls") if isinstance(entities, Mapping) else holder.get("urls")
    found = map(inner, links) if isinstance(links, list) else ()
    return readable(value, ((each.get("url"), each.get("expanded_url") or None) for each in found))
