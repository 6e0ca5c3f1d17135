"""Recognises our own replies when the platform shows them back to us."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from earful.inbox.answering import follow_thread, is_private_reply
from earful.inbox.replies import confirm
from earful.inbox.text import one_line
from earful.store.models import Identity, Message, Reply, Thread
from earful.store.states import Direction, ReplyState
from earful.store.unfinished import REPLY_UNFINISHED
from earful.types import InboundMessage, Surface

__all__ = ["without_our_replies"]

_UNCERTAIN = (ReplyState.SENDING, ReplyState.UNCONFIRMED)
_NO_WORD = re.compile(r"\W+")


def without_our_replies(
    channel_id: int, messages: Sequence[InboundMessage], held: Collection[str], now: datetime
) -> list[InboundMessage]:
    """The messages that are not replies sent from here; those that are get confirmed.

    A reply is known by the platform's id, or, while its outcome is unknown, by its words in its
    place. `held` are the external ids among theirs and their parents' that are stored.
    """
    ours = [message for message in messages if message.from_us]
    if not ours:
        return list(messages)
    found = _by_receipt(channel_id, ours)
    unmatched = [message for message in ours if message.external_id not in found]
    seen = {*held, *(message.external_id for message in messages)}
    found |= _by_text(channel_id, unmatched, seen) if unmatched else {}
    for message in ours:
        if reply := found.get(message.external_id):
            confirm(reply, external_id=message.external_id, url=message.url, at=now)
            if reply.surface is Surface.PRIVATE:
                follow_thread(reply, message.thread_id, now=now)
    return [message for message in messages if message.external_id not in found]


def _by_receipt(channel_id: int, ours: Sequence[InboundMessage]) -> dict[str, Reply]:
    replies = Reply.select().where(
        (Reply.channel == channel_id)
        & Reply.external_id.in_([message.external_id for message in ours])
    )
    return {reply.external_id: reply for reply in replies}


def _by_text(
    channel_id: int, ours: Sequence[InboundMessage], seen: Collection[str]
) -> dict[str, Reply]:
    waiting = list(
        Reply.select(Reply, Message, Identity, Thread)
        .join(Message)
        .join(Identity)
        .switch(Reply)
        .join(Thread)
        .where(REPLY_UNFINISHED & (Reply.channel == channel_id) & Reply.state.in_(_UNCERTAIN))
    )
    found = {}
    for message in ours:
        fitting = [reply for reply in waiting if _same(reply, message, seen)]
        if fitting:
            reply = max(fitting, key=lambda each: _is_named(each, message))
            found[message.external_id] = reply
            waiting.remove(reply)
    return found


def _same(reply: Reply, message: InboundMessage, seen: Collection[str]) -> bool:
    if _words(reply.text) != _words(message.text):
        return False
    if is_private_reply(reply.message, reply.surface):
        return message.surface is Surface.PRIVATE and _may_be_with(reply.message, message)
    return _stands_there(reply, message, seen)


def _stands_there(reply: Reply, message: InboundMessage, seen: Collection[str]) -> bool:
    """Whether it stands where the reply would: below what that answers, or else in its thread."""
    answered = reply.message
    if message.parent_id in seen:
        # Where there are two levels only, an answer stands beside what it answers.
        return message.parent_id in {answered.external_id, answered.parent_external_id}
    return (message.thread_id or message.parent_id) in {None, reply.thread.external_id}


def _may_be_with(answered: Message, message: InboundMessage) -> bool:
    """Whether a private talk is with whom a private reply was for; one that is new may be."""
    thread = (Thread.channel == answered.channel_id) & (Thread.external_id == message.thread_id)
    people = (
        Message.select(Identity.contact)
        .join(Identity)
        .switch(Message)
        .join(Thread)
        .where(thread & (Message.direction == Direction.IN))
        .distinct()
    )
    contacts = {contact for (contact,) in people.tuples()}
    return not contacts or answered.identity.contact_id in contacts


def _is_named(reply: Reply, message: InboundMessage) -> bool:
    """Whether it names what the reply answers, or, as private threads do, for whom it is."""
    if message.parent_id:
        return bool(message.parent_id == reply.message.external_id)
    return reply.message.identity.external_id in (message.thread_id or "")


def _words(text: str) -> str:
    """The words alone: platforms show other quotes, dashes and dots than were written."""
    line = one_line(text, 2000)
    return _NO_WORD.sub("", line) or line
