"""Recognises our own replies when the platform shows them back to us."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from earful.inbox.answering import follow_thread
from earful.inbox.replies import confirm
from earful.inbox.text import one_line
from earful.store.models import Reply
from earful.store.states import ReplyState
from earful.store.unfinished import REPLY_UNFINISHED
from earful.types import InboundMessage, Surface

__all__ = ["without_our_replies"]

_UNCERTAIN = (ReplyState.SENDING, ReplyState.UNCONFIRMED)
_NO_WORD = re.compile(r"\W+")


def without_our_replies(
    channel_id: int, messages: Sequence[InboundMessage], now: datetime
) -> list[InboundMessage]:
    """The messages that are not replies sent from here; those that are get confirmed.

    A reply is known by the platform's id, or, while its outcome is unknown, by its words.
    """
    ours = [message for message in messages if message.from_us]
    if not ours:
        return list(messages)
    found = _by_receipt(channel_id, ours)
    unmatched = [message for message in ours if message.external_id not in found]
    found |= _by_text(channel_id, unmatched) if unmatched else {}
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


def _by_text(channel_id: int, ours: Sequence[InboundMessage]) -> dict[str, Reply]:
    waiting = list(
        Reply.select().where(
            REPLY_UNFINISHED & (Reply.channel == channel_id) & Reply.state.in_(_UNCERTAIN)
        )
    )
    found = {}
    for message in ours:
        for reply in waiting:
            if _same(reply, message):
                found[message.external_id] = reply
                waiting.remove(reply)
                break
    return found


def _same(reply: Reply, message: InboundMessage) -> bool:
    return _words(reply.text) == _words(message.text)


def _words(text: str) -> str:
    """The words alone: platforms show other quotes, dashes and dots than were written."""
    line = one_line(text, 2000)
    return _NO_WORD.sub("", line) or line
