"""Channels: what the configuration names, what webhooks bring, and what admins do with them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from earful.actions.actor import SYSTEM, Actor, audit, require
from earful.errors import ActionRefused
from earful.job_queue import JobQueueUnavailable
from earful.pipeline.fetch import keep
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Channel, Payload
from earful.store.states import ChannelState, Health, PayloadState, Role
from earful.store.unfinished import PAYLOAD_REFUSED
from earful.types import Payload as RawPayload
from earful.wording import gettext as _
from earful.wording import mark

__all__ = [
    "accept_webhook",
    "configured_channel",
    "enqueue",
    "pause_channel",
    "poll_channel_now",
    "replay_payloads",
    "resume_channel",
    "sync_channels",
    "test_channel",
]

logger = logging.getLogger(__name__)
_NOT_CONFIGURED = mark("not in the configuration any more")
_NO_PLUGIN = mark("its plugin is not active")
_AS_CONFIGURED = mark("the configuration says so")


def sync_channels(runtime: Runtime, *, now: datetime) -> None:
    """Make the rows agree with the configuration. Rows are never removed, only disabled."""
    with transaction():
        rows = {row.name: row for row in locked(Channel.select())}
        for name, component in runtime.config.channels.items():
            row = rows.pop(name, None) or Channel(
                name=name,
                state=ChannelState.PAUSED if component.paused else ChannelState.LIVE,
                state_reason=_AS_CONFIGURED if component.paused else "",
                next_poll_at=now,
            )
            row.kind = component.type
            row.title = component.title or name
            row.poll_every_seconds = component.poll_every_seconds
            _enable(row, works=name in runtime.channels)
            row.save()
        for row in rows.values():
            _disable(row, _NOT_CONFIGURED)
            row.save()


def _enable(row: Channel, *, works: bool) -> None:
    if not works:
        _disable(row, _NO_PLUGIN)
    elif row.state is ChannelState.DISABLED:
        was_paused = row.paused_reason is not None
        row.state = ChannelState.PAUSED if was_paused else ChannelState.LIVE
        row.state_reason, row.paused_reason = row.paused_reason or "", None


def _disable(row: Channel, reason: str) -> None:
    if row.state is ChannelState.PAUSED:
        row.paused_reason = row.state_reason
    row.state, row.state_reason = ChannelState.DISABLED, reason


def accept_webhook(
    runtime: Runtime, channel_name: str, payloads: Sequence[RawPayload], *, now: datetime
) -> list[int]:
    """Keep what a platform pushed, in one transaction, before it is answered; then enqueue it.

    Raises `ActionRefused` for a channel that is not configured. A paused one still keeps
    what it is sent: nothing that arrives is lost.
    """
    with transaction():
        row = Channel.get_or_none(Channel.name == channel_name)
        if row is None or row.state is ChannelState.DISABLED:
            msg = _("No channel is named %(name)s.", name=channel_name)
            raise ActionRefused(msg)
        ids = keep(row.id, payloads, now)
        Channel.update(last_success_at=now).where(Channel.id == row.id).execute()
    enqueue(runtime, "ingest_payload", ids, on="ingest")
    return ids


def enqueue(runtime: Runtime, job: str, ids: Sequence[int], *, on: str) -> None:
    """Enqueue one job for each; if the job queue is away, ticker and sweep will."""
    if not ids:
        return
    try:
        runtime.jobs.enqueue_many(job, ids, on=on, unique=True)
    except JobQueueUnavailable:
        logger.warning("job=%s left to the sweep: the job queue is away", job)


def pause_channel(
    _runtime: Runtime, actor: Actor, channel_id: int, reason: str = "", *, now: datetime
) -> None:
    """Stop reading and sending; queued replies wait."""
    require(actor, Role.LEAD)
    with transaction():
        row = configured_channel(channel_id)
        row.state = ChannelState.PAUSED
        row.state_reason = reason or f"paused by {actor.name}"
        row.save()
        audit(actor, "channel.pause", "channel", row.name, now, summary=row.state_reason)


def resume_channel(runtime: Runtime, actor: Actor, channel_id: int, *, now: datetime) -> None:
    """Read and send again, from where it stopped."""
    require(actor, Role.LEAD)
    with transaction():
        row = configured_channel(channel_id)
        row.state, row.state_reason = ChannelState.LIVE, ""
        row.failures, row.next_poll_at = 0, now
        row.health, row.health_detail = Health.UNKNOWN, ""
        row.save()
        audit(actor, "channel.resume", "channel", row.name, now)
    enqueue(runtime, "poll_channel", [channel_id], on="fetch")


def configured_channel(channel_id: int) -> Channel:
    """The channel's row, held; raises `ActionRefused` where nothing can be done with it."""
    row: Channel | None = locked(Channel.select().where(Channel.id == channel_id)).get_or_none()
    if row is None:
        msg = _("This channel does not exist.")
        raise ActionRefused(msg)
    if row.state is ChannelState.DISABLED:
        msg = _("This channel is disabled: %(why)s.", why=_(row.state_reason))
        raise ActionRefused(msg)
    return row


def poll_channel_now(runtime: Runtime, actor: Actor, channel_id: int, *, now: datetime) -> None:
    """Read the channel as soon as a worker is free."""
    require(actor, Role.LEAD)
    with transaction():
        row = configured_channel(channel_id)
        row.next_poll_at = now
        row.save()
        audit(actor, "channel.poll", "channel", row.name, now)
    enqueue(runtime, "poll_channel", [channel_id], on="fetch")


def test_channel(runtime: Runtime, actor: Actor, channel_id: int, *, now: datetime) -> None:
    """Let a worker try the channel's settings; what came of it shows as the channel's health."""
    require(actor, Role.LEAD)
    with transaction():
        row = configured_channel(channel_id)
        audit(actor, "channel.test", "channel", row.name, now)
    enqueue(runtime, "check_channel", [channel_id], on="fetch")


def replay_payloads(
    runtime: Runtime,
    actor: Actor = SYSTEM,
    *,
    payload_ids: Sequence[int] | None = None,
    limit: int = 1000,
    now: datetime,
) -> list[int]:
    """Take quarantined payloads through once more: those named, else the oldest `limit`.

    Returns the ids that will be tried again; call it until it returns none.
    """
    require(actor, Role.ADMIN)
    with transaction():
        ids = _replayable(payload_ids, limit)
        if ids:
            (
                Payload.update(state=PayloadState.RECEIVED, error="", attempts=0, received_at=now)
                .where(Payload.id.in_(ids))
                .execute()
            )
            audit(actor, "payload.replay", "payload", ids[0], now, after={"count": len(ids)})
    enqueue(runtime, "ingest_payload", ids, on="ingest")
    return ids


def _replayable(payload_ids: Sequence[int] | None, limit: int) -> list[int]:
    query = Payload.select(Payload.id).where(PAYLOAD_REFUSED)
    if payload_ids is not None:
        query = query.where(Payload.id.in_(list(payload_ids)))
    else:
        query = query.where(Payload.state == PayloadState.QUARANTINED)
    return [row[0] for row in locked(query.order_by(Payload.id).limit(limit)).tuples()]
