"""What can be answered, where, how long it may be, and why not: what the composer shows."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from earful.components import Capabilities, describe
from earful.runtime import ConfiguredChannel, Runtime
from earful.store.queries.conversation import Answerable, ConversationPage
from earful.store.states import ChannelState
from earful.types import ReplyContext, ReplyPermission, Surface

__all__ = ["Composer", "Tab", "composer", "web_address"]


logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One way to answer. `surface` is empty for a note, which nobody outside sees."""

    kind: Literal["public", "private", "note"]
    label: str
    icon: str
    surface: str
    allowed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Everything the composer needs. `counts_plainly` spares asking the server for lengths."""

    target: Answerable | None
    is_latest: bool
    tabs: tuple[Tab, ...]
    until: datetime | None
    limit: int | None
    counts_plainly: bool
    page_url: str | None


def composer(
    runtime: Runtime,
    page: ConversationPage,
    target: Answerable | None,
    *,
    is_latest: bool,
    now: datetime,
) -> Composer:
    """How this message can be answered. The channel's plugin has the word on that."""
    channel = runtime.channels.get(page.row.channel.name)
    permission = _permission(channel, page, target, now)
    can = _capabilities(channel)
    return Composer(
        target=target,
        is_latest=is_latest,
        tabs=(*_reply_tabs(can, target, permission), _NOTE),
        until=permission.until if permission.allowed else None,
        limit=can.reply_length,
        counts_plainly=channel is None or channel.type.count_length is len,
        page_url=_page_url(page, target),
    )


def web_address(address: str | None) -> str | None:
    """An address that may become a link: http and https only."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme in {"http", "https"} and parts.netloc else None


_NOTE = Tab(kind="note", label="Note", icon="sticky-note", surface="", allowed=True)


def _permission(
    channel: ConfiguredChannel | None,
    page: ConversationPage,
    target: Answerable | None,
    now: datetime,
) -> ReplyPermission:
    if channel is None:
        return _refused("This channel is not active: its plugin is off, or it is not configured.")
    if target is None:
        return _refused("There is no message here that could be answered.")
    if target.is_removed:
        return _refused("This message is no longer shown on its page.")
    if page.channel_state is not ChannelState.LIVE:
        why = page.channel_state_reason.rstrip(".")
        return _refused(f"The channel is {page.channel_state}{': ' if why else ''}{why}.")
    return channel.permits_reply(
        ReplyContext(
            external_id=target.external_id,
            thread_id=target.thread_external_id,
            surface=target.surface,
            sent_at=target.sent_at,
            url=target.url,
            extra=target.extra,
            now=now,
        )
    )


def _refused(reason: str) -> ReplyPermission:
    return ReplyPermission(allowed=False, reason=reason)


def _reply_tabs(
    can: Capabilities, target: Answerable | None, permission: ReplyPermission
) -> tuple[Tab, ...]:
    reason = permission.reason or "This message cannot be answered from here."
    if target is not None and target.surface is Surface.PRIVATE:
        return (_private(permission.allowed, reason),)
    public = Tab(
        kind="public",
        label="Public reply",
        icon="reply",
        surface=Surface.PUBLIC_REPLY,
        allowed=permission.allowed,
        reason="" if permission.allowed else reason,
    )
    if not can.private_reply.allowed:
        return (public,)
    return (public, _private(permission.allowed, reason))


def _private(allowed: bool, reason: str) -> Tab:  # noqa: FBT001
    return Tab(
        kind="private",
        label="Private",
        icon="lock",
        surface=Surface.PRIVATE,
        allowed=allowed,
        reason="" if allowed else reason,
    )


def _capabilities(channel: ConfiguredChannel | None) -> Capabilities:
    """What the channel can do; nothing, where its plugin fails to say."""
    if channel is None:
        return Capabilities()
    try:
        return channel.capabilities
    except Exception as error:  # noqa: BLE001 - a plugin's bug must not hide the page
        logger.warning("channel=%s capabilities failed: %s", channel.name, describe(error))
        return Capabilities()


def _page_url(page: ConversationPage, target: Answerable | None) -> str | None:
    addresses = (target.url if target else None, *(thread.url for thread in page.threads))
    return next(filter(None, map(web_address, addresses)), None)
