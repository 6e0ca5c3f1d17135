"""What Messenger events mean; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from earful import (
    InboundMessage,
    Parsed,
    PayloadError,
    Removal,
    RemovalKind,
    Seen,
    Surface,
    UnsupportedPayload,
    mark,
)

from earful_facebook.origin import Origin, messenger_thread
from earful_facebook.values import identifier, items, moment, record, required_id, text
from earful_facebook.wording import UNSUPPORTED, message_attachments, message_text

__all__ = ["NOT_HANDLED", "parse_event", "private_message"]

NOT_HANDLED = {
    "delivery": mark("that a message was delivered is not kept"),
    "reaction": mark("reactions are not messages"),
    "optin": mark("an opt-in is not a message; the person may write"),
    "referral": mark("that somebody came by a link is not a message"),
    "account_linking": mark("linking of accounts is for bots"),
    "app_roles": mark("roles of apps in a conversation are not messages"),
    "pass_thread_control": mark(
        "control of a thread went to another app; its messages still arrive"
    ),
    "take_thread_control": mark("another app took control of a thread; its messages still arrive"),
    "request_thread_control": mark("another app asks for control of a thread"),
    "policy-enforcement": mark(
        "Meta's policy check is for the app's owner: see the app's dashboard"
    ),
    "policy_enforcement": mark(
        "Meta's policy check is for the app's owner: see the app's dashboard"
    ),
    "checkout_update": mark("purchases are not messages"),
    "pre_checkout": mark("purchases are not messages"),
    "payment": mark("purchases are not messages"),
    "game_play": mark("games are not messages"),
    "messaging_feedback": mark("answers to feedback forms are not messages"),
    "response_feedback": mark("thumbs for an answer are not messages"),
}
_Event = Mapping[str, Any]


def parse_event(origin: Origin, event: _Event) -> Iterable[Parsed]:
    """The message, removal or sight behind one event; `UnsupportedPayload` tells why none."""
    if isinstance(event.get("message"), dict):
        return [_message(origin, event, record(event.get("message")))]
    if isinstance(event.get("message_edit"), dict):
        return [_edit(origin, event, record(event.get("message_edit")))]
    if isinstance(event.get("postback"), dict):
        return [_postback(origin, event, record(event.get("postback")))]
    if isinstance(event.get("read"), dict):
        return [_seen(origin, event, record(event.get("read")))]
    for name, reason in NOT_HANDLED.items():
        if name in event:
            raise UnsupportedPayload(reason)
    known = ("sender", "recipient", "timestamp")
    names = sorted(str(name) for name in event if name not in known)
    if not names:
        raise PayloadError(mark("a Messenger event without content"))
    raise UnsupportedPayload(f"Messenger events of the kind {', '.join(names)!r} are not read")


def private_message(
    origin: Origin,
    *,
    mid: str,
    writer: str,
    person: str,
    said: str,
    attachments: list[_Event],
    at: datetime,
    name: str = "",
    parent: str = "",
    edited_at: datetime | None = None,
    visible_at: datetime | None = None,
) -> InboundMessage:
    """A message between the Page and `person`; `writer` is one of the two."""
    return InboundMessage(
        external_id=mid,
        author=origin.account(writer, name),
        text=message_text(said, attachments),
        sent_at=at,
        surface=Surface.PRIVATE,
        thread_id=messenger_thread(person),
        parent_id=parent or None,
        attachments=message_attachments(attachments),
        from_us=writer == origin.page_id,
        extra={"kind": "message", "person": person},
        edited_at=edited_at,
        visible_at=visible_at,
    )


def _message(origin: Origin, event: _Event, message: _Event) -> Parsed:
    mid, at = required_id(message.get("mid"), "a message"), _time(origin, event)
    if message.get("is_deleted") is True:
        return Removal(external_id=mid, kind=RemovalKind.DELETED, at=at)
    writer, person = _parties(origin, event, is_echo=message.get("is_echo") is True)
    said = text(message.get("text"))
    attachments = items(message.get("attachments"))
    if not said and not attachments:
        said = UNSUPPORTED
    return private_message(
        origin,
        mid=mid,
        writer=writer,
        person=person,
        said=said,
        attachments=attachments,
        at=at,
        parent=identifier(record(message.get("reply_to")).get("mid")),
        visible_at=at,
    )


def _edit(origin: Origin, event: _Event, edit: _Event) -> Parsed:
    at = _time(origin, event)
    writer, person = _parties(origin, event, is_echo=False)
    return private_message(
        origin,
        mid=required_id(edit.get("mid"), "an edit"),
        writer=writer,
        person=person,
        said=text(edit.get("text")),
        attachments=[],
        at=at,
        edited_at=at,
    )


def _postback(origin: Origin, event: _Event, postback: _Event) -> Parsed:
    """A button that was pressed speaks for the person: its title is what they say."""
    at = _time(origin, event)
    writer, person = _parties(origin, event, is_echo=False)
    said = text(postback.get("title")) or text(postback.get("payload"))
    pressed = f"postback-{person}-{int(at.timestamp() * 1000)}"
    return private_message(
        origin,
        mid=identifier(postback.get("mid")) or pressed,
        writer=writer,
        person=person,
        said=said or "(a button)",
        attachments=[],
        at=at,
        visible_at=at,
    )


def _seen(origin: Origin, event: _Event, read: _Event) -> Seen:
    """All messages until the watermark were read, as Meta's reference of `message_reads` says."""
    _, person = _parties(origin, event, is_echo=False)
    until = moment(read.get("watermark")) or _time(origin, event)
    return Seen(thread_id=messenger_thread(person), until=until)


def _parties(origin: Origin, event: _Event, *, is_echo: bool) -> tuple[str, str]:
    """Who wrote, and the person on the other side of the Page."""
    sender, recipient = record(event.get("sender")), record(event.get("recipient"))
    writer, reader = identifier(sender.get("id")), identifier(recipient.get("id"))
    if is_echo or (writer and writer == origin.page_id):
        person = reader if reader != origin.page_id else writer
        if not person:
            raise UnsupportedPayload("a message of ours to somebody without an id")
        return origin.page_id, person
    if not writer and "user_ref" in sender:
        raise UnsupportedPayload(
            mark("a visitor of the retired chat plugin has no id to answer to")
        )
    return required_id(writer, "a message's sender"), writer


def _time(origin: Origin, event: _Event) -> datetime:
    return moment(event.get("timestamp")) or origin.at
