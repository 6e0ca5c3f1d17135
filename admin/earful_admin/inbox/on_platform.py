"""Liking and hiding a message on its platform: what is offered, and the endpoints that do it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful import actions
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.queries.platform_actions import Deed
from earful.store.queries.timeline import MessageLine
from earful.store.states import Direction, Role
from earful.types import ActionKind, Capability, RemovalKind
from earful.wording import gettext as _
from earful.wording import mark
from flask import request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import may, needs

__all__ = ["Offer", "OnPlatform", "offers"]

ON_MESSAGE = "/message/<int:message_id>"
Deeds = Mapping[tuple[int, ActionKind], Deed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One thing that can be done to a message there, or why it cannot."""

    endpoint: str
    label: str
    icon: str
    deed: Deed
    reason: str = ""
    """Why not; "" where it is possible."""
    asks_why: bool = False


_WORDS = {
    (ActionKind.LIKE, False): ("like", mark("Like"), "thumbs-up"),
    (ActionKind.LIKE, True): ("unlike", mark("Take the like back"), "undo-2"),
    (ActionKind.HIDE, False): ("hide", mark("Hide"), "eye-off"),
    (ActionKind.HIDE, True): ("unhide", mark("Show again"), "eye"),
}


def offers(
    runtime: Runtime, channel_name: str, deeds: Deeds
) -> Callable[[MessageLine], list[Offer]]:
    """For templates: what may be done to each message of one channel."""
    channel = runtime.channels.get(channel_name)
    can = channel.capabilities if channel else None

    def of(message: MessageLine) -> list[Offer]:
        is_theirs = message.direction is Direction.IN and message.removal is not RemovalKind.DELETED
        if can is None or not is_theirs:
            return []
        return [
            _offer(message, kind, capability, deeds.get((message.id, kind), Deed()))
            for kind, capability in ((ActionKind.LIKE, can.like), (ActionKind.HIDE, can.hide))
        ]

    return of


def _offer(message: MessageLine, kind: ActionKind, can: Capability, deed: Deed) -> Offer:
    is_hidden = message.removal is RemovalKind.HIDDEN
    undo = is_hidden if kind is ActionKind.HIDE else deed.stands
    endpoint, label, icon = _WORDS[kind, undo]
    reason = "" if can.allowed else can.reason
    role = actions.WHO_MAY[kind]
    if not reason and not may(role):
        reason = _("This needs the role %(role)s.", role=_(role.word))
    return Offer(
        endpoint=endpoint,
        label=_(label),
        icon=icon,
        deed=deed,
        reason=reason,
        asks_why=kind is ActionKind.HIDE and not undo,
    )


class OnPlatform:
    """The endpoints; who may is said here and checked again by the action."""

    runtime: Runtime
    actor: Actor
    now: datetime
    _try: Callable[..., ResponseReturnValue]
    _done: Callable[..., ResponseReturnValue]

    @expose(f"{ON_MESSAGE}/like", methods=["POST"])
    @needs(Role.AGENT)
    def like(self, message_id: int) -> ResponseReturnValue:
        """Like it in the account's name."""
        return self._there(message_id, _("The like is on its way"), actions.like_message)

    @expose(f"{ON_MESSAGE}/unlike", methods=["POST"])
    @needs(Role.AGENT)
    def unlike(self, message_id: int) -> ResponseReturnValue:
        """Take the like back."""
        return self._there(message_id, _("The like is taken back"), actions.unlike_message)

    @expose(f"{ON_MESSAGE}/hide", methods=["POST"])
    @needs(Role.LEAD)
    def hide(self, message_id: int) -> ResponseReturnValue:
        """Hide it from others, with a reason."""
        why = request.form.get("reason", "")
        return self._there(message_id, _("It is being hidden there"), actions.hide_message, why)

    @expose(f"{ON_MESSAGE}/unhide", methods=["POST"])
    @needs(Role.LEAD)
    def unhide(self, message_id: int) -> ResponseReturnValue:
        """Show it again."""
        return self._there(message_id, _("It will be shown again there"), actions.unhide_message)

    def _there(
        self, message_id: int, said: str, action: Callable[..., Any], *values: str
    ) -> ResponseReturnValue:
        conversation_id = request.form.get("conversation", 0, type=int)

        def work() -> ResponseReturnValue:
            action(self.runtime, self.actor, message_id, *values, now=self.now)
            return self._done(conversation_id, said)

        return self._try(conversation_id, work)
