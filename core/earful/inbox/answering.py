"""What the answer to a message depends on: who wrote it, when they last wrote, what was answered.

The same facts go to a plugin before an agent writes and again when the answer is sent.
"""

from __future__ import annotations

from datetime import datetime

from earful.inbox import timeline
from earful.runtime import ConfiguredChannel, Runtime
from earful.store.models import Message, Reply, Thread
from earful.store.queries.conversation import Answerable
from earful.store.states import STANDING, Direction, WritingMode
from earful.types import RemovalKind, ReplyContext, ReplyPermission, Surface
from earful.wording import gettext as _
from earful.wording import mark

__all__ = [
    "already_private",
    "follow_thread",
    "is_private_reply",
    "last_inbound_at",
    "mode_of",
    "permission",
    "permitted",
    "surface_of",
    "surface_of_answer",
]

_REMOVED = {
    RemovalKind.DELETED: mark("This message is no longer shown there (deleted)."),
    RemovalKind.HIDDEN: mark("This message is no longer shown there (hidden)."),
    RemovalKind.SPAM: mark("This message is no longer shown there (spam)."),
}


def surface_of_answer(surface: Surface) -> Surface:
    """Where a message is answered unless somebody says otherwise."""
    return Surface.PRIVATE if surface is Surface.PRIVATE else Surface.PUBLIC_REPLY


def surface_of(mode: WritingMode) -> Surface:
    """Where an answer that is written so will stand."""
    return Surface.PRIVATE if mode is WritingMode.PRIVATE else Surface.PUBLIC_REPLY


def mode_of(surface: Surface) -> WritingMode:
    """How an answer that stands there is written."""
    return WritingMode.PRIVATE if surface is Surface.PRIVATE else WritingMode.PUBLIC


def is_private_reply(message: Message | Answerable, surface: Surface) -> bool:
    """Whether such an answer takes a public message into private."""
    return surface is Surface.PRIVATE and message.surface is not Surface.PRIVATE


def permission(
    runtime: Runtime, message: Message, surface: Surface, *, now: datetime
) -> ReplyPermission:
    """Whether a message can be answered on this surface, until when, and why not.

    `message` must have its channel, thread and identity.
    """
    answered = Answerable(
        id=message.id,
        external_id=message.external_id,
        thread_external_id=message.thread.external_id,
        surface=message.surface,
        sent_at=message.sent_at,
        url=message.url,
        extra=message.extra,
        author=message.identity.name,
        text=message.text,
        removal=message.removal,
        author_id=message.identity.external_id,
        last_inbound_at=last_inbound_at(message),
        already_private=already_private(message),
    )
    return permitted(runtime.channels.get(message.channel.name), answered, surface, now=now)


def permitted(
    channel: ConfiguredChannel | None, answered: Answerable, surface: Surface, *, now: datetime
) -> ReplyPermission:
    """The same for a message that a page has read; `channel` is None where no plugin is active."""
    if channel is None:
        return _refused(_("This channel's plugin is not active: it is off, or not configured."))
    if answered.removal is not None and not (
        surface is Surface.PRIVATE and answered.removal is RemovalKind.HIDDEN
    ):
        return _refused(_(_REMOVED[answered.removal]))
    if answered.surface is Surface.PRIVATE and surface is not Surface.PRIVATE:
        return _refused(_("A private message is answered in private."))
    if is_private_reply(answered, surface) and not channel.capabilities.private_reply:
        return _refused(channel.capabilities.private_reply.reason)
    return channel.permits_reply(
        ReplyContext(
            external_id=answered.external_id,
            thread_id=answered.thread_external_id,
            surface=answered.surface,
            sent_at=answered.sent_at,
            url=answered.url,
            extra=answered.extra,
            now=now,
            reply_surface=surface,
            author_id=answered.author_id,
            last_inbound_at=answered.last_inbound_at,
            already_private=answered.already_private,
        )
    )


def _refused(reason: str) -> ReplyPermission:
    return ReplyPermission(allowed=False, reason=reason)


def last_inbound_at(message: Message) -> datetime | None:
    """When this message's author last wrote in its thread, as far as the inbox knows.

    A thread that was taken over by a later conversation is read in both.
    """
    row = (
        Message.select(Message.sent_at)
        .where(
            Message.conversation.in_({message.conversation_id, message.thread.conversation_id})
            & (Message.thread == message.thread_id)
            & (Message.identity == message.identity_id)
            & (Message.direction == Direction.IN)
        )
        .order_by(Message.sent_at.desc())
        .first()
    )
    found: datetime | None = row and row.sent_at
    return found


def already_private(message: Message) -> bool:
    """Whether a private reply to this public message was sent, or may yet have been."""
    if message.surface is Surface.PRIVATE:
        return False
    replies = Reply.select(Reply.id).where(
        (Reply.conversation == message.conversation_id)
        & (Reply.message == message.id)
        & (Reply.surface == Surface.PRIVATE)
        & Reply.state.in_(STANDING)
    )
    return bool(replies.exists())


def follow_thread(reply: Reply, thread_id: str | None, *, now: datetime) -> None:
    """Let what is said in the thread that a reply opened come to the reply's conversation.

    Older messages of a thread that was known before stay where they are. A second call does
    nothing.
    """
    if not thread_id:
        return
    thread = Thread.get_or_none(
        (Thread.channel == reply.channel_id) & (Thread.external_id == thread_id)
    )
    if thread is None:
        thread = Thread.create(
            channel=reply.channel_id,
            external_id=thread_id,
            conversation=reply.conversation_id,
            surface=reply.surface,
        )
    elif thread.conversation_id != reply.conversation_id:
        Thread.update(conversation=reply.conversation_id).where(Thread.id == thread.id).execute()
    moved = (
        Reply.update(thread=thread.id)
        .where((Reply.id == reply.id) & (Reply.thread != thread.id))
        .execute()
    )
    if moved and reply.surface is Surface.PRIVATE:
        timeline.add(
            [
                timeline.entry(
                    reply.conversation_id,
                    "went_private",
                    now,
                    agent_id=reply.agent_id,
                    reply_id=reply.id,
                )
            ]
        )
