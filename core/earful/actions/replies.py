"""Answering: submitting a reply, taking it back, and deciding what the machine can't."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from earful.actions.actor import Actor, NeedsConfirmation, NewerMessage, audit, require
from earful.actions.attachments import put_attachments_back, take_attachments
from earful.actions.writing import drop_draft, put_draft_back
from earful.errors import ActionRefused
from earful.inbox import timeline
from earful.inbox.answering import (
    already_private,
    is_private_reply,
    mode_of,
    permission,
    surface_of_answer,
)
from earful.inbox.attaching import taking
from earful.inbox.replies import newer_by_colleagues, newer_messages, sent
from earful.inbox.text import MAX_TEXT, clean
from earful.inbox.writing import Writing, cautions, reply_limit, writing
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Channel, Conversation, Identity, Message, Reply, SavedReply, Thread
from earful.store.states import ReplyState, Role, WritingMode
from earful.types import ReplyPermission, Surface
from earful.wording import dated, gettext

__all__ = [
    "Undone",
    "confirm_reply_sent",
    "find_reply_again",
    "reply_permission",
    "retry_reply",
    "submit_reply",
    "undo_reply",
]


FURTHEST = timedelta(days=366)
"""How far ahead a reply can be scheduled."""


_NONE: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Undone:
    """A reply that was taken back: its words stand in the draft again, before what came since."""

    text: str
    mode: WritingMode
    draft: str
    version: int


def reply_permission(
    runtime: Runtime, message: Message, surface: Surface | None = None, *, now: datetime
) -> ReplyPermission:
    """Whether a message can be answered through its channel, until when, and why not."""
    where = surface or surface_of_answer(message.surface)
    return permission(runtime, message, where, now=now)


def submit_reply(
    runtime: Runtime,
    actor: Actor,
    conversation_id: int,
    *,
    message_id: int,
    text: str,
    surface: Surface | None = None,
    last_seen_message_id: int,
    last_seen_reply_id: int | None = None,
    last_seen_note_id: int | None = None,
    force: bool = False,
    resolve_after: bool = False,
    snooze_until: datetime | None = None,
    send_at: datetime | None = None,
    accepted: Collection[str] | None = None,
    saved_reply_id: int | None = None,
    attachments: Mapping[int, str] = _NONE,
    now: datetime,
) -> int:
    """Put a reply into the outbox, where it can be undone until it is due. Returns its id.

    Variables are filled in and the author's sign-off is added. `attachments` are ids of what was
    attached to the draft, each with its description. `send_at` schedules it;
    `snooze_until` puts the conversation away once it is sent. `accepted` names the cautions that
    its author has answered; None asks nobody anything.

    Raises `NewerMessage` when the conversation has inbound messages after
    `last_seen_message_id`, or replies or notes of colleagues after `last_seen_reply_id` and
    `last_seen_note_id` (None heeds none), unless `force`; `NeedsConfirmation` for other doubts;
    `ActionRefused` when it cannot be sent as it is.
    """
    require(actor, Role.AGENT)
    message = _answered_message(conversation_id, message_id)
    where = surface or surface_of_answer(message.surface)
    answered_before = already_private(message)
    written = _checked_text(runtime, actor, message, where, text, has_files=bool(attachments))
    may = _check_can_send(runtime, message, where, send_at, now)
    _check_times(send_at, snooze_until, now)
    with transaction():
        _conversation(conversation_id)
        _refuse_same(message, written.text)
        if is_private_reply(message, where) and already_private(message) != answered_before:
            raise ActionRefused(gettext("Somebody has just answered this privately."))
        newer = newer_messages(conversation_id, last_seen_message_id)
        names = _newer_names(actor, conversation_id, last_seen_reply_id, last_seen_note_id)
        if (newer or names) and not force:
            raise NewerMessage(len(newer) + len(names), names)
        if accepted is not None:
            _refuse_doubtful(actor, written, where, conversation_id, accepted, saved_reply_id)
        reply = Reply.create(
            channel=message.channel_id,
            conversation=conversation_id,
            thread=message.thread_id,
            message=message_id,
            agent=actor.agent_id,
            surface=where,
            text=written.text,
            sign_off=written.sign_off,
            resolve_after=resolve_after,
            snooze_until=snooze_until,
            scheduled=send_at is not None,
            seen_message_id=max([last_seen_message_id, *newer]),
            idempotency_key=secrets.token_hex(16),
            created_at=now,
            due_at=send_at or now + timedelta(seconds=runtime.config.inbox.undo_seconds),
        )
        take_attachments(runtime, reply, attachments, may, now=now)
        drop_draft(actor, conversation_id, mode_of(where))
        _count_use(saved_reply_id, now)
        audit(actor, "reply.submit", "conversation", conversation_id, now, after={"id": reply.id})
    return int(reply.id)


def _newer_names(
    actor: Actor, conversation_id: int, reply_id: int | None, note_id: int | None
) -> list[str]:
    """Who else wrote there since, as far as it was told what had been seen."""
    if reply_id is None or note_id is None:
        return []
    return newer_by_colleagues(
        conversation_id, actor.agent_id, seen_reply_id=reply_id, seen_note_id=note_id
    )


def _count_use(saved_reply_id: int | None, now: datetime) -> None:
    if saved_reply_id is not None:
        (
            SavedReply.update(used=SavedReply.used + 1, used_at=now)
            .where(SavedReply.id == saved_reply_id)
            .execute()
        )


def _answered_message(conversation_id: int, message_id: int) -> Message:
    message: Message | None = (
        Message.select(Message, Channel, Thread, Identity)
        .join(Channel)
        .switch(Message)
        .join(Thread)
        .switch(Message)
        .join(Identity)
        .where((Message.id == message_id) & (Message.conversation == conversation_id))
        .get_or_none()
    )
    if message is None:
        msg = gettext("The message you answer is not part of this conversation.")
        raise ActionRefused(msg)
    return message


def _checked_text(
    runtime: Runtime,
    actor: Actor,
    message: Message,
    surface: Surface,
    text: str,
    *,
    has_files: bool,
) -> Writing:
    words = clean(text, len(text)).strip()
    if not words:
        _refuse_wordless(runtime, message, surface, has_files=has_files)
    written = writing(message.conversation_id, actor.agent_id, words)
    if written is None or written.missing:
        missing = written.missing if written else ()
        names = ", ".join(f"{{{name}}}" for name in missing) or gettext("everything")
        msg = gettext("Nothing is known for %(names)s: write it yourself.", names=names)
        raise ActionRefused(msg)
    channel = runtime.channels.get(message.channel.name)
    limit = channel and reply_limit(channel.capabilities, surface)
    if channel and limit and (length := channel.count_length(written.text, surface)) > limit:
        raise ActionRefused(_too_long(length, limit))
    if len(written.text) > MAX_TEXT:
        raise ActionRefused(_too_long(len(written.text), MAX_TEXT))
    return written


def _too_long(length: int, limit: int) -> str:
    return gettext(
        "The reply is too long: %(length)s of %(limit)s characters.", length=length, limit=limit
    )


def _refuse_wordless(
    runtime: Runtime, message: Message, surface: Surface, *, has_files: bool
) -> None:
    """An answer says something, unless a picture may stand for itself there."""
    channel = runtime.channels.get(message.channel.name)
    media = taking(channel.capabilities, surface).media if channel and has_files else None
    if media is None:
        msg = gettext("Write something first.")
        raise ActionRefused(msg)
    if media.needs_words:
        msg = gettext("Write some words, too: this channel takes no attachment alone.")
        raise ActionRefused(msg)


def _check_times(send_at: datetime | None, snooze_until: datetime | None, now: datetime) -> None:
    if send_at is not None and not now < send_at <= now + FURTHEST:
        msg = gettext("Choose a time to send it within the next year.")
        raise ActionRefused(msg)
    if snooze_until is not None and snooze_until <= max(now, send_at or now):
        msg = gettext("Choose a time for the snooze that lies after the sending.")
        raise ActionRefused(msg)


def _refuse_doubtful(
    actor: Actor,
    written: Writing,
    surface: Surface,
    conversation_id: int,
    accepted: Collection[str],
    saved_reply_id: int | None,
) -> None:
    found = cautions(
        conversation_id,
        written,
        surface=surface,
        agent_id=actor.agent_id,
        saved_reply_id=saved_reply_id,
    )
    open_ = tuple(each for each in found if each.confirm and each.code not in accepted)
    if open_:
        raise NeedsConfirmation(open_)


def _check_can_send(
    runtime: Runtime,
    message: Message,
    surface: Surface,
    send_at: datetime | None,
    now: datetime,
) -> ReplyPermission:
    may = permission(runtime, message, surface, now=now)
    if not may.allowed:
        raise ActionRefused(may.reason or gettext("This message cannot be answered from here."))
    if send_at is not None and may.until is not None and send_at > may.until:
        zone = ZoneInfo(runtime.hours_in_force().timezone)
        when = dated(may.until.astimezone(zone), gettext("dd MMMM, HH:mm"))
        msg = gettext("It can be answered only until %(when)s.", when=when)
        raise ActionRefused(msg)
    return may


def _refuse_same(message: Message, text: str) -> None:
    """Two clicks are one reply; the conversation is held, so that the second sees the first."""
    same = Reply.select(Reply.id).where(
        (Reply.conversation == message.conversation_id)
        & (Reply.message == message.id)
        & (Reply.text == text)
        & Reply.state.in_([ReplyState.QUEUED, ReplyState.SENDING])
    )
    # Files alone are told apart by being taken from the draft, which happens once.
    if text and same.exists():
        msg = gettext("The same reply is already on its way.")
        raise ActionRefused(msg)


def _conversation(conversation_id: int) -> Conversation:
    conversation: Conversation = locked(
        Conversation.select().where(Conversation.id == conversation_id)
    ).get()
    return conversation


def _reply(reply_id: int) -> Reply:
    reply: Reply | None = locked(Reply.select(Reply).where(Reply.id == reply_id)).get_or_none()
    if reply is None:
        msg = gettext("This reply does not exist.")
        raise ActionRefused(msg)
    return reply


def undo_reply(_runtime: Runtime, actor: Actor, reply_id: int, *, now: datetime) -> Undone:
    """Take a reply back before it leaves; its text returns to who takes it back, as a draft.

    So does that of one which was held.
    """
    require(actor, Role.AGENT)
    with transaction():
        reply = _reply(reply_id)
        undone = (
            Reply.update(state=ReplyState.UNDONE)
            .where((Reply.id == reply_id) & Reply.state.in_([ReplyState.QUEUED, ReplyState.HELD]))
            .execute()
        )
        if not undone:
            msg = gettext("Too late to undo: the reply has left.")
            raise ActionRefused(msg)
        text = reply.text.removesuffix(reply.sign_off).rstrip() if reply.sign_off else reply.text
        mode = mode_of(reply.surface)
        draft = put_draft_back(actor, reply.conversation_id, mode, text, now)
        put_attachments_back(actor, reply, mode, now)
        audit(actor, "reply.undo", "conversation", reply.conversation_id, now)
    return Undone(text, mode, draft.text if draft else text, draft.version if draft else 0)


def retry_reply(_runtime: Runtime, actor: Actor, reply_id: int, *, now: datetime) -> None:
    """Send a failed reply again, or one whose outcome is unknown though it does not stand there.

    One that was held is sent although something newer arrived.

    The person vouches for it: nothing is sent again on Earful's own account.
    """
    require(actor, Role.AGENT)
    _decide(
        actor,
        reply_id,
        (ReplyState.FAILED, ReplyState.HELD, ReplyState.UNCONFIRMED),
        "reply.retry",
        now,
        state=ReplyState.QUEUED,
        scheduled=False,
        due_at=now,
        attempts=0,
        error="",
    )


def find_reply_again(_runtime: Runtime, actor: Actor, reply_id: int, *, now: datetime) -> None:
    """Look for a reply of unknown outcome once more, now."""
    require(actor, Role.AGENT)
    _decide(actor, reply_id, (ReplyState.UNCONFIRMED,), "reply.look", now, due_at=now, attempts=1)


def _decide(
    actor: Actor,
    reply_id: int,
    states: tuple[ReplyState, ...],
    action: str,
    now: datetime,
    **changes: object,
) -> None:
    with transaction():
        reply = _reply(reply_id)
        moved = (
            Reply.update(changes).where((Reply.id == reply_id) & Reply.state.in_(states)).execute()
        )
        if not moved:
            msg = gettext("This reply is %(state)s by now.", state=gettext(reply.state.word))
            raise ActionRefused(msg)
        audit(actor, action, "conversation", reply.conversation_id, now, after={"id": reply_id})


def confirm_reply_sent(_runtime: Runtime, actor: Actor, reply_id: int, *, now: datetime) -> None:
    """Note that a reply of unknown outcome does stand on the platform; somebody has looked."""
    require(actor, Role.AGENT)
    with transaction():
        reply = _reply(reply_id)
        if reply.state is not ReplyState.UNCONFIRMED:
            msg = gettext("This reply is %(state)s by now.", state=gettext(reply.state.word))
            raise ActionRefused(msg)
        sent(reply, external_id=None, url=None, at=now)
        timeline.add(
            [
                timeline.entry(
                    reply.conversation_id,
                    "reply_vouched",
                    now,
                    agent_id=actor.agent_id,
                    reply_id=reply_id,
                )
            ]
        )
        audit(actor, "reply.vouch", "conversation", reply.conversation_id, now)
