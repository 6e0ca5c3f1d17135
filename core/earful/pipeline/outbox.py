"""Replies leave: each row is claimed once, sent once, and never sent again blindly.

A process that dies between claim and receipt leaves a lease behind. When it has run out the
reply is `unconfirmed`: it is looked for on the platform, and sent again only if it is surely not
there.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from earful.components import Sender, describe
from earful.errors import (
    AuthenticationFailed,
    DeliveryRejected,
    OutcomeUnknown,
    RateLimited,
    SpendingCapReached,
    TemporaryFailure,
)
from earful.inbox.answering import follow_thread, last_inbound_at
from earful.inbox.attaching import taking
from earful.inbox.channels import pause_for_sign_in
from earful.inbox.fitting import fit_receipt
from earful.inbox.replies import fail, hold, newer_messages, sent
from earful.inbox.text import clean
from earful.plugins import contained
from earful.runtime import ConfiguredChannel, Runtime
from earful.store.channel_health import live_channels
from earful.store.database import transaction
from earful.store.models import Channel, Identity, Message, Reply, ReplyAttachment, Thread
from earful.store.states import ReplyState
from earful.store.unfinished import REPLY_UNFINISHED
from earful.types import OutboundAttachment, OutboundReply, Receipt, RemovalKind, Surface
from earful.wording import mark

__all__ = ["LEASE", "find_reply", "give_up_expired", "send_reply"]

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long one attempt may take; longer than any job may run."""
SETTLING = timedelta(seconds=30)
"""How long a platform gets to show a reply before it is looked for."""
MOST_TRIES = 8
CAP_PAUSE = timedelta(hours=1)
"""A spending cap may be raised at any time, so that is not waited for until it ends by itself."""
CAP_TRIES = 24
"""After a day a person decides: a reply must not leave weeks later, with the next month's money."""
MOST_LOOKS = 20


def send_reply(runtime: Runtime, reply_id: int, *, now: datetime) -> None:
    """Send one queued reply that is due. A second run finds it claimed and does nothing.

    One that was scheduled is held if somebody has written since.
    """
    reply = _claim(reply_id, now)
    if reply is None or _is_held(reply, now):
        return
    if gone := _has_nothing_to_answer(reply):
        _refuse(reply, gone, now)
        return
    channel = runtime.channels.get(reply.channel.name)
    try:
        sender = channel.sender() if channel else None
    except Exception as error:  # noqa: BLE001 - nothing was sent: the plugin could not be made
        _later(reply, describe(error), now, ReplyState.QUEUED)
        return
    if channel is None or sender is None:
        _refuse(reply, mark("This channel cannot send replies."), now)
        return
    _send(runtime, reply, channel, sender, now)


def _claim(reply_id: int, now: datetime) -> Reply | None:
    with transaction():
        claimed = (
            Reply.update(
                state=ReplyState.SENDING, lease_until=now + LEASE, attempts=Reply.attempts + 1
            )
            .where(
                (Reply.id == reply_id)
                & (Reply.state == ReplyState.QUEUED)
                & (Reply.due_at <= now)
                & Reply.channel.in_(live_channels())
            )
            .execute()
        )
        return _load(reply_id) if claimed else None


def _is_held(reply: Reply, now: datetime) -> bool:
    if not reply.scheduled or reply.seen_message_id is None:
        return False
    if not newer_messages(reply.conversation_id, reply.seen_message_id):
        return False
    with transaction():
        return hold(reply, at=now)


def _has_nothing_to_answer(reply: Reply) -> str:
    """Why a reply that waited is not sent any more; "" where it is."""
    message = reply.message
    if message.removal is RemovalKind.DELETED and message.surface is not Surface.PRIVATE:
        return mark("Not sent: the message it answers was deleted on the platform meanwhile.")
    return ""


def _load(reply_id: int) -> Reply:
    reply: Reply = (
        Reply.select(Reply, Channel, Message, Identity, Thread)
        .join(Channel)
        .switch(Reply)
        .join(Message)
        .join(Identity)
        .switch(Reply)
        .join(Thread)
        .where(Reply.id == reply_id)
        .get()
    )
    return reply


def _send(
    runtime: Runtime, reply: Reply, channel: ConfiguredChannel, sender: Sender, now: datetime
) -> None:
    outbound = _outbound(reply)
    if outbound.attachments and (why := _cannot_carry(channel, outbound)):
        _refuse(reply, why, now)
        return
    try:
        receipt = fit_receipt(contained(f"{channel.name}.send", lambda: sender.send(outbound)))
    except DeliveryRejected as error:
        _refuse(reply, str(error), now)
    except AuthenticationFailed as error:
        _later(reply, str(error), now, ReplyState.QUEUED)
        with transaction():
            pause_for_sign_in(reply.channel_id, str(error), now, runtime.config.notifiers)
    except (RateLimited, TemporaryFailure) as error:
        if isinstance(error, SpendingCapReached):
            _later(reply, describe(error), now, ReplyState.QUEUED, CAP_PAUSE, tries=CAP_TRIES)
            return
        wait = error.retry_after if isinstance(error, RateLimited) else None
        _later(reply, describe(error), now, ReplyState.QUEUED, wait)
    except Exception as error:  # noqa: BLE001 - it may have been accepted: look before sending
        logger.warning("channel=%s reply=%s outcome unknown: %s", channel.name, reply.id, error)
        _later(reply, describe(error), now, ReplyState.UNCONFIRMED, SETTLING)
    else:
        _received(reply, receipt, now)


def _cannot_carry(channel: ConfiguredChannel, outbound: OutboundReply) -> str:
    """Why the attachments cannot leave (any more); "" where they can."""
    if not all(each.data for each in outbound.attachments):
        return mark("The attached file is no longer kept here: attach it again to a new answer.")
    taken = taking(channel.capabilities, outbound.surface)
    return "" if taken.media else taken.reason


def _attachments(reply: Reply) -> tuple[OutboundAttachment, ...]:
    rows = ReplyAttachment.select().where(ReplyAttachment.reply == reply.id)
    return tuple(
        OutboundAttachment(
            name=row.name, content_type=row.content_type, data=bytes(row.body), alt=row.alt
        )
        for row in rows.order_by(ReplyAttachment.id)
    )


def _outbound(reply: Reply) -> OutboundReply:
    message = reply.message
    return OutboundReply(
        idempotency_key=reply.idempotency_key,
        text=reply.text,
        surface=reply.surface,
        in_reply_to=message.external_id,
        thread_id=reply.thread.external_id,
        url=message.url,
        extra=message.extra,
        submitted_at=reply.created_at,
        author_id=message.identity.external_id,
        answered_surface=message.surface,
        last_inbound_at=last_inbound_at(message),
        attachments=_attachments(reply),
    )


def _received(reply: Reply, receipt: Receipt, now: datetime) -> None:
    with transaction():
        sent(reply, external_id=receipt.external_id, url=receipt.url, at=receipt.at or now)
        follow_thread(reply, receipt.thread_id, now=now)


def _refuse(reply: Reply, reason: str, now: datetime) -> None:
    with transaction():
        fail(reply, reason, at=now)


def _later(
    reply: Reply,
    reason: str,
    now: datetime,
    state: ReplyState,
    wait: timedelta | None = None,
    *,
    tries: int = MOST_TRIES,
) -> None:
    """Put the reply back for another try, or another look; in the end a person decides."""
    if state is ReplyState.QUEUED and reply.attempts >= tries:
        _refuse(reply, reason, now)
        return
    pause = wait or timedelta(seconds=min(15 * 2**reply.attempts, 3600))
    with transaction():
        (
            Reply.update(
                state=state, error=clean(reason, 2000), due_at=now + pause, lease_until=None
            )
            .where((Reply.id == reply.id) & (Reply.state == ReplyState.SENDING))
            .execute()
        )


def give_up_expired(*, now: datetime) -> None:
    """Replies whose sender never came back are `unconfirmed` from now on."""
    with transaction():
        Reply.update(
            state=ReplyState.UNCONFIRMED,
            lease_until=None,
            due_at=now,
            error=mark("Earful was interrupted while it sent this reply."),
        ).where(
            REPLY_UNFINISHED & (Reply.state == ReplyState.SENDING) & (Reply.lease_until <= now)
        ).execute()


def find_reply(runtime: Runtime, reply_id: int, *, now: datetime) -> None:
    """Look for a reply whose outcome is unknown; send it again only if it is surely not there."""
    reply = _claim_look(reply_id, now)
    channel = reply and runtime.channels.get(reply.channel.name)
    if reply is None or channel is None:
        return
    outbound = _outbound(reply)
    try:
        sender = channel.sender()
        if sender is None:
            return
        found = contained(f"{channel.name}.find", lambda: sender.find(outbound))
        receipt = found and fit_receipt(found)
    except OutcomeUnknown as error:
        _leave_to_people(reply, str(error))
    except Exception as error:  # noqa: BLE001 - it stays unconfirmed, and is looked for again
        logger.info("channel=%s reply=%s not found yet: %s", channel.name, reply.id, error)
    else:
        if receipt is not None:
            _received(reply, receipt, now)
        else:
            _send_again(reply, now)


def _claim_look(reply_id: int, now: datetime) -> Reply | None:
    with transaction():
        reply = _load(reply_id)
        if reply.state is not ReplyState.UNCONFIRMED or reply.due_at > now:
            return None
        pause = timedelta(seconds=min(30 * 2**reply.attempts, 6 * 3600))
        claimed = (
            Reply.update(due_at=now + pause, attempts=reply.attempts + 1)
            .where(
                (Reply.id == reply_id)
                & (Reply.state == ReplyState.UNCONFIRMED)
                & (Reply.attempts == reply.attempts)
            )
            .execute()
        )
        return reply if claimed and reply.attempts < MOST_LOOKS else None


def _leave_to_people(reply: Reply, reason: str) -> None:
    with transaction():
        Reply.update(error=clean(reason, 2000)).where(
            (Reply.id == reply.id) & (Reply.state == ReplyState.UNCONFIRMED)
        ).execute()


def _send_again(reply: Reply, now: datetime) -> None:
    with transaction():
        (
            Reply.update(state=ReplyState.QUEUED, due_at=now)
            .where((Reply.id == reply.id) & (Reply.state == ReplyState.UNCONFIRMED))
            .execute()
        )
