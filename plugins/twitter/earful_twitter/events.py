"""Pushed events of the X Activity API: which are messages, and why the others are not; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from earful import Parsed, PayloadError, Removal, UnsupportedPayload, mark

from earful_twitter.direct import pushed_messages
from earful_twitter.meta import Meta, as_id
from earful_twitter.people import inner
from earful_twitter.posts import REPOST, Included, post_message

__all__ = ["DIRECT_MESSAGES", "POSTS", "parse", "revoked", "whose"]

POSTS = ("post.create", "post.mention.create", "post.reply.create", "post.quote.create")
DIRECT_MESSAGES = ("dm.received", "dm.sent")

_LEFT_ALONE = {
    "post.repost.create": REPOST,
    "chat": mark(
        "XChat is encrypted from end to end: only the devices of those who chat can read it."
    ),
    "dm": mark("Typing and reading marks of direct messages are left alone."),
    "like": mark("Likes are no messages."),
    "follow": mark("Who follows whom is no message."),
    "profile": mark("Changes of profiles are no messages; names are read anew with every post."),
    "broadcast": mark("Broadcasts and their chat are not read."),
    "spaces": mark("Spaces are spoken, and are not read."),
    "news": mark("News are X's own summaries, not anybody's words."),
    "mute": mark("Whom the account mutes is no message."),
    "block": mark("Whom the account blocks is no message."),
    "oauth": mark(
        "The account has withdrawn its permission: the channel pauses. Connect it again."
    ),
}


def parse(event: Mapping[str, Any], meta: Meta) -> list[Parsed]:
    """What one event says. Raises `UnsupportedPayload` with the reason for all but messages."""
    kind = str(event.get("event_type"))
    if kind not in (*POSTS, *DIRECT_MESSAGES, "post.delete"):
        reason = _LEFT_ALONE.get(kind) or _LEFT_ALONE.get(kind.partition(".")[0])
        raise UnsupportedPayload(reason or f"Events of the kind {kind[:60]!r} are not known here.")
    payload = event.get("payload")
    if not isinstance(payload, Mapping):
        raise PayloadError(f"this {kind} has no payload")
    if not payload:
        raise UnsupportedPayload(f"This {kind} carries nothing: its payload is empty.")
    meta = _ours(event, meta)
    if kind == "post.delete":
        return [_removal(payload)]
    if kind in DIRECT_MESSAGES:
        users = payload.get("users")
        known = users.values() if isinstance(users, Mapping) else ()
        return [*pushed_messages(payload, Included.of(event.get("includes"), meta, known), meta)]
    included = Included.of(event.get("includes"), meta)
    return [post_message(payload, included, meta, quotes_us=kind == "post.quote.create")]


def revoked(event: Mapping[str, Any]) -> tuple[str, str] | None:
    """Of an `oauth.revoke`: whose permission was withdrawn, and when; None for other events."""
    if event.get("event_type") != "oauth.revoke":
        return None
    payload = event.get("payload")
    found = payload if isinstance(payload, Mapping) else {}
    return as_id(found.get("user_id")), str(found.get("date_time") or "")


def whose(event: Mapping[str, Any]) -> str:
    """The account for whose sake X pushes this event; "" if it does not say."""
    return as_id(inner(event.get("filter")).get("user_id"))


def _ours(event: Mapping[str, Any], meta: Meta) -> Meta:
    """Events are subscribed to for our own account, so the filter says who we are."""
    account = whose(event)
    if account and meta.account and account != meta.account:
        raise UnsupportedPayload(
            mark("This event belongs to another account than the one that is connected.")
        )
    return Meta(account=meta.account or account, handle=meta.handle, site=meta.site)


def _removal(payload: Mapping[str, Any]) -> Removal:
    identifier = as_id(payload.get("id"))
    if not identifier:
        raise PayloadError(mark("this post.delete does not say which post"))
    return Removal(external_id=identifier)
