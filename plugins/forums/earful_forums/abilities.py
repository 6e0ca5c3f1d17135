"""What a channel can do, and why it can't do more; pure."""

from __future__ import annotations

from html import escape

from earful import Capabilities, Capability, ReplyContext, ReplyPermission, Surface, mark
from earful import gettext as _

from earful_forums.settings import ForumsSettings

__all__ = ["LONGEST_REPLY", "can_reply", "capabilities", "count_length"]

LONGEST_REPLY = 65_525
"""What WordPress stores of a comment, in bytes."""

_FEED = mark("Feeds can only be read. Open the page to answer there.")
_UNSIGNED = mark(
    "This channel has no WordPress application password, so it can only be read. "
    "Open the page to answer there."
)
_NO_COMMENT = mark("Only comments can be answered from here. Open the page to answer there.")


def capabilities(settings: ForumsSettings) -> Capabilities:
    """Answering and hiding need an application password of the site's WordPress."""
    reason = _missing(settings)
    may = Capability(allowed=not reason, reason=_(reason))
    return Capabilities(
        surfaces=frozenset({Surface.PUBLIC_POST, Surface.PUBLIC_REPLY}),
        reply=may,
        private_reply=_never(mark("Comments have no private messages. Write an email instead.")),
        like=_never(mark("Neither feeds nor WordPress know likes.")),
        hide=may,
        media=_never(mark("Comments are sent as plain text only.")),
        reply_length=LONGEST_REPLY,
    )


def can_reply(settings: ForumsSettings, context: ReplyContext) -> ReplyPermission:
    """Whether this message can be answered: a comment can, if there is an application password."""
    reason = _missing(settings)
    if not reason and not context.external_id.startswith("comment-"):
        reason = _NO_COMMENT
    return ReplyPermission(allowed=not reason, reason=_(reason))


def count_length(text: str) -> int:
    """Bytes as WordPress stores them: the text is sent escaped, because it is read as HTML."""
    return len(escape(text, quote=False).encode("utf-8", "replace"))


def _missing(settings: ForumsSettings) -> str:
    if settings.reader == "feed":
        return _FEED
    return "" if settings.auth is not None else _UNSIGNED


def _never(reason: str) -> Capability:
    return Capability(allowed=False, reason=_(reason))
