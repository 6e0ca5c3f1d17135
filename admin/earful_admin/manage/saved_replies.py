"""Saved replies: texts to begin an answer from, one's own and the team's."""

from __future__ import annotations

from typing import Any

from earful import actions
from earful.errors import ActionRefused
from earful.inbox.text import one_line
from earful.inbox.variables import VARIABLES
from earful.store.models import Channel, SavedReply
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import request
from markupsafe import Markup
from wtforms import BooleanField, SelectMultipleField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput, ListWidget

from earful_admin import context
from earful_admin.access import may
from earful_admin.manage.tables import EditedTable

__all__ = ["SavedRepliesView"]


class _Checkboxes(SelectMultipleField):
    """Several of a few choices."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _channels(_view: Any, _context: Any, row: SavedReply, _name: str) -> Markup | str:
    if not row.channels:
        return Markup('<span class="muted">{}</span>').format(_("Everywhere"))
    return Markup(" ").join(Markup('<span class="badge">{}</span>').format(n) for n in row.channels)


def _owner(_view: Any, _context: Any, row: SavedReply, _name: str) -> Markup:
    kind, word = ("plain", _("Only you")) if row.owner_id else ("accent", _("The team"))
    return Markup('<span class="badge badge-{}">{}</span>').format(kind, word)


def _text(_view: Any, _context: Any, row: SavedReply, _name: str) -> Markup:
    return Markup('<bdi class="muted">{}</bdi>').format(one_line(row.text, 120))


def _channel_choices() -> list[tuple[str, str]]:
    rows = Channel.select(Channel.name, Channel.title).order_by(Channel.title, Channel.name)
    return [(row.name, row.title or row.name) for row in rows.limit(500)]


class SavedRepliesView(EditedTable):
    """The table of saved replies, and the form for one."""

    requires = Role.AGENT
    icon = "zap"
    lede = mark("Texts to begin an answer from. Write / in a reply to insert one.")
    new_label = mark("New saved reply")
    empty_title = mark("No saved reply yet")
    empty_text = mark(
        "Write what you answer often, once. Variables such as the name fill themselves in."
    )
    can_create = can_edit = can_delete = True
    create_template = edit_template = "manage/saved_reply.html"
    column_list = ("name", "text", "owner", "channels", "used", "used_at")
    column_labels = {
        "name": mark("Name"), "text": mark("Text"), "channels": mark("Channels"),
        "owner": mark("For"), "used": mark("Used"), "used_at": mark("Last used"),
    }  # fmt: skip
    column_sortable_list = ("name", "used", "used_at")
    column_searchable_list = ("name", "text")
    column_default_sort = ("name", False)
    column_formatters = {"channels": _channels, "owner": _owner, "text": _text}
    form_columns = ("name", "text")
    form_args = {
        "name": {"description": mark("What to find it by, after /.")},
        "text": {
            "description": mark("The platform counts what is sent, not what stands here."),
            "validators": [InputRequired(mark("Write what it says."))],
        },
    }
    form_extra_fields = {
        "channels": _Checkboxes(mark("Channels"), choices=_channel_choices, validate_choice=False),
        "shared": BooleanField(mark("For the whole team")),
    }

    @property
    def variables(self) -> Any:
        """Every variable with its meaning, for the form."""
        return VARIABLES

    def may_share(self) -> bool:
        """Whether who asks may make and change the team's."""
        return may(Role.LEAD)

    def get_query(self) -> Any:
        mine = SavedReply.owner.is_null() | (SavedReply.owner == context.agent().id)
        return super().get_query().where(mine)

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        row = super().get_one(id)
        is_theirs = row is not None and row.owner_id not in (None, context.agent().id)
        return None if is_theirs else row

    def edit_form(self, obj: Any = None) -> Any:
        form = super().edit_form(obj)
        if obj is not None and request.method == "GET":
            form.shared.data = obj.owner_id is None
        return form

    def create(self, data: dict[str, Any]) -> SavedReply:
        row: SavedReply = SavedReply.get_by_id(self._save(None, data))
        return row

    def change(self, row: SavedReply, data: dict[str, Any]) -> None:
        self._save(row.id, data)

    def remove(self, row: SavedReply) -> None:
        actions.delete_saved_reply(self.runtime, self.actor, row.id, now=self.now)

    def _save(self, number: int | None, data: dict[str, Any]) -> int:
        if data["shared"] and not self.may_share():
            msg = _("Only leads keep the team's saved replies.")
            raise ActionRefused(msg)
        return actions.save_saved_reply(
            self.runtime,
            self.actor,
            number,
            name=data["name"] or "",
            text=data["text"] or "",
            channels=data["channels"] or (),
            shared=bool(data["shared"]),
            now=self.now,
        )
