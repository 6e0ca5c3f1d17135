"""Macros: several steps in one, one's own and the team's."""

from __future__ import annotations

from typing import Any

from earful import actions
from earful.errors import ActionRefused, ConfigError
from earful.inbox.text import MAX_TEXT
from earful.inbox.variables import VARIABLES
from earful.policies import MACRO_STEPS, compile_actions, macro_in_words
from earful.store.models import Macro
from earful.store.queries import people
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose
from markupsafe import Markup

from earful_admin import context
from earful_admin.access import may
from earful_admin.manage.macro_draft import LONGEST_NAME, MacroDraft
from earful_admin.manage.policy_check import Names
from earful_admin.manage.tables import EditedTable
from earful_admin.toasts import say

__all__ = ["MacrosView", "effects"]


def effects(steps: Any, text: str) -> str:
    """What a macro does, in words; "" where this version of Earful cannot read it."""
    try:
        return macro_in_words(compile_actions(steps, MACRO_STEPS), begins_reply=bool(text))
    except ConfigError:
        return ""


def _effects(_view: Any, _context: Any, row: Macro, _name: str) -> Markup:
    words = effects(row.steps, row.text) or _("It cannot be run as it stands: edit it.")
    return Markup('<bdi class="muted">{}</bdi>').format(words)


def _owner(_view: Any, _context: Any, row: Macro, _name: str) -> Markup:
    kind, word = ("plain", _("Only you")) if row.owner_id else ("accent", _("The team"))
    return Markup('<span class="badge badge-{}">{}</span>').format(kind, word)


class MacrosView(EditedTable):
    """The table of macros, and the form for one, with rows as a policy's."""

    requires = Role.AGENT
    icon = "play"
    lede = mark("Several steps in one. Press m in a conversation to run one.")
    new_label = mark("New macro")
    empty_title = mark("No macro yet")
    empty_text = mark("Put together what you do often: a queue, a label, a reply to begin with.")
    can_create = can_edit = can_delete = True
    column_list = ("name", "steps", "owner")
    column_labels = {"name": mark("Name"), "steps": mark("What it does"), "owner": mark("For")}
    column_sortable_list = ("name",)
    column_searchable_list = ("name", "text")
    column_default_sort = ("name", False)
    column_formatters = {"steps": _effects, "owner": _owner}
    form_columns = ("name",)

    def get_query(self) -> Any:
        mine = Macro.owner.is_null() | (Macro.owner == context.agent().id)
        return super().get_query().where(mine)

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        row = super().get_one(id)
        is_theirs = row is not None and row.owner_id not in (None, context.agent().id)
        return None if is_theirs else row

    @expose("/new/", methods=["GET", "POST"])
    def create_view(self) -> ResponseReturnValue:
        """The form for a new one; what it sends."""
        return self._answer(None) if request.method == "POST" else self._form(None, MacroDraft())

    @expose("/edit/", methods=["GET", "POST"])
    def edit_view(self) -> ResponseReturnValue:
        """The form for one that is kept; what it sends."""
        row = self.get_one(request.args.get("id", ""))
        if row is None:
            abort(404)
        if request.method == "POST":
            return self._answer(row)
        return self._form(row, MacroDraft.of(row))

    def remove(self, row: Macro) -> None:
        actions.delete_macro(self.runtime, self.actor, row.id, now=self.now)

    def _answer(self, row: Macro | None) -> ResponseReturnValue:
        """One press of a button in the form."""
        draft, step = MacroDraft.read(request.form), request.form.get("step", "save")
        if step not in {"save", "preview"}:
            draft.change(step)
            return self._form(row, draft, at=step)
        is_fine = draft.check(self._names())
        if step == "preview":
            return self._form(row, draft, said=is_fine), 200 if is_fine else 422
        if is_fine and self._save(row, draft):
            return redirect(self.get_url(".index_view"), 303)
        return self._form(row, draft), 422

    def _save(self, row: Macro | None, draft: MacroDraft) -> bool:
        try:
            actions.save_macro(
                self.runtime,
                self.actor,
                row.id if row else None,
                name=draft.name,
                steps=draft.wishes(),
                text=draft.text,
                shared=draft.shared,
                now=self.now,
            )
        except actions.InvalidMacro as invalid:
            draft.mistakes += [("", mistake) for mistake in invalid.mistakes]
            return False
        except ActionRefused as refused:
            draft.mistakes.append(("", str(refused)))
            return False
        say(_("%(what)s is saved.", what=draft.name.strip()))
        return True

    def _form(
        self, row: Macro | None, draft: MacroDraft, *, said: bool = False, at: str = ""
    ) -> str:
        is_read = row is not None and request.method == "GET"
        return str(
            self.render(
                "manage/macro.html",
                row=row,
                draft=draft,
                names=self._names(),
                kinds=MACRO_STEPS,
                longest_name=LONGEST_NAME,
                longest_text=MAX_TEXT,
                sentence=effects(draft.wishes(), draft.text) if said or is_read else "",
                is_asked=said,
                variables=VARIABLES,
                may_change=row is None or row.owner_id is not None or may(Role.LEAD),
                may_share=may(Role.LEAD),
                at=at,
            )
        )

    def _names(self) -> Names:
        """Real names to choose from."""
        queues = tuple(queue.name for queue in people.queues())
        return Names(queues=queues, agents=people.agent_emails(), facts={})
