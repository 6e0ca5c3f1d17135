"""The audit: who did what, when, and what it changed. Read only, for the database too."""

from __future__ import annotations

import json
from typing import Any

from earful.store.models import AuditEvent
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import g, request
from flask_admin.contrib.peewee.filters import FilterEqual, FilterLike
from markupsafe import Markup

from earful_admin.formats import words
from earful_admin.forms import Since
from earful_admin.views import TableView

__all__ = ["AuditView", "Until", "changed"]

_NAMES = (
    mark("Agent"), mark("Channel"), mark("Contact"), mark("Contact field"), mark("Conversation"),
    mark("Installation"), mark("Job"), mark("Message"), mark("Notification"), mark("Payload"),
    mark("Policy"), mark("Queue"), mark("Saved reply"), mark("Setting"), mark("View"),
    mark("Action"), mark("Actions"), mark("Assignment"), mark("Capacity"), mark("Channels"),
    mark("Colour"), mark("Conditions"), mark("Conversations"), mark("Count"), mark("Enabled"),
    mark("Field"), mark("First response minutes"), mark("Id"), mark("Messages"), mark("Once"),
    mark("Position"), mark("Purpose"), mark("Shared"), mark("Skills"), mark("Value"),
    mark("Version"), mark("Vip"), mark("In force"), mark("Timezone"), mark("Week"),
    mark("Holidays"), mark("Saved by"), mark("Saved at"), mark("Members"),
)  # fmt: skip
"""What events are about and what they change, as `words` says it; for translators."""
_LONGEST = 2000
_LONGEST_SUMMARY = 60


class Until(Since):
    """Rows up to the end of a day."""

    def apply(self, query: Any, value: Any) -> Any:
        end = value.replace(hour=23, minute=59, second=59, microsecond=999_999)
        return query.where(self.column <= end)


def changed(before: Any, after: Any) -> list[tuple[str, str, str]]:
    """What an event changed: (what, before, after), texts cut where they become too long."""
    old = before if isinstance(before, dict) else {} if before is None else {"value": before}
    new = after if isinstance(after, dict) else {} if after is None else {"value": after}
    return [(words(key), _text(old, key), _text(new, key)) for key in {**old, **new}]


def _text(values: dict[str, Any], key: str) -> str:
    if key not in values:
        return ""
    value = values[key]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text, _LONGEST)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}\u2026"


def _change(_view: Any, _context: Any, row: AuditEvent, _name: str) -> Markup:
    found = changed(row.before, row.after)
    if not found:
        return Markup('<span class="muted">\u2013</span>')
    lines = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}{}</dd></div>").format(
            what, Markup("<del>{}</del> ").format(old) if old else "", new
        )
        for what, old, new in found
    )
    short = ", ".join(what for what, _, _ in found)
    return Markup(
        '<details class="change"><summary>{}</summary><dl class="facts">{}</dl></details>'
    ).format(_cut(short, _LONGEST_SUMMARY), lines)


def _object(_view: Any, _context: Any, row: AuditEvent, _name: str) -> Markup:
    return Markup('<span class="nowrap">{} {}</span>{}').format(
        words(row.object_kind),
        row.object_id,
        Markup('<br><span class="muted">{}</span>').format(row.summary) if row.summary else "",
    )


def _action(_view: Any, _context: Any, row: AuditEvent, _name: str) -> Markup:
    return Markup("<code>{}</code>").format(row.action)


def _as_json(_view: Any, _context: Any, row: AuditEvent, name: str) -> str:
    value = getattr(row, name)
    return "" if value is None else json.dumps(value, ensure_ascii=False)


class AuditView(TableView):
    """The table of audit events, newest first, a page of ids at a time."""

    requires = Role.ADMIN
    icon = "history"
    lede = mark("Who did what, and when. Lines are only ever added; nobody can change one.")
    empty_title = mark("Nothing happened yet")
    empty_text = mark("Sign-ins and every change that people make will stand here.")
    list_template = "manage/audit.html"
    column_list = ("at", "actor", "action", "object_kind", "after")
    column_labels = {
        "at": mark("When"), "actor": mark("Who"), "action": mark("Action"),
        "object_kind": mark("What"), "after": mark("Changed"),
    }  # fmt: skip
    column_sortable_list = ()
    column_default_sort = ("id", True)
    column_filters = (
        FilterLike(AuditEvent.actor, mark("Who")),
        FilterLike(AuditEvent.action, mark("Action")),
        FilterEqual(AuditEvent.object_kind, mark("Kind of thing")),
        FilterEqual(AuditEvent.object_id, mark("Its id")),
        Since(AuditEvent.at, mark("From")),
        Until(AuditEvent.at, mark("Until")),
    )
    column_formatters = {"action": _action, "object_kind": _object, "after": _change}
    can_export = True
    export_types = ("csv",)
    column_export_list = (
        "id", "at", "actor", "action", "object_kind", "object_id", "summary", "before", "after"
    )  # fmt: skip
    column_formatters_export = {"before": _as_json, "after": _as_json}
    simple_list_pager = True
    page_size = 50

    def row_title(self, row: AuditEvent) -> str:
        return _("%(action)s by %(actor)s", action=row.action, actor=row.actor)

    def _get_list_extra_args(self) -> Any:
        """Other filters begin at the newest line again."""
        found = super()._get_list_extra_args()
        found.extra_args.pop("before", None)
        return found

    def get_list(self, page: Any, *args: Any, **options: Any) -> Any:  # noqa: ARG002
        """A page that starts behind the id in `before`: the last page costs what the first does."""
        size = options.pop("page_size", None) or self.page_size
        options["execute"] = False
        _, query = super().get_list(0, *args, page_size=size + 1, **options)
        before = request.args.get("before", type=int)
        if before is not None:
            query = query.where(AuditEvent.id < before)
        found = list(query)
        g.audit_next = found[size - 1].id if len(found) > size else None
        return None, found[:size]
