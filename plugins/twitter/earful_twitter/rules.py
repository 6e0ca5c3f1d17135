"""What may be done on X and what may not, in words for people; pure.

The rules of 23 February 2026 (https://docs.x.com/x-api/posts/manage-tweets/integrate, "Post
creation restrictions"): on self-serve tiers a reply is accepted only if the author of the post has
summoned the account, by mentioning it or by quoting one of its posts. Since 20 April 2026 likes
are closed to self-serve tiers. Enterprise is bound by neither.
"""

from __future__ import annotations

from urllib.parse import urlencode

from earful import Capabilities, Capability, ReplyContext, ReplyPermission, Surface, mark
from earful import gettext as _

from earful_twitter.costs import PRICES
from earful_twitter.length import LONGEST_DIRECT_MESSAGE, LONGEST_POST
from earful_twitter.media import IN_MESSAGES, IN_POSTS
from earful_twitter.settings import SITE, TwitterSettings

__all__ = ["can_reply", "capabilities", "not_hidden_because"]

_YES = Capability(allowed=True)
NOT_SUMMONED = mark(
    "X lets apps answer only those who mention this account or quote one of its posts, and this "
    "author did neither. Copy your draft and answer on X itself."
)
NO_MESSAGES = mark(
    "This person takes no direct messages from this account. Answer publicly instead."
)
_MESSAGES_OFF = mark("Direct messages are switched off for this channel (direct_messages = false).")
_NO_LIKES = mark(
    "X has closed likes to self-serve tiers of its API since 20 April 2026. Like the post on X "
    "itself."
)
_NOT_A_REPLY = mark("X hides only replies in conversations that this account has started.")


def capabilities(settings: TwitterSettings) -> Capabilities:
    """What a channel with these settings can do; every absence has its reason."""
    enterprise = settings.tier == "enterprise"
    return Capabilities(
        surfaces=frozenset(Surface),
        reply=_YES,
        private_reply=_YES if settings.direct_messages else _no(_MESSAGES_OFF),
        like=_YES if enterprise else _no(_NO_LIKES),
        hide=_YES,
        media=_YES,
        public_media=IN_POSTS,
        private_media=IN_MESSAGES if settings.direct_messages else None,
        reply_length=LONGEST_POST,
        private_reply_length=LONGEST_DIRECT_MESSAGE,
        cost_per_action=PRICES,
    )


def can_reply(settings: TwitterSettings, context: ReplyContext) -> ReplyPermission:
    """Whether this message can be answered from here on the surface the agent wants."""
    private = Surface.PRIVATE in {context.surface, context.reply_surface}
    return _privately(settings, context) if private else _publicly(settings, context)


def _privately(settings: TwitterSettings, context: ReplyContext) -> ReplyPermission:
    """Whoever has written privately can be answered; others may have closed their inbox."""
    query = urlencode({"recipient_id": context.author_id or context.extra.get("author_id", "")})
    reason = "" if settings.direct_messages else _MESSAGES_OFF
    began_publicly = context.surface is not Surface.PRIVATE
    if not reason and began_publicly and context.extra.get("takes_messages") == "no":
        reason = NO_MESSAGES
    return ReplyPermission(
        allowed=not reason,
        reason=_(reason),
        cost_usd=PRICES["direct_message"],
        open_url=f"{_site(settings)}/messages/compose?{query}",
    )


def _publicly(settings: TwitterSettings, context: ReplyContext) -> ReplyPermission:
    summoned = bool(context.extra.get("summoned"))
    allowed = summoned or settings.tier == "enterprise"
    latest = context.extra.get("latest_id") or context.external_id
    return ReplyPermission(
        allowed=allowed,
        reason="" if allowed else _(NOT_SUMMONED),
        cost_usd=PRICES["reply_summoned" if summoned else "reply"],
        open_url=f"{_site(settings)}/intent/post?{urlencode({'in_reply_to': latest})}",
    )


def not_hidden_because(extra: dict[str, str]) -> str:
    """Why a message cannot be hidden, as far as it can be told from here; "" if X must say."""
    return "" if extra.get("is_reply") else _NOT_A_REPLY


def _no(reason: str) -> Capability:
    return Capability(allowed=False, reason=_(reason))


def _site(settings: TwitterSettings) -> str:
    return settings.site or SITE
