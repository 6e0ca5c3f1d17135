"""What can be answered, where, how long it may be, and why not: what the composer shows."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from earful.components import Capabilities, describe
from earful.inbox.answering import permitted
from earful.inbox.attaching import taking
from earful.inbox.channels import reason_in_words
from earful.inbox.writing import reply_limit
from earful.runtime import ConfiguredChannel, Runtime
from earful.store.queries.attachments import AttachmentLine
from earful.store.queries.conversation import Answerable, ConversationPage
from earful.store.queries.writing import DraftLine
from earful.store.states import ChannelState, WritingMode
from earful.types import ReplyPermission, Surface
from earful.wording import gettext as _
from earful.wording import mark

from earful_admin.inbox.attaching import Beside, beside

__all__ = ["Composer", "Tab", "composer", "cost_of", "in_dollars", "web_address"]


logger = logging.getLogger(__name__)
Kind = Literal["public", "private", "note"]
_NONE_HERE: Mapping[Kind, str] = {
    "public": mark("No public reply from here."),
    "private": mark("No private from here."),
    "note": mark("No note from here."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """One way to write. `surface` is empty for a note, which nobody outside sees.

    `limit` is in the channel's own count; `cost` in US dollars, before the text is known.
    `open_url` is where a person can answer on the platform itself.
    """

    kind: Kind
    label: str
    icon: str
    surface: str
    allowed: bool
    reason: str = ""
    until: datetime | None = None
    limit: int | None = None
    cost: float | None = None
    open_url: str | None = None
    draft: str = ""
    version: int = 0
    saved_reply_id: int | None = None
    beside: Beside | None = None
    """Its files; None for a note, which has none."""

    @property
    def none_here(self) -> str:
        """That this is not possible from here."""
        return _(_NONE_HERE[self.kind])

    @property
    def price(self) -> str:
        """The cost as people read it; "" for none."""
        return in_dollars(self.cost)


@dataclass(frozen=True, slots=True, kw_only=True)
class Composer:
    """Everything the composer needs. `counts_plainly`: the browser can count by itself."""

    target: Answerable | None
    is_latest: bool
    tabs: tuple[Tab, ...]
    counts_plainly: bool
    sign_off: str
    page_url: str | None

    @property
    def chosen(self) -> Tab:
        """Where writing begins: what was being written, else the first that is possible."""
        usable = [tab for tab in self.tabs if tab.allowed]
        return next((tab for tab in usable if tab.draft), usable[0])

    @property
    def takes_files(self) -> bool:
        """Whether anything can be attached somewhere, or is."""
        all_beside = [tab.beside for tab in self.tabs if tab.beside]
        return any(each.taken.media or each.files for each in all_beside)

    @property
    def closed(self) -> Tab | None:
        """A way to answer that is not possible, to say why."""
        return next((tab for tab in self.tabs if not tab.allowed), None)


def composer(
    runtime: Runtime,
    page: ConversationPage,
    target: Answerable | None,
    *,
    is_latest: bool,
    drafts: Mapping[WritingMode, DraftLine],
    attachments: Mapping[WritingMode, Sequence[AttachmentLine]],
    sign_off: str,
    now: datetime,
) -> Composer:
    """How this message can be answered. The channel's plugin has the word on that."""
    channel = runtime.channels.get(page.row.channel.name)
    can = _capabilities(channel)
    ways = [
        _tab(way, _permission(channel, page, target, way.surface, now), can, drafts, attachments)
        for way in _ways(can, target)
    ]
    return Composer(
        target=target,
        is_latest=is_latest,
        tabs=(*ways, _with_draft(_NOTE, drafts)),
        counts_plainly=channel is None or channel.type.count_length is len,
        sign_off=sign_off,
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


def cost_of(channel: ConfiguredChannel, text: str, surface: Surface) -> float | None:
    """What sending this text costs, in US dollars; None where it costs nothing, or nobody says."""
    return channel.reply_cost(text, surface) or None


def in_dollars(cost: float | None) -> str:
    """A cost as people read it: $0.20, $0.015; "" for none."""
    if not cost:
        return ""
    digits = f"{cost:.4f}".rstrip("0")
    whole, _, parts = digits.partition(".")
    return f"${whole}.{parts:0<2}"


@dataclass(frozen=True, slots=True)
class _Way:
    kind: Kind
    label: str
    icon: str
    surface: Surface


_PUBLIC = _Way("public", mark("Public reply"), "reply", Surface.PUBLIC_REPLY)
_PRIVATE = _Way("private", mark("Private"), "lock", Surface.PRIVATE)
_NOTE = Tab(kind="note", label=mark("Note"), icon="sticky-note", surface="", allowed=True)


def _ways(can: Capabilities, target: Answerable | None) -> tuple[_Way, ...]:
    """What is private is answered in private only."""
    if target is not None and target.surface is Surface.PRIVATE:
        return (_PRIVATE,)
    return (_PUBLIC, _PRIVATE) if can.private_reply.allowed else (_PUBLIC,)


def _tab(
    way: _Way,
    permission: ReplyPermission,
    can: Capabilities,
    drafts: Mapping[WritingMode, DraftLine],
    attachments: Mapping[WritingMode, Sequence[AttachmentLine]],
) -> Tab:
    mode = WritingMode(way.kind)
    draft = drafts.get(mode)
    taken = taking(can, way.surface, permission.media)
    allowed = permission.allowed
    return Tab(
        kind=way.kind,
        label=way.label,
        icon=way.icon,
        surface=way.surface,
        allowed=allowed,
        reason="" if allowed else permission.reason or _("It cannot be answered from here."),
        until=permission.until if allowed else None,
        limit=reply_limit(can, way.surface),
        cost=permission.cost_usd,
        open_url=web_address(permission.open_url),
        draft=draft.text if draft else "",
        version=draft.version if draft else 0,
        saved_reply_id=draft.saved_reply_id if draft else None,
        beside=beside(mode, taken, attachments.get(mode, ())),
    )


def _with_draft(tab: Tab, drafts: Mapping[WritingMode, DraftLine]) -> Tab:
    draft = drafts.get(WritingMode.NOTE)
    if draft is None:
        return tab
    return replace(tab, draft=draft.text, version=draft.version)


def _permission(
    channel: ConfiguredChannel | None,
    page: ConversationPage,
    target: Answerable | None,
    surface: Surface,
    now: datetime,
) -> ReplyPermission:
    if target is None:
        return _refused(_("There is no message here that could be answered."))
    if page.channel_state is not ChannelState.LIVE:
        why = reason_in_words(page.channel_state_reason).rstrip(".")
        said = (
            _("The channel is paused")
            if page.channel_state is ChannelState.PAUSED
            else _("The channel is disabled")
        )
        return _refused(f"{said}{': ' if why else ''}{why}.")
    return permitted(channel, target, surface, now=now)


def _refused(reason: str) -> ReplyPermission:
    return ReplyPermission(allowed=False, reason=reason)


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
