"""What can be answered, where, until when and why not; pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from earful import Capabilities, Capability, Media, ReplyContext, ReplyPermission, Surface, mark
from earful import gettext as _

from earful_facebook.changes import MENTION, RATING
from earful_facebook.settings import (
    ANSWER_WINDOW,
    HUMAN_AGENT_WINDOW,
    PRIVATE_REPLY_WINDOW,
    FacebookSettings,
)

__all__ = ["LONGEST_COMMENT", "LONGEST_MESSAGE", "can_reply", "capabilities", "count_length"]

LONGEST_COMMENT = 8_000
LONGEST_MESSAGE = 2_000
"""What the Send API takes of a text ("must be UTF-8 and has a 2000 character limit")."""

_YES = Capability(allowed=True)
PICTURES = Media(
    largest={"image/jpeg": 4_000_000, "image/png": 4_000_000}, alt_length=1000, needs_words=True
)
"""One photo with a comment. A lost reply is found again by its words, so there have to be some."""
_MEDIA = mark(
    "Messenger takes a picture as a message of its own, and an answer is sent as one message. "
    "Send the picture on Facebook itself."
)
_RATED = mark(
    "Facebook has no interface for answering recommendations. Open the Page to answer there."
)
_NOT_IN_PUBLIC = mark("A private message is answered in Messenger only.")
_NOT_OURS = mark(
    "A Page cannot write privately about what stands elsewhere than on the Page itself."
)
_ONCE = mark(
    "Facebook allows one private reply to a comment, and it has been sent. As soon as the person "
    "answers in Messenger you can write to them there."
)
_TOO_OLD = mark("Facebook takes a private reply only within 7 days. Answer in public instead.")
_REFUSED = mark("Facebook does not let this Page write privately to this person. Answer in public.")
_NOBODY_WROTE = mark(
    "The person has not written in Messenger yet; a Page may answer, but not begin."
)
_CLOSED = mark(
    "Facebook takes answers up to 24 hours after the person's last message. "
    "They have to write again first."
)
_CLOSED_FOR_HUMANS = mark(
    "Facebook takes answers from people up to 7 days after the person's last message. "
    "They have to write again first."
)


def capabilities(settings: FacebookSettings) -> Capabilities:
    """A Page can do everything; pictures go with public answers only."""
    return Capabilities(
        surfaces=frozenset(Surface),
        reply=_YES,
        private_reply=_YES,
        like=_YES,
        hide=_YES,
        media=_YES,
        public_media=PICTURES,
        reply_length=LONGEST_COMMENT,
        private_reply_length=LONGEST_MESSAGE,
        reply_window=HUMAN_AGENT_WINDOW if settings.human_agent else ANSWER_WINDOW,
    )


def can_reply(settings: FacebookSettings, context: ReplyContext) -> ReplyPermission:
    """Whether this message can be answered there, and until when."""
    if context.surface is Surface.PRIVATE:
        if context.reply_surface is not Surface.PRIVATE:
            return _no(context, _NOT_IN_PUBLIC)
        return _in_messenger(settings, context)
    if context.reply_surface is Surface.PRIVATE:
        return _privately(context)
    return _in_public(context)


def _in_messenger(settings: FacebookSettings, context: ReplyContext) -> ReplyPermission:
    if context.last_inbound_at is None:
        return _no(context, _NOBODY_WROTE)
    window = HUMAN_AGENT_WINDOW if settings.human_agent else ANSWER_WINDOW
    closed = _CLOSED_FOR_HUMANS if settings.human_agent else _CLOSED
    return _until(context, context.last_inbound_at + window, closed)


def _privately(context: ReplyContext) -> ReplyPermission:
    kind = context.extra.get("kind")
    if kind in {RATING, MENTION}:
        return _no(context, _RATED if kind == RATING else _NOT_OURS)
    if context.already_private:
        return _no(context, _ONCE)
    if context.extra.get("can_reply_privately") == "false":
        return _no(context, _REFUSED)
    return _until(context, context.sent_at + PRIVATE_REPLY_WINDOW, _TOO_OLD)


def _in_public(context: ReplyContext) -> ReplyPermission:
    if context.extra.get("kind") == RATING:
        return _no(context, _RATED)
    if context.extra.get("can_comment") == "false":
        return _no(context, mark("Facebook does not let this Page comment there."))
    return ReplyPermission(allowed=True, open_url=context.url)


def _until(context: ReplyContext, end: datetime, closed: str) -> ReplyPermission:
    if end - context.now <= timedelta():
        return _no(context, closed)
    no_picture = Capability(allowed=False, reason=_(_MEDIA))
    return ReplyPermission(allowed=True, until=end, open_url=context.url, media=no_picture)


def _no(context: ReplyContext, reason: str) -> ReplyPermission:
    return ReplyPermission(allowed=False, reason=_(reason), open_url=context.url)


def count_length(text: str) -> int:
    """Characters as browsers count them, so an emoji outside the first plane counts twice.

    Where Facebook is more generous, nothing is lost.
    """
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
