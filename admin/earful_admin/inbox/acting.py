"""What people do in the inbox: every change is one call into `earful.actions`.

A script gets JSON, so that it keeps what was typed; a plain form gets a page.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.queries.assigning import members_of
from earful.store.queries.conversation import answerable
from earful.store.queries.inbox import View
from earful.store.queries.people import colleagues
from earful.store.states import Role
from earful.types import Priority, Surface
from earful.wording import gettext as _
from flask import abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import needs
from earful_admin.formats import dated
from earful_admin.inbox.attaching import wanted_attachments
from earful_admin.inbox.snoozing import UNTIL_THEY_WRITE, custom
from earful_admin.toasts import say

__all__ = ["Acting"]

ON_CONVERSATION = "/conversation/<int:conversation_id>"
ON_REPLY = "/reply/<int:reply_id>"


class Acting:
    """The endpoints that change something; each needs the role agent."""

    runtime: Runtime
    actor: Actor
    now: datetime
    whole_page: Callable[..., str]
    render: Any

    @property
    def zone(self) -> ZoneInfo:
        """The time zone the business lives in."""
        return context.zone()

    @expose(f"{ON_CONVERSATION}/reply", methods=["POST"])
    @needs(Role.AGENT)
    def reply(self, conversation_id: int) -> ResponseReturnValue:
        """Send what the composer holds, or keep it as a note."""
        if request.form.get("surface") == "note":
            return self._note(conversation_id)
        return self._try(conversation_id, lambda: self._reply(conversation_id))

    @expose(f"{ON_CONVERSATION}/note", methods=["POST"])
    @needs(Role.AGENT)
    def note(self, conversation_id: int) -> ResponseReturnValue:
        """Keep a note."""
        return self._note(conversation_id)

    @expose(f"{ON_CONVERSATION}/assign", methods=["POST"])
    @needs(Role.AGENT)
    def assign(self, conversation_id: int) -> ResponseReturnValue:
        """Give it to somebody, to who asks, or to nobody."""
        wanted = request.form.get("agent", "")
        agent_id = self.actor.agent_id if wanted == "me" else _number(wanted)
        said = _("Assigned") if agent_id else _("Nobody is assigned now")
        return self._do(conversation_id, said, actions.assign, agent_id)

    @expose("/inbox/assignees")
    @needs(Role.AGENT)
    def assignees(self) -> str:
        """Who can be given a conversation; fetched when somebody is about to choose."""
        queue = _number(request.args.get("queue", ""))
        team = members_of(queue) if queue else frozenset()
        people = sorted(
            colleagues(self.actor.agent_id or 0, now=self.now),
            key=lambda each: (each.away, each.id not in team),
        )
        holder = _number(request.args.get("holder", "")) or 0
        many = "many" in request.args
        return str(
            self.render("inbox/assignees.html", people=people, holder=holder, many=many, team=team)
        )

    @expose(f"{ON_CONVERSATION}/ask", methods=["POST"])
    @needs(Role.AGENT)
    def ask_to_take_over(self, conversation_id: int) -> ResponseReturnValue:
        """Ask who holds it to hand it over."""
        return self._do(conversation_id, _("Asked"), actions.ask_to_take_over)

    @expose(f"{ON_CONVERSATION}/queue", methods=["POST"])
    @needs(Role.AGENT)
    def queue(self, conversation_id: int) -> ResponseReturnValue:
        """Move it to another queue."""
        wanted = _number(request.form.get("queue", "")) or 0
        return self._do(conversation_id, _("Moved"), actions.set_queue, wanted)

    @expose(f"{ON_CONVERSATION}/priority", methods=["POST"])
    @needs(Role.AGENT)
    def priority(self, conversation_id: int) -> ResponseReturnValue:
        """Say how soon it deserves attention."""
        try:
            wanted = Priority(request.form.get("priority", ""))
        except ValueError:
            abort(400)
        return self._do(
            conversation_id,
            _("Priority: %(priority)s", priority=_(wanted)),
            actions.set_priority,
            wanted,
        )

    @expose(f"{ON_CONVERSATION}/label", methods=["POST"])
    @needs(Role.AGENT)
    def label(self, conversation_id: int) -> ResponseReturnValue:
        """Put a label on it."""
        name = request.form.get("label", "")
        return self._do(conversation_id, _("Label added"), actions.add_label, name)

    @expose(f"{ON_CONVERSATION}/unlabel", methods=["POST"])
    @needs(Role.AGENT)
    def unlabel(self, conversation_id: int) -> ResponseReturnValue:
        """Take a label off."""
        name = request.form.get("label", "")
        return self._do(conversation_id, _("Label removed"), actions.remove_label, name)

    @expose(f"{ON_CONVERSATION}/snooze", methods=["POST"])
    @needs(Role.AGENT)
    def snooze(self, conversation_id: int) -> ResponseReturnValue:
        """Put it away until a moment, or until they write."""
        wanted = request.form.get("until", "")
        if wanted == UNTIL_THEY_WRITE:
            return self._put_away(conversation_id, _("Snoozed until they write"), "snooze", None)
        until = custom(wanted, self.zone)
        if until is None:
            return _refuse(conversation_id, ActionRefused(_("Choose a day and a time.")))
        said = _("Snoozed until %(until)s", until=self._in_words(until))
        return self._put_away(conversation_id, said, "snooze", until)

    @expose(f"{ON_CONVERSATION}/resolve", methods=["POST"])
    @needs(Role.AGENT)
    def resolve(self, conversation_id: int) -> ResponseReturnValue:
        """The need is met."""
        outcome = request.form.get("outcome", "")
        return self._put_away(conversation_id, _("Resolved"), "resolve", outcome)

    @expose(f"{ON_CONVERSATION}/ignore", methods=["POST"])
    @needs(Role.AGENT)
    def ignore(self, conversation_id: int) -> ResponseReturnValue:
        """No answer is needed, and why."""
        reason = request.form.get("other", "").strip() or request.form.get("reason", "")
        return self._put_away(conversation_id, _("Ignored"), "ignore", reason)

    @expose(f"{ON_CONVERSATION}/reopen", methods=["POST"])
    @needs(Role.AGENT)
    def reopen(self, conversation_id: int) -> ResponseReturnValue:
        """Open it again."""
        return self._do(conversation_id, _("Opened again"), actions.reopen)

    @expose(f"{ON_REPLY}/undo", methods=["POST"])
    @needs(Role.AGENT)
    def undo(self, reply_id: int) -> ResponseReturnValue:
        """Take a reply back before it is sent; its text returns to the composer."""

        def work() -> ResponseReturnValue:
            undone = actions.undo_reply(self.runtime, self.actor, reply_id, now=self.now)
            return self._done(
                _asked_conversation(),
                _("Not sent. Your text is back."),
                text=undone.draft,
                mode=undone.mode,
                version=undone.version,
            )

        return self._try(_asked_conversation(), work)

    @expose(f"{ON_REPLY}/retry", methods=["POST"])
    @needs(Role.AGENT)
    def retry(self, reply_id: int) -> ResponseReturnValue:
        """Send a failed or unconfirmed reply once more."""
        return self._on_reply(reply_id, _("Sending again"), actions.retry_reply)

    @expose(f"{ON_REPLY}/sent", methods=["POST"])
    @needs(Role.AGENT)
    def was_sent(self, reply_id: int) -> ResponseReturnValue:
        """Somebody has looked: the reply does stand there."""
        return self._on_reply(reply_id, _("Noted as sent"), actions.confirm_reply_sent)

    @expose(f"{ON_REPLY}/find", methods=["POST"])
    @needs(Role.AGENT)
    def find(self, reply_id: int) -> ResponseReturnValue:
        """Look for the reply on the platform once more."""
        return self._on_reply(reply_id, _("Looking for it"), actions.find_reply_again)

    def _note(self, conversation_id: int) -> ResponseReturnValue:
        text = request.form.get("text", "")
        return self._do(conversation_id, _("Noted"), actions.add_note, text)

    def _reply(self, conversation_id: int) -> ResponseReturnValue:
        form = request.form
        then, _colon, moment = form.get("then", "").partition(":")
        chosen = custom(moment or form.get("when", ""), self.zone)
        if then in {"at", "snooze"} and chosen is None:
            msg = _("Choose a day and a time.")
            raise ActionRefused(msg)
        reply_id = actions.submit_reply(
            self.runtime,
            self.actor,
            conversation_id,
            message_id=_number(form.get("message", "")) or _latest(conversation_id),
            text=form.get("text", ""),
            surface=_surface(form.get("surface", "")),
            last_seen_message_id=_number(form.get("seen", "")) or 0,
            last_seen_reply_id=_number(form.get("seen_reply", "")),
            last_seen_note_id=_number(form.get("seen_note", "")),
            force=form.get("force") == "1",
            resolve_after=then == "resolve",
            snooze_until=chosen if then == "snooze" else None,
            send_at=chosen if then == "at" else None,
            accepted=frozenset(form.get("accepted", "").split(",")),
            saved_reply_id=_number(form.get("saved", "")),
            attachments=wanted_attachments(form),
            now=self.now,
        )
        undo = url_for("inbox.undo", reply_id=reply_id)
        if then == "at" and chosen:
            said = _("Scheduled for %(when)s", when=self._in_words(chosen))
            return self._done(conversation_id, said, undo=undo)
        wait = self.runtime.config.inbox.undo_seconds
        return self._done(
            conversation_id,
            _("Sending in %(n)s seconds", n=wait) if wait else _("Sending"),
            undo=undo if wait else "",
            seconds=wait,
        )

    def _in_words(self, moment: datetime) -> str:
        return dated(moment.astimezone(self.zone), _("EEE d MMM, HH:mm"))

    def _do(
        self,
        conversation_id: int,
        said: str,
        action: Callable[..., Any],
        *values: object,
    ) -> ResponseReturnValue:
        """One action on a conversation."""

        def work() -> ResponseReturnValue:
            action(self.runtime, self.actor, conversation_id, *values, now=self.now)
            return self._done(conversation_id, said)

        return self._try(conversation_id, work)

    def _put_away(
        self, conversation_id: int, said: str, change: str, value: object
    ) -> ResponseReturnValue:
        """Lay a conversation to rest, so that its status, due time and clocks can be put back."""

        def work() -> ResponseReturnValue:
            outcome = actions.change_many(
                self.runtime, self.actor, [conversation_id], change, value, now=self.now
            )
            for reason in outcome.failed.values():
                raise ActionRefused(reason)
            undo_id = outcome.undo_id
            undo = url_for("inbox.bulk_undo", undo_id=undo_id) if undo_id else ""
            return self._done(conversation_id, said, undo=undo, leaves=True)

        return self._try(conversation_id, work)

    def _on_reply(
        self, reply_id: int, said: str, action: Callable[..., Any]
    ) -> ResponseReturnValue:
        def work() -> ResponseReturnValue:
            action(self.runtime, self.actor, reply_id, now=self.now)
            return self._done(_asked_conversation(), said)

        return self._try(_asked_conversation(), work)

    def _try(
        self, conversation_id: int, work: Callable[[], ResponseReturnValue]
    ) -> ResponseReturnValue:
        try:
            return work()
        except ActionRefused as refused:
            if request.form.get("text") and not _wants_json():
                # Without a script the typed words live only in this request: give them back.
                view = View.parse(request.form.get("view")) or View()
                page = self.whole_page(
                    view,
                    conversation_id,
                    draft=request.form["text"],
                    refused=str(refused),
                    accepted=_codes(refused),
                )
                return page, 422
            return _refuse(conversation_id, refused)

    def _done(
        self, conversation_id: int, said: str, *, undo: str = "", **facts: object
    ) -> ResponseReturnValue:
        if _wants_json():
            return jsonify(said=said, undo=undo, **facts)
        say(said, undo=undo)
        return _back(conversation_id)


def _refuse(conversation_id: int, refused: ActionRefused) -> ResponseReturnValue:
    newer = refused.count if isinstance(refused, actions.NewerMessage) else 0
    codes = _codes(refused)
    if _wants_json():
        status = 409 if newer or codes else 422
        return jsonify(refused=str(refused), newer=newer, doubts=codes), status
    say(str(refused), "danger")
    return _back(conversation_id)


def _codes(refused: ActionRefused) -> str:
    """The doubts that held a reply back; who sends it again has answered them."""
    if not isinstance(refused, actions.NeedsConfirmation):
        return ""
    return ",".join(each.code for each in refused.cautions)


def _back(conversation_id: int) -> ResponseReturnValue:
    view = View.parse(request.form.get("view")) or View()
    return redirect(url_for("inbox.index", view=view.key, c=conversation_id or None), 303)


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _asked_conversation() -> int:
    """Which conversation a reply's button stands in; only used to show it again."""
    return _number(request.form.get("conversation", "")) or 0


def _latest(conversation_id: int) -> int:
    found = answerable(conversation_id)
    return found.id if found else 0


def _surface(text: str) -> Surface | None:
    try:
        return Surface(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    """An id from a form; None for anything no id can be."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


_MOST_DIGITS = 18
