"""What agents are told of, beside what they have open. Each kind can be switched off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from earful.store import bulk
from earful.store.models import Agent, AgentNotification
from earful.store.queries.telling import Notice
from earful.store.states import AgentNotificationKind
from earful.wording import gettext, mark

__all__ = ["Told", "in_words", "tell"]

_SENTENCES = {
    AgentNotificationKind.MENTION: mark("%(by)s named you in a note about %(contact)s"),
    AgentNotificationKind.ASSIGNED: mark("%(contact)s is assigned to you by %(by)s"),
    AgentNotificationKind.TAKEOVER_ASKED: mark("%(by)s asks you to hand over %(contact)s"),
    AgentNotificationKind.TAKEN_OVER: mark("%(by)s took %(contact)s from you"),
    AgentNotificationKind.REPLY_FAILED: mark("Your reply to %(contact)s could not be sent"),
    AgentNotificationKind.REPLY_HELD: mark(
        "Your scheduled reply to %(contact)s was not sent: a newer message arrived"
    ),
    AgentNotificationKind.RETURNED: mark("%(contact)s went back to its queue"),
    AgentNotificationKind.BULK_DONE: mark(
        "Your change to %(total)s conversations is finished: %(done)s done, %(skipped)s left out"
    ),
}


@dataclass(frozen=True, slots=True)
class Told:
    """Whom to tell, of which conversation or bulk job, and who did it; None where nobody did."""

    agent_id: int
    conversation_id: int | None
    by: int | None = None
    bulk_job_id: int | None = None


def tell(kind: AgentNotificationKind, told: Sequence[Told], *, now: datetime) -> None:
    """Tell each of them, unless they want to hear nothing of it. In the caller's transaction."""
    if not told:
        return
    who = Agent.select(Agent.id, Agent.muted).where(Agent.id.in_({each.agent_id for each in told}))
    deaf = {key for key, muted in who.tuples() if f"{kind}.page" in muted}
    rows = [
        {
            "agent": each.agent_id,
            "kind": kind,
            "conversation": each.conversation_id,
            "bulk_job_id": each.bulk_job_id,
            "by": each.by,
            "at": now,
        }
        for each in told
        if each.agent_id not in deaf
    ]
    if rows:
        bulk.insert(AgentNotification, rows)


def in_words(notice: Notice) -> str:
    """What happened, as one sentence. Plain text: names are escaped where it is shown."""
    by = notice.by.name if notice.by else gettext("its queue")
    if job := notice.bulk_job:
        return gettext(_SENTENCES[notice.kind], total=job.total, done=job.done, skipped=job.skipped)
    return gettext(_SENTENCES[notice.kind], by=by, contact=notice.contact)
