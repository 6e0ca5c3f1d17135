"""Queues: where conversations wait, how soon they are promised an answer, and which catches all."""

from __future__ import annotations

from typing import Any

from earful import actions
from earful.actions import COLOURS
from earful.store.models import Queue
from earful.store.queries import people
from earful.store.queries.inbox import Count, counts
from earful.store.states import AssignmentStrategy, Role
from earful.wording import gettext as _
from earful.wording import mark, ngettext
from flask import g, url_for
from markupsafe import Markup
from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput

from earful_admin import context
from earful_admin.formats import at_most_99, counted
from earful_admin.manage.tables import EditedTable

__all__ = ["QueuesView", "minutes_in_words"]

_LONGEST = 60 * 24 * 90
STRATEGIES = {
    AssignmentStrategy.BY_HAND: mark("By hand: people take what they answer"),
    AssignmentStrategy.ROUND_ROBIN: mark("Round robin: each in turn"),
    AssignmentStrategy.LEAST_LOADED: mark("Least loaded: who holds the fewest open conversations"),
    AssignmentStrategy.BY_SKILL: mark("By skill: who knows most of its labels and its language"),
}
"""Who gets what comes into a queue, in words."""
_COLOURS = (
    mark("Blue"), mark("Amber"), mark("Violet"), mark("Red"), mark("Green"), mark("Teal"),
    mark("Pink"), mark("Grey"),
)  # fmt: skip
"""The words of `COLOURS`, for translators."""


def minutes_in_words(minutes: int | None) -> str:
    """A target as people say it: 45 minutes, 1 hour, 1 hour 30 minutes, 2 days."""
    if not minutes:
        return ""
    days, rest = divmod(minutes, 60 * 24)
    hours, left = divmod(rest, 60)
    parts = (
        _("%(n)s days", n=days) if days > 1 else _("1 day") if days else "",
        ngettext("%(n)s hour", "%(n)s hours", hours) if hours else "",
        ngettext("%(n)s minute", "%(n)s minutes", left) if left else "",
    )
    return " ".join(part for part in parts if part)


def _open_counts() -> dict[str, Count]:
    """Open conversations by queue, read once a request."""
    if "open_counts" not in g:
        ids = [row.id for row in Queue.select(Queue.id)]
        g.open_counts = counts(ids, agent_id=context.agent().id)
    found: dict[str, Count] = g.open_counts
    return found


def _name(view: QueuesView, _context: Any, row: Queue, _name: str) -> Markup:
    fallback = Markup(' <span class="badge badge-accent">{}</span>').format(_("Fallback"))
    return Markup('<span class="queue"><span class="dot dot-{}"></span>{}</span>{}').format(
        row.colour, row.name, fallback if row.name == view.fallback else ""
    )


def _open(_view: QueuesView, _context: Any, row: Queue, _name: str) -> Markup:
    count = _open_counts().get(f"queue-{row.id}", Count(0))
    return Markup('<a href="{}">{}</a>').format(
        url_for("inbox.index", view=f"queue-{row.id}"), at_most_99(count.found)
    )


def _target(_view: QueuesView, _context: Any, row: Queue, _name: str) -> str:
    words = minutes_in_words(row.first_response_minutes)
    return words or Markup('<span class="muted">{}</span>').format(_("No target"))


def _in_range(_form: Any, field: Any) -> None:
    """As WTForms' own, but silent about what is no number: that is told already."""
    if field.data is None:
        raise StopValidation
    if not 1 <= field.data <= _LONGEST:
        words = _("Choose 1 to %(most)s minutes, or leave it empty.", most=counted(_LONGEST))
        raise ValidationError(words)


def _strategies() -> list[SelectChoice]:
    return [SelectChoice(each, _(words)) for each, words in STRATEGIES.items()]


def _people() -> list[SelectChoice]:
    """Everybody who may answer, those who may sign in first."""
    answering = [each for each in people.agents() if each.role >= Role.AGENT]
    return [SelectChoice(each.id, each.name) for each in answering]


class QueuesView(EditedTable):
    """The table of queues, and the form for one."""

    requires = Role.LEAD
    requires_to_change = Role.ADMIN
    icon = "layers"
    lede = mark("Where conversations wait until somebody answers.")
    key = "q"
    new_label = mark("New queue")
    empty_title = mark("No queue yet")
    empty_text = mark(
        "Earful makes the fallback queue with the first message. Add one for each team."
    )
    can_create = can_edit = True
    list_template = "manage/queues.html"
    create_template = edit_template = "manage/queue.html"
    column_list = ("name", "description", "first_response_minutes", "open", "active")
    column_labels = {
        "name": mark("Name"), "description": mark("Description"), "active": mark("Active"),
        "first_response_minutes": mark("First response"), "open": mark("Open"),
    }  # fmt: skip
    column_sortable_list = ("name", "first_response_minutes", "active")
    column_default_sort = [("active", True), ("position", False), ("name", False)]
    column_formatters = {"name": _name, "open": _open, "first_response_minutes": _target}
    form_columns = (
        "name", "description", "colour", "first_response_minutes", "assignment", "members",
        "position", "active",
    )  # fmt: skip
    form_overrides = {
        "colour": RadioField, "assignment": SelectField, "members": SelectMultipleField
    }  # fmt: skip
    form_args = {
        "description": {"description": mark("One line that tells colleagues what belongs here.")},
        "colour": {
            "choices": [SelectChoice(each, each.capitalize()) for each in COLOURS],
            "validators": [],
        },
        "first_response_minutes": {
            "label": mark("First response within (minutes)"),
            "description": mark("Counted in business hours. Leave it empty for no target."),
            "validators": [Optional(), _in_range],
        },
        "assignment": {
            "label": mark("Assignment"),
            "choices": _strategies,
            "default": AssignmentStrategy.BY_HAND,
            "coerce": AssignmentStrategy,
            "validators": [],
            "description": mark(
                "People who are away or full get none. Skills and limits are set for each person."
            ),
        },
        "members": {
            "label": mark("Members"),
            "choices": _people,
            "coerce": int,
            "validators": [],
            "option_widget": CheckboxInput(),
            "description": mark(
                "It gives its conversations to these people only. Without any, to everybody."
            ),
        },
        "position": {
            "label": mark("Position"),
            "description": mark("Queues are listed by this number, the smallest first."),
        },
        "active": {
            "description": mark("A queue that is switched off is offered nowhere any more.")
        },
    }

    @property
    def fallback(self) -> str:
        """The queue for what nothing placed."""
        return self.runtime.config.inbox.fallback_queue

    def create(self, data: dict[str, Any]) -> Queue:
        row: Queue = Queue.get_by_id(self._save(None, data))
        return row

    def change(self, row: Queue, data: dict[str, Any]) -> None:
        self._save(row.id, data)

    def _save(self, queue_id: int | None, data: dict[str, Any]) -> int:
        return actions.save_queue(
            self.runtime,
            self.actor,
            queue_id,
            name=data["name"] or "",
            description=data["description"] or "",
            colour=data["colour"],
            first_response_minutes=data["first_response_minutes"],
            position=data["position"] or 0,
            active=data["active"],
            assignment=data["assignment"],
            members=data["members"] or (),
            now=self.now,
        )
