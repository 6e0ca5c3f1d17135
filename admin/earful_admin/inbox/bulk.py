"""Many conversations at once: the bar, the change, what was refused, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.database import TooSlow
from earful.store.queries import people
from earful.store.queries.inbox import MOST_AT_ONCE, MOST_IN_A_JOB, contact_names, list_ids
from earful.store.states import PriorityRank, Role
from earful.types import Priority
from earful.wording import gettext as _
from earful.wording import mark, ngettext
from flask import abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import needs
from earful_admin.inbox.bulk_jobs import BulkJobs, wants_json
from earful_admin.inbox.snoozing import UNTIL_THEY_WRITE, custom, snooze_choices
from earful_admin.toasts import say

__all__ = ["IGNORE_REASONS", "Bulk"]

IGNORE_REASONS = (
    mark("Spam"),
    mark("Not about us"),
    mark("Just a remark"),
    mark("Only wants to argue"),
    mark("Already answered"),
)
DONE: Mapping[str, Callable[[int], str]] = {
    "assign": lambda n: ngettext("%(n)s conversation assigned", "%(n)s conversations assigned", n),
    "queue": lambda n: ngettext("%(n)s conversation moved", "%(n)s conversations moved", n),
    "priority": lambda n: ngettext(
        "%(n)s conversation given another priority", "%(n)s conversations given another priority", n
    ),
    "label": lambda n: ngettext("%(n)s conversation labelled", "%(n)s conversations labelled", n),
    "snooze": lambda n: ngettext("%(n)s conversation snoozed", "%(n)s conversations snoozed", n),
    "resolve": lambda n: ngettext("%(n)s conversation resolved", "%(n)s conversations resolved", n),
    "ignore": lambda n: ngettext("%(n)s conversation ignored", "%(n)s conversations ignored", n),
    "macro": lambda n: ngettext(
        "Macro run on %(n)s conversation", "Macro run on %(n)s conversations", n
    ),
}
MOST_NAMED = 20
"""How many refusals are told one by one."""


class Bulk(BulkJobs):
    """The endpoints for many conversations; each needs the role agent."""

    runtime: Runtime
    actor: Actor
    now: datetime
    zone: ZoneInfo
    render: Any
    _view: Any
    _title: Any
    _order: Any
    _narrowed: Any
    _queues: Any

    @expose("/inbox/bulk", methods=["GET"])
    @needs(Role.AGENT)
    def bulk_bar(self) -> ResponseReturnValue:
        """What can be done with the selected ones; fetched with the first selection."""
        return str(
            self.render(
                "inbox/bulk.html",
                agents=people.assignable_agents(),
                queues=self._queues(),
                priorities=list(reversed(PriorityRank)),
                snooze_choices=snooze_choices(self.now, self.zone),
                until_they_write=UNTIL_THEY_WRITE,
                ignore_reasons=IGNORE_REASONS,
            )
        )

    @expose("/inbox/select")
    @needs(Role.AGENT)
    def select(self) -> ResponseReturnValue:
        """The first conversations of a view, by id: what "select all" means."""
        view = self._view()
        line = self._title(view)[1]
        try:
            ids = list_ids(
                view,
                agent_id=context.agent().id,
                order=self._order(view, line),
                narrowed=self._narrowed(line),
            )
        except TooSlow:
            return jsonify(refused=_("This view takes too long to read. Narrow it.")), 422
        return jsonify(ids=ids, most=MOST_IN_A_JOB)

    @expose("/inbox/bulk", methods=["POST"])
    @needs(Role.AGENT)
    def bulk(self) -> ResponseReturnValue:
        """One change to all that were selected."""
        change = request.form.get("change", "")
        if change not in DONE:
            abort(400)
        ids = _ids(request.form.get("ids", ""))
        try:
            value = self._value(change, request.form.get("value", "").strip())
            if len(ids) > MOST_AT_ONCE:
                return self.start_job(ids, change, value)
            outcome = actions.change_many(
                self.runtime, self.actor, ids, change, value, now=self.now
            )
        except ActionRefused as refused:
            return jsonify(refused=str(refused)), 422
        undo = outcome.undo_id
        return jsonify(
            said=DONE[change](len(outcome.done)) if outcome.done else "",
            undo=url_for("inbox.bulk_undo", undo_id=undo) if undo else "",
            done=list(outcome.done),
            failed=_named(outcome.failed),
            failures=len(outcome.failed),
        )

    @expose("/inbox/bulk/<int:undo_id>/undo", methods=["POST"])
    @needs(Role.AGENT)
    def bulk_undo(self, undo_id: int) -> ResponseReturnValue:
        """Put back what a change of one's own changed."""
        try:
            back, kept = actions.undo_many(self.runtime, self.actor, undo_id, now=self.now)
        except ActionRefused as refused:
            if not wants_json():
                say(str(refused), "danger")
                return redirect(url_for("inbox.index"), 303)
            return jsonify(refused=str(refused)), 422
        why = dict.fromkeys(kept, _("Somebody changed it since; it stays as it is."))
        if not wants_json():
            say(_as_before(len(back)) if back else next(iter(why.values())))
            return redirect(url_for("inbox.index", c=next(iter(back), None)), 303)
        return jsonify(
            said=_as_before(len(back)) if back else "",
            failed=_named(why),
            failures=len(kept),
        )

    def _value(self, change: str, text: str) -> Any:
        """What the action of a change takes beside the conversation."""
        match change:
            case "assign":
                return self.actor.agent_id if text == "me" else _number(text)
            case "queue":
                return _number(text) or 0
            case "priority":
                return _priority(text)
            case "snooze":
                return _until(text, self.zone)
            case "macro":
                return actions.plan_macro(self.runtime, self.actor, _number(text) or 0)
        return text


def _priority(text: str) -> Priority:
    try:
        return Priority(text)
    except ValueError:
        msg = _("Choose a priority.")
        raise ActionRefused(msg) from None


def _until(text: str, zone: ZoneInfo) -> datetime | None:
    if text == UNTIL_THEY_WRITE:
        return None
    until = custom(text, zone)
    if until is None:
        msg = _("Choose a day and a time.")
        raise ActionRefused(msg)
    return until


def _as_before(n: int) -> str:
    return ngettext("%(n)s conversation as before", "%(n)s conversations as before", n)


def _named(reasons: Mapping[int, str]) -> list[dict[str, Any]]:
    names = contact_names(list(reasons)[:MOST_NAMED])
    return [
        {"id": key, "name": names.get(key, _("A conversation")), "reason": reasons[key]}
        for key in list(reasons)[:MOST_NAMED]
    ]


def _ids(text: str) -> list[int]:
    """Numbers with commas between; more than can be changed at once are kept, to be refused."""
    parts = text.split(",", MOST_IN_A_JOB + 1)[: MOST_IN_A_JOB + 1]
    return [number for number in map(_number, parts) if number]


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


_MOST_DIGITS = 18
