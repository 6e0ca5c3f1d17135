"""Connecting a channel in the browser: to the platform, back again, and the account to choose."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from earful import actions
from earful.actions import Actor, Connected
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.queries import channels
from earful.store.queries.channels import ChannelLine
from earful.store.queries.connections import ConnectionFacts, connection_facts
from earful.store.states import Role
from earful.wording import gettext as _
from flask import abort, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import needs
from earful_admin.toasts import say

__all__ = ["Connecting", "ConnectionCard", "connection_card", "what_was_said"]

_SESSION = "connecting"
_SAID = "connected"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCard:
    """How a channel is connected, and what it may and did cost."""

    facts: ConnectionFacts
    can_connect: bool
    """Whether it is connected in the browser at all."""
    cap_usd: float | None
    webhook: str
    is_reachable: bool
    """Whether a platform can reach the webhook from outside."""

    @property
    def is_worth_showing(self) -> bool:
        return self.can_connect or bool(self.facts.limits or self.facts.costs)


def connection_card(runtime: Runtime, line: ChannelLine, now: datetime) -> ConnectionCard:
    """Everything the channel's page shows of its connection."""
    configured = runtime.channels.get(line.name)
    settings = configured.settings if configured else None
    return ConnectionCard(
        facts=connection_facts(line.id, now=now),
        can_connect=configured is not None and configured.type.connector is not None,
        cap_usd=getattr(settings, "monthly_cap_usd", None),
        webhook=actions.webhook_url(runtime, line.name) or "",
        is_reachable=actions.webhook_url(runtime, line.name, from_outside=True) is not None,
    )


class Connecting:
    """The endpoints of the wizard; each needs the role admin."""

    runtime: Runtime
    actor: Actor
    now: datetime
    render: Any

    @expose("/<int:channel_id>/connect")
    @needs(Role.ADMIN)
    def connect(self, channel_id: int) -> str:
        """What will happen, and which addresses the platform must know."""
        line = self._line(channel_id)
        card = connection_card(self.runtime, line, self.now)
        if not card.can_connect:
            abort(404)
        return str(
            self.render(
                "manage/connect.html", line=line, connection=card, callback=self._callback()
            )
        )

    @expose("/<int:channel_id>/connect", methods=["POST"])
    @needs(Role.ADMIN)
    def begin(self, channel_id: int) -> ResponseReturnValue:
        """Leave for the platform, by a page: no form of ours may be sent elsewhere."""
        line = self._line(channel_id)
        try:
            address = actions.begin_connection(
                self.runtime,
                self.actor,
                channel_id,
                session=_session(),
                redirect_uri=self._callback(),
                now=self.now,
            )
        except ActionRefused as refused:
            return self._failed(refused, channel_id)
        host = urlsplit(address).hostname
        return str(self.render("manage/connect_go.html", line=line, address=address, host=host))

    @expose("/connect/callback")
    @needs(Role.ADMIN)
    def callback(self) -> ResponseReturnValue:
        """The browser is back from the platform."""
        try:
            found = actions.return_from_platform(
                self.runtime,
                self.actor,
                request.args.to_dict(),
                session=_session(),
                now=self.now,
            )
        except ActionRefused as refused:
            return self._failed(refused)
        if isinstance(found, Connected):
            return self._connected(found)
        return redirect(url_for("channels.choose", connection_id=found), 303)

    @expose("/connect/<int:connection_id>")
    @needs(Role.ADMIN)
    def choose(self, connection_id: int) -> ResponseReturnValue:
        """The accounts that the sign-in brought."""
        try:
            channel, choices = actions.connection_choices(
                self.runtime, self.actor, connection_id, session=_session(), now=self.now
            )
        except ActionRefused as refused:
            return self._failed(refused)
        return str(
            self.render(
                "manage/connect_choose.html",
                line=self._line(channel.id),
                connection_id=connection_id,
                choices=choices,
            )
        )

    @expose("/connect/<int:connection_id>", methods=["POST"])
    @needs(Role.ADMIN)
    def chosen(self, connection_id: int) -> ResponseReturnValue:
        """Connect the chosen one."""
        try:
            found = actions.choose_account(
                self.runtime,
                self.actor,
                connection_id,
                request.form.get("account", ""),
                session=_session(),
                now=self.now,
            )
        except ActionRefused as refused:
            return self._failed(refused)
        return self._connected(found)

    @expose("/<int:channel_id>/disconnect", methods=["POST"])
    @needs(Role.ADMIN)
    def disconnect(self, channel_id: int) -> ResponseReturnValue:
        """Forget the credentials."""
        line = self._line(channel_id)
        actions.disconnect_channel(self.runtime, self.actor, channel_id, now=self.now)
        say(_("%(channel)s is disconnected: its credentials are deleted here.", channel=line.title))
        return redirect(url_for("channels.show", channel_id=channel_id), 303)

    def _connected(self, found: Connected) -> ResponseReturnValue:
        session[_SAID] = found.said
        say(_("%(account)s is connected.", account=found.account))
        return redirect(url_for("channels.show", channel_id=found.channel_id, tested=1), 303)

    def _failed(self, refused: ActionRefused, channel_id: int | None = None) -> ResponseReturnValue:
        page = self.render("manage/connect_failed.html", reason=str(refused), channel_id=channel_id)
        return str(page), 422

    def _callback(self) -> str:
        return f"{self.runtime.config.server.public_url}{url_for('channels.callback')}"

    def _line(self, channel_id: int) -> ChannelLine:
        line = channels.channel_line(channel_id)
        if line is None:
            abort(404)
        return line


def what_was_said() -> str:
    """The plugin's sentence about a connection just made; once."""
    return str(session.pop(_SAID, ""))


def _session() -> str:
    """A secret of this browser's session, so that nobody else can finish what it began."""
    if _SESSION not in session:
        session[_SESSION] = secrets.token_urlsafe(32)
    return str(session[_SESSION])
