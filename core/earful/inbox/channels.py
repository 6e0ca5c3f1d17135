"""A channel's health: what each contact with its platform means for the next one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from earful.inbox.audit import record
from earful.inbox.notices import announce
from earful.inbox.text import clean
from earful.store.models import Channel
from earful.store.states import ChannelState, Health
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["note", "pause_for_sign_in", "pause_itself", "reason_in_words"]

_BY_SOMEBODY = {
    "paused by ": mark("paused by %(name)s"),
    "disconnected by ": mark("disconnected by %(name)s"),
}


def reason_in_words(reason: str) -> str:
    """Why a channel is paused or disabled, which is stored in English, for who reads it now."""
    for beginning, sentence in _BY_SOMEBODY.items():
        if reason.startswith(beginning):
            return _(sentence, name=reason.removeprefix(beginning))
    return _(reason)


def note(channel_id: int, sentence: str, now: datetime, notifiers: Iterable[str] = ()) -> None:
    """Keep what a plugin wants the operator to know, and tell it once a day."""
    Channel.update(notice=clean(sentence, 1000), notice_at=now).where(
        Channel.id == channel_id
    ).execute()
    announce(
        notifiers,
        kind="channel_notice",
        key=f"channel:{channel_id}:notice:{now:%Y-%m-%d}",
        title=f"The channel {Channel.get_by_id(channel_id).name} may miss something",
        body=sentence,
        path="/channels/",
        now=now,
    )


def pause_for_sign_in(
    channel_id: int, reason: str, now: datetime, notifiers: Iterable[str] = ()
) -> None:
    """The platform refused our credentials: nothing more is tried until an admin has acted."""
    _pause(channel_id, Health.AUTH_REQUIRED, reason, now, notifiers)


def pause_itself(
    channel_id: int, reason: str, now: datetime, notifiers: Iterable[str] = ()
) -> None:
    """The plugin failed too often in a row."""
    _pause(channel_id, Health.DEGRADED, reason, now, notifiers)


def _pause(
    channel_id: int, health: Health, reason: str, now: datetime, notifiers: Iterable[str]
) -> None:
    paused = (
        Channel.update(
            state=ChannelState.PAUSED,
            state_reason=clean(reason, 1000),
            health=health,
            health_detail=clean(reason, 1000),
        )
        .where((Channel.id == channel_id) & (Channel.state == ChannelState.LIVE))
        .execute()
    )
    if not paused:
        return
    name = Channel.get_by_id(channel_id).name
    record("Earful", "channel.pause", "channel", name, now=now, summary=reason)
    announce(
        notifiers,
        kind="channel_paused",
        key=f"channel:{channel_id}:paused:{now.timestamp():.0f}",
        title=f"The channel {name} is paused",
        body=reason,
        path="/channels/",
        now=now,
    )
