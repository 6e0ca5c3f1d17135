"""Digests: mails that tell people what they have not seen. Each leaves at most once.

A row is made for a person and a period before anything is sent; it is claimed, and then the mail
leaves. Whoever dies in between leaves a claim that is never taken up again: to be told twice is
worse than to be told on the page alone. Only what the server has surely not taken is tried again.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from zoneinfo import ZoneInfo

from earful import mail
from earful.config import MailConfig
from earful.errors import DeliveryRejected, OutcomeUnknown, TemporaryFailure
from earful.inbox.digest_mail import Reader, digest_mail
from earful.inbox.text import clean
from earful.runtime import Runtime
from earful.store import bulk
from earful.store.database import transaction
from earful.store.models import Agent, Digest
from earful.store.queries.digests import digest_news, who_has_news
from earful.store.states import AgentNotificationKind, DigestPace, DigestState
from earful.store.unfinished import DIGEST_UNFINISHED
from earful.wording import speaking

__all__ = ["LEASE", "give_up_interrupted", "make_digests", "send_digest"]

logger = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""How long one try may take; longer than any job may run."""
SETTLING = timedelta(minutes=1)
"""What was told at the very end of a period may be written down a little later."""
LOOKS_BACK = timedelta(days=7)
"""The first digest tells of no more, nor does one after a long pause."""
OLDEST = timedelta(hours=12)
"""A digest that could not leave for so long is given up; its news is on the page."""


def make_digests(runtime: Runtime, *, now: datetime) -> None:
    """Write down a digest for everybody who has news of the last full hour, or day.

    Four statements, whatever the number of people.
    """
    settings = runtime.config.mail
    if settings is None:
        return
    settled = now - SETTLING
    zone = ZoneInfo(runtime.hours_in_force().timezone)
    ends = {
        DigestPace.HOURLY: settled.replace(minute=0, second=0, microsecond=0),
        DigestPace.DAILY: _last_morning(settled, settings.digest_hour, zone),
    }
    rows = [
        {"agent": agent_id, "since": since, "until": until, "due_at": now}
        for pace, until in ends.items()
        for agent_id, since in who_has_news(pace, floor=until - LOOKS_BACK, until=until)
    ]
    if rows:
        with transaction():
            bulk.insert(Digest, rows, ignore_known=True)


def _last_morning(now: datetime, hour: int, zone: ZoneInfo) -> datetime:
    local = now.astimezone(zone)
    morning = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    if morning > local:
        morning -= timedelta(days=1)
    return morning.astimezone(UTC)


def send_digest(runtime: Runtime, digest_id: int, *, now: datetime) -> None:
    """Send one digest that is due. A second run finds it claimed and does nothing."""
    settings = runtime.config.mail
    digest = _claim(digest_id, now) if settings else None
    if settings is None or digest is None:
        return
    message = _written(runtime, digest, settings, now)
    if message is None:
        _settle(digest, DigestState.DROPPED)
        return
    try:
        mail.send(settings, message)
    except TemporaryFailure as error:
        _again(digest, str(error), now)
    except (DeliveryRejected, OutcomeUnknown) as error:
        _settle(digest, DigestState.FAILED, str(error))
    else:
        _settle(digest, DigestState.SENT)


def _claim(digest_id: int, now: datetime) -> Digest | None:
    with transaction():
        claimed = (
            Digest.update(
                state=DigestState.SENDING, due_at=now + LEASE, attempts=Digest.attempts + 1
            )
            .where(
                (Digest.id == digest_id)
                & (Digest.state == DigestState.WAITING)
                & (Digest.due_at <= now)
            )
            .execute()
        )
        query = Digest.select(Digest, Agent).join(Agent).where(Digest.id == digest_id)
        return query.get() if claimed else None


def _written(
    runtime: Runtime, digest: Digest, settings: MailConfig, now: datetime
) -> EmailMessage | None:
    """The mail; None where its reader does not want it any more, or has seen everything."""
    agent = digest.agent
    if not agent.active or not _wants(agent):
        return None
    muted = {each.removesuffix(".mail") for each in agent.muted if each.endswith(".mail")}
    news = digest_news(
        agent.id,
        [kind for kind in AgentNotificationKind if kind not in muted],
        with_overdue="overdue" not in muted,
        since=digest.since,
        until=digest.until,
    )
    if not len(news):
        return None
    reader = Reader(email=agent.email, public_url=runtime.config.server.public_url)
    with speaking(agent.language):
        return digest_mail(digest.id, reader, news, settings, now=now)


def _wants(agent: Agent) -> bool:
    if agent.digest is DigestPace.WHEN_AWAY:
        return bool(agent.away)
    return agent.digest is not DigestPace.OFF


def _again(digest: Digest, reason: str, now: datetime) -> None:
    next_try = now + timedelta(seconds=min(60 * 2**digest.attempts, 3600))
    if next_try > digest.until + OLDEST:
        _settle(digest, DigestState.FAILED, reason)
        return
    logger.warning("digest=%s waits: %s", digest.id, reason)
    _move(digest, state=DigestState.WAITING, due_at=next_try, error=clean(reason, 1000))


def _settle(digest: Digest, state: DigestState, reason: str = "") -> None:
    if state is DigestState.FAILED:
        logger.warning("digest=%s failed: %s", digest.id, reason)
    _move(digest, state=state, error=clean(reason, 1000))


def _move(digest: Digest, **changes: Any) -> None:
    with transaction():
        (
            Digest.update(changes)
            .where((Digest.id == digest.id) & (Digest.state == DigestState.SENDING))
            .execute()
        )


def give_up_interrupted(*, now: datetime) -> None:
    """Digests whose sender has died may have left: they stay as they are, and say so."""
    with transaction():
        (
            Digest.update(
                state=DigestState.FAILED,
                error="Earful was interrupted while it sent this; it is not sent again.",
            )
            .where(
                DIGEST_UNFINISHED & (Digest.state == DigestState.SENDING) & (Digest.due_at <= now)
            )
            .execute()
        )
