"""Reads one channel: the plugin fetches, and what came is kept together with the new cursor."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from earful.components import describe
from earful.errors import AuthenticationFailed, ChannelError, RateLimited, TemporaryFailure
from earful.inbox.channels import note, pause_for_sign_in, pause_itself
from earful.inbox.fitting import fit_payload
from earful.inbox.text import clean, one_line
from earful.plugins import contained
from earful.runtime import ConfiguredChannel, Runtime
from earful.store import bulk
from earful.store.database import transaction
from earful.store.models import Channel, Payload
from earful.store.states import ChannelState, Health
from earful.types import Account, FetchResult
from earful.types import Payload as RawPayload
from earful.wording import mark

__all__ = ["Fetched", "check", "fetch", "keep"]

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
MOST_FAILURES = 20
"""So many failures in a row that are nobody's wish pause a channel."""
LONGEST_WAIT = timedelta(days=1)
_INACTIVE = mark("This channel's plugin is not active.")
_PUSHED_ONLY = mark("Messages are pushed to this channel; there is nothing to read.")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one fetch brought: ids of kept payloads, and whether to go on at once."""

    payload_ids: Sequence[int] = ()
    more: bool = False


def keep(channel_id: int, payloads: Sequence[RawPayload], now: datetime) -> list[int]:
    """Store raw payloads inside the caller's transaction. Returns the ids of those that are new.

    One whose key is known was delivered before: it is not stored again.
    """
    if not payloads:
        return []
    return bulk.insert(
        Payload,
        [
            {
                "channel": channel_id,
                "body": each.body,
                "content_type": each.content_type,
                "meta": each.meta,
                "key": each.key,
                "received_at": now,
            }
            for each in map(fit_payload, payloads)
        ],
        ignore_known=any(each.key for each in payloads),
    )


def fetch(runtime: Runtime, channel_id: int, *, now: datetime) -> Fetched:
    """Fetch once. Only one process at a time reads a channel; the others find it taken."""
    row = _claim(channel_id, now)
    channel = row and runtime.channels.get(row.name)
    if row is None or channel is None:
        return Fetched()
    try:
        source = channel.source()
        if source is None:
            return _keep(runtime, row, channel, FetchResult(cursor=row.cursor), now)
        result = _checked(
            contained(f"{row.name}.fetch", lambda: source.fetch(row.cursor), gives=FetchResult)
        )
    except Exception as error:  # noqa: BLE001 - one channel's trouble is not the others'
        _failed(runtime, row, channel, error, now)
        return Fetched()
    return _keep(runtime, row, channel, result, now)


def _checked(result: FetchResult) -> FetchResult:
    """The plugin's answer, fit to be kept; raises when it is none that could be."""
    # Cleaning a cursor would change what it means to the plugin.
    if clean(result.cursor, len(result.cursor)) != result.cursor:
        message = "the cursor holds characters that no database keeps"
        raise ValueError(message)
    return replace(
        result,
        payloads=tuple(map(fit_payload, result.payloads)),
        next_poll_seconds=int(min(result.next_poll_seconds or 0, LONGEST_WAIT.total_seconds())),
        notice=clean(result.notice, 1000),
    )


def _claim(channel_id: int, now: datetime) -> Channel | None:
    with transaction():
        claimed = (
            Channel.update(polling_until=now + LEASE, last_poll_at=now)
            .where(
                (Channel.id == channel_id)
                & (Channel.state == ChannelState.LIVE)
                & (Channel.polling_until.is_null() | (Channel.polling_until <= now))
            )
            .execute()
        )
        return Channel.get_by_id(channel_id) if claimed else None


def _is_leased_to(row: Channel) -> Any:
    """Whether the lease that was taken with this row still holds."""
    return (Channel.id == row.id) & (Channel.polling_until == row.polling_until)


def _keep(
    runtime: Runtime,
    row: Channel,
    channel: ConfiguredChannel,
    result: FetchResult,
    now: datetime,
) -> Fetched:
    wait = timedelta(seconds=max(result.next_poll_seconds or 0, channel.poll_every_seconds))
    due = now if result.more else now + min(wait, LONGEST_WAIT)
    with transaction():
        # Whoever lost the lease meanwhile must not turn the cursor back.
        mine = (
            Channel.update(
                cursor=result.cursor,
                polling_until=None,
                next_poll_at=due,
                last_success_at=now,
                failures=0,
                health=Health.OK,
                health_detail="",
            )
            .where(_is_leased_to(row))
            .execute()
        )
        ids = keep(row.id, result.payloads, now) if mine else []
        if mine and result.notice:
            note(row.id, result.notice, now, runtime.config.notifiers)
    return Fetched(ids, result.more and bool(mine))


def _failed(
    runtime: Runtime, row: Channel, channel: ConfiguredChannel, error: Exception, now: datetime
) -> None:
    logger.warning("channel=%s fetch failed: %s", row.name, describe(error))
    failures = row.failures + 1
    with transaction():
        # Whoever lost the lease meanwhile knows nothing of how it goes now.
        mine = (
            Channel.update(
                polling_until=None,
                failures=failures,
                next_poll_at=now + _pause(error, failures, channel.poll_every_seconds),
                health=_health(error),
                health_detail=clean(describe(error), 1000),
            )
            .where(_is_leased_to(row))
            .execute()
        )
        if not mine:
            return
        notifiers = runtime.config.notifiers
        if isinstance(error, AuthenticationFailed):
            pause_for_sign_in(row.id, describe(error), now, notifiers)
        elif failures >= MOST_FAILURES and not _is_passing(error):
            pause_itself(row.id, describe(error), now, notifiers)


def _is_passing(error: Exception) -> bool:
    return isinstance(error, RateLimited | TemporaryFailure)


def _health(error: Exception) -> Health:
    return Health.RATE_LIMITED if isinstance(error, RateLimited) else Health.DEGRADED


def _pause(error: Exception, failures: int, poll_every_seconds: int) -> timedelta:
    if isinstance(error, RateLimited) and error.retry_after:
        return min(error.retry_after, LONGEST_WAIT)
    seconds = poll_every_seconds * 2 ** min(failures - 1, 5)
    return timedelta(seconds=min(max(seconds, 30), 3600))


def check(runtime: Runtime, channel_id: int) -> str:
    """Try a channel's settings; the sentence that says how it went is kept with the channel."""
    row = Channel.get_by_id(channel_id)
    channel = runtime.channels.get(row.name)
    if channel is None:
        return _note_check(row.id, Health.DEGRADED, _INACTIVE)
    try:
        source = channel.source()
        if source is None:
            # Nobody was asked: a sign-in that is missing is missing still.
            health: Health = row.health if row.health is Health.AUTH_REQUIRED else Health.OK
            return _note_check(row.id, health, _PUSHED_ONLY)
        facts = _account(contained(f"{row.name}.check", source.check, gives=Account))
    except Exception as error:  # noqa: BLE001 - the reason is shown, whatever it is
        said = describe(error)
        health = Health.AUTH_REQUIRED if isinstance(error, AuthenticationFailed) else _health(error)
        _note_check(row.id, health, said)
        return said if isinstance(error, ChannelError) else f"The plugin failed: {said}"
    with transaction():
        Channel.update(facts).where(Channel.id == row.id).execute()
    return str(facts["health_detail"] or f"Connected to {facts['account_name']}.")


def _account(account: Account) -> dict[str, object]:
    return {
        "account_name": one_line(account.name, 300),
        "account_url": account.url and clean(account.url, 4000),
        "health": Health.OK,
        "health_detail": one_line(account.detail, 1000),
    }


def _note_check(channel_id: int, health: Health, said: str) -> str:
    with transaction():
        Channel.update(health=health, health_detail=clean(said, 1000)).where(
            Channel.id == channel_id
        ).execute()
    return said
