"""Who acts, and whether they may."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful.errors import ActionRefused
from earful.inbox.audit import record
from earful.inbox.caution import Caution
from earful.store.database import locked
from earful.store.models import Agent
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import ngettext

__all__ = [
    "SYSTEM",
    "Actor",
    "NeedsConfirmation",
    "NewerMessage",
    "audit",
    "locked_agent",
    "require",
]


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind an action; `agent_id` is None for the command line.

    `macro` is the name of the macro by which they do it, where they do.
    """

    agent_id: int | None
    name: str
    role: Role
    macro: str = ""


SYSTEM = Actor(None, "command line", Role.ADMIN)
"""Whoever may run commands on the server."""


class NewerMessage(ActionRefused):
    """The reply was not sent, because `count` things came that its author had not seen.

    They are messages, and what colleagues wrote, whose `names` are given.
    """

    def __init__(self, count: int, names: Iterable[str] = ()) -> None:
        self.count = count
        who = ", ".join(dict.fromkeys(names))
        super().__init__(
            _("Not sent: %(names)s answered or left a note meanwhile.", names=who)
            if who
            else ngettext(
                "Not sent: %(n)s newer message arrived.",
                "Not sent: %(n)s newer messages arrived.",
                count,
            )
        )


class NeedsConfirmation(ActionRefused):
    """The reply was not sent: there are doubts that its author has not answered yet."""

    def __init__(self, cautions: tuple[Caution, ...]) -> None:
        self.cautions = cautions
        super().__init__(" ".join(each.text for each in cautions))


def require(actor: Actor, role: Role) -> None:
    """Refuse people below `role`."""
    if actor.role < role:
        message = _(
            "This needs the role %(needed)s; you have the role %(yours)s.",
            needed=_(role.word),
            yours=_(actor.role.word),
        )
        raise ActionRefused(message)


def locked_agent(agent_id: int) -> Agent:
    """The person with this number, for the rest of the transaction nobody else's to change."""
    agent: Agent | None = locked(Agent.select().where(Agent.id == agent_id)).get_or_none()
    if agent is None:
        msg = _("This person does not exist.")
        raise ActionRefused(msg)
    return agent


def audit(
    actor: Actor, action: str, kind: str, object_id: object, now: datetime, **facts: Any
) -> None:
    """Record what somebody did, and by which macro."""
    if actor.macro:
        facts["after"] = {**(facts.get("after") or {}), "macro": actor.macro}
    record(actor.name, action, kind, object_id, now=now, agent_id=actor.agent_id, **facts)
