"""Channels: how each one stands, what it can do, and the payloads nobody could read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from earful import actions
from earful.components import Badge, Capabilities
from earful.inbox.channels import reason_in_words
from earful.job_queue import JobQueueUnavailable
from earful.runtime import Runtime
from earful.store.queries import channels
from earful.store.queries.channels import MOST_COUNTED, ChannelLine
from earful.store.states import ChannelState, Health, PayloadState, Role
from earful.wording import gettext as _
from earful.wording import mark, ngettext
from flask import abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import needs
from earful_admin.formats import counted
from earful_admin.manage.connecting import Connecting, connection_card, what_was_said
from earful_admin.manage.plugins import why_inactive
from earful_admin.manage.system import size_in_words
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["Card", "ChannelsView", "capped"]

TRIES = 15
"""How often a card asks for the result of a test, two seconds apart."""
_GREY = Badge(letters="?", colour="#6b7280")
_HEALTH = {
    Health.OK: ("ok", mark("Healthy")),
    Health.UNKNOWN: ("plain", mark("Not contacted yet")),
    Health.DEGRADED: ("warn", mark("Trouble")),
    Health.RATE_LIMITED: ("warn", mark("Asked to wait")),
    Health.AUTH_REQUIRED: ("danger", mark("Sign-in refused")),
}
_TESTED = {
    Health.OK: mark("Tested just now: healthy."),
    Health.UNKNOWN: mark("Tested just now: not contacted yet."),
    Health.DEGRADED: mark("Tested just now: trouble."),
    Health.RATE_LIMITED: mark("Tested just now: asked to wait."),
    Health.AUTH_REQUIRED: mark("Tested just now: sign-in refused."),
}
_STATES = {
    ChannelState.LIVE: ("ok", mark("Live")),
    ChannelState.PAUSED: ("note", mark("Paused")),
    ChannelState.DISABLED: ("danger", mark("Disabled")),
}


def capped(count: int, most: int = MOST_COUNTED) -> str:
    """A count that stopped at `most`, as it is shown."""
    return f"{most - 1}+" if count >= most else str(count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A channel's row together with what its plugin and the configuration say of it."""

    line: ChannelLine
    badge: Badge = _GREY
    kind_title: str = ""
    trouble: str = ""
    """Why nothing works here: the plugin's failure."""
    abilities: list[tuple[str, bool, str]] = field(default_factory=list)
    """What it can do: (what, whether, why not or how far)."""
    webhook: str = ""
    is_read: bool = False
    """Whether it is polled, and not only pushed to."""

    @property
    def state(self) -> tuple[str, str]:
        return _worded(_STATES[self.line.state])

    needs_connecting: bool = False
    """Whether it waits for somebody to sign in on its platform."""

    @property
    def reason(self) -> str:
        """Why it is paused or disabled, as a sentence; nothing where its health says the same."""
        if self.line.state_reason == self.line.health_detail:
            return ""
        words = reason_in_words(self.line.state_reason).rstrip(".")
        return f"{words[:1].upper()}{words[1:]}." if words else ""

    @property
    def health(self) -> tuple[str, str]:
        return _worded(_HEALTH[self.line.health])

    @property
    def stamp(self) -> str:
        """Changes when a test or a poll has come to an end."""
        line = self.line
        return f"{line.health}.{line.health_detail}.{line.last_success_at}.{line.account_name}"


def _worded(shown: tuple[str, str]) -> tuple[str, str]:
    kind, text = shown
    return kind, _(text)


def card(runtime: Runtime, line: ChannelLine) -> Card:
    """Everything a channel's card shows."""
    configured = runtime.channels.get(line.name)
    if configured is None:
        return Card(line=line, kind_title=line.kind, trouble=_trouble(runtime, line))
    public = runtime.config.server.public_url
    return Card(
        line=line,
        badge=configured.type.badge,
        kind_title=_(configured.type.title),
        abilities=_abilities(configured.capabilities),
        webhook=f"{public}/webhooks/{line.name}" if configured.type.webhook else "",
        is_read=configured.type.source is not None,
        needs_connecting=configured.type.connector is not None
        and line.health is Health.AUTH_REQUIRED,
    )


def _trouble(runtime: Runtime, line: ChannelLine) -> str:
    if line.name not in runtime.config.channels:
        return _("It is not in the configuration any more; its conversations stay.")
    found = [each for each in runtime.troubles if each.name == line.name]
    reasons = [each.reason for each in found if each.section == "channels"]
    known = why_inactive(runtime, line.kind) or "".join(reasons[:1])
    return known or _("No plugin brings the kind “%(kind)s”.", kind=line.kind)


def _abilities(able: Capabilities) -> list[tuple[str, bool, str]]:
    reply, *others = (
        (_("Reply"), able.reply),
        (_("Reply privately"), able.private_reply),
        (_("Like"), able.like),
        (_("Hide"), able.hide),
        (_("Attachments"), able.media),
    )
    what, part = reply
    found = [(what, part.allowed, _extent(able) if part.allowed else _(part.reason))]
    return found + [(what, part.allowed, _(part.reason)) for what, part in others]


def _extent(able: Capabilities) -> str:
    parts = []
    if able.reply_length:
        most = counted(able.reply_length)
        parts.append(_("up to %(n)s characters", n=most))
    if able.reply_window:
        hours = int(able.reply_window.total_seconds() // 3600)
        parts.append(_("within %(n)s hours of the message", n=hours))
    return ", ".join(parts)


class ChannelsView(Connecting, PageView):
    """A card for each channel, and a page with its connection and its refused payloads."""

    requires = Role.LEAD
    icon = "plug"
    lede = mark("The accounts Earful reads and answers from, and how each one is doing.")
    key = "c"

    @expose("/")
    def index(self) -> str:
        cards = [card(self.runtime, line) for line in channels.channels()]
        return str(
            self.render("manage/channels.html", cards=cards, kinds=self._kinds(), capped=capped)
        )

    def _kinds(self) -> list[Any]:
        found = self.runtime.plugins.channel_types.values()
        return sorted(found, key=lambda kind: _(kind.title))

    @expose("/<int:channel_id>")
    def show(self, channel_id: int) -> str:
        state = request.args.get("state", "")
        shown = PayloadState.UNSUPPORTED if state == "unsupported" else PayloadState.QUARANTINED
        page = channels.refused_payloads(
            channel_id,
            state=shown,
            before_id=request.args.get("before", type=int),
            limit=20,
        )
        return self._page(channel_id, page=page, shown=shown)

    def _page(self, channel_id: int, **options: Any) -> str:
        found = self._card(channel_id)
        return str(
            self.render(
                "manage/channel.html",
                card=found,
                connection=connection_card(self.runtime, found.line, self.now),
                said=what_was_said(),
                left=TRIES if "tested" in request.args else 0,
                capped=capped,
                size=size_in_words,
                **options,
            )
        )

    @expose("/<int:channel_id>/card")
    def part(self, channel_id: int) -> str:
        """The card by itself, for as long as it waits for the result of a test."""
        found = self._card(channel_id)
        left = max(min(request.args.get("left", 0, type=int), TRIES) - 1, 0)
        if request.args.get("stamp") != found.stamp or not self._is_waiting(channel_id):
            return self._part(found, 0, _(_TESTED[found.line.health]))
        late = _("No worker has taken the test up yet: is one running?")
        return self._part(found, left, "" if left else late)

    def _is_waiting(self, channel_id: int) -> bool:
        """Whether the test may still be in the job queue, or be running."""
        try:
            jobs = self.runtime.jobs
            running = [worker.current_job for worker in jobs.workers()]
            return jobs.depths()["fetch"] > 0 or f"check_channel({channel_id})" in running
        except JobQueueUnavailable:
            return True

    def _part(self, found: Card, left: int, news: str = "") -> str:
        where = "page" if request.args.get("where") == "page" else "list"
        return str(
            self.render(
                "manage/channel_part.html", card=found, left=left, news=news, where=where,
                capped=capped,
            )
        )  # fmt: skip

    @expose("/<int:channel_id>/pause", methods=["POST"])
    def pause(self, channel_id: int) -> ResponseReturnValue:
        return self._do(
            channel_id,
            actions.pause_channel,
            mark("%(channel)s is paused: nothing is read or sent."),
        )

    @expose("/<int:channel_id>/resume", methods=["POST"])
    def resume(self, channel_id: int) -> ResponseReturnValue:
        return self._do(channel_id, actions.resume_channel, mark("%(channel)s is live again."))

    @expose("/<int:channel_id>/poll", methods=["POST"])
    def poll(self, channel_id: int) -> ResponseReturnValue:
        return self._do(
            channel_id,
            actions.poll_channel_now,
            mark("%(channel)s is read as soon as a worker is free."),
        )

    @expose("/<int:channel_id>/test", methods=["POST"])
    def test(self, channel_id: int) -> ResponseReturnValue:
        found = self._card(channel_id)
        actions.test_channel(self.runtime, self.actor, channel_id, now=self.now)
        if "HX-Request" in request.headers:
            return self._part(found, TRIES)
        say(
            _(
                "%(channel)s is being tested; reload in a moment to see the result.",
                channel=found.line.title,
            )
        )
        return self._back(channel_id)

    def _do(self, channel_id: int, action: Callable[..., None], words: str) -> ResponseReturnValue:
        found = self._card(channel_id)
        action(self.runtime, self.actor, channel_id, now=self.now)
        say(_(words, channel=found.line.title))
        return self._back(channel_id)

    def _back(self, channel_id: int) -> ResponseReturnValue:
        if request.form.get("from") == "list":
            return redirect(self.get_url(".index", _anchor=f"channel-{channel_id}"), 303)
        return redirect(self.get_url(".show", channel_id=channel_id), 303)

    def _card(self, channel_id: int) -> Card:
        line = channels.channel_line(channel_id)
        if line is None:
            abort(404)
        return card(self.runtime, line)

    @expose("/payload/<int:payload_id>")
    def payload(self, payload_id: int) -> str:
        found = channels.payload(payload_id)
        if found is None:
            abort(404)
        return str(
            self.render(
                "manage/payload.html",
                payload=found,
                card=self._card(found.channel_id),
                most=channels.PAYLOAD_START,
                size=size_in_words,
            )
        )

    @expose("/payload/<int:payload_id>/replay", methods=["POST"])
    @needs(Role.ADMIN)
    def replay(self, payload_id: int) -> ResponseReturnValue:
        found = channels.payload(payload_id)
        if found is None:
            abort(404)
        self._replay([payload_id], self.now)
        return redirect(self.get_url(".show", channel_id=found.channel_id), 303)

    @expose("/<int:channel_id>/replay", methods=["POST"])
    @needs(Role.ADMIN)
    def replay_all(self, channel_id: int) -> ResponseReturnValue:
        self._replay(channels.quarantined_ids(channel_id), self.now)
        return redirect(self.get_url(".show", channel_id=channel_id), 303)

    def _replay(self, ids: list[int], now: datetime) -> None:
        done = actions.replay_payloads(self.runtime, self.actor, payload_ids=ids, now=now)
        if not done:
            say(_("Nothing is left to try again."), "warn")
        else:
            say(
                ngettext(
                    "%(n)s payload is tried again; what still cannot be read comes back here.",
                    "%(n)s payloads are tried again; what still cannot be read comes back here.",
                    len(done),
                )
            )
