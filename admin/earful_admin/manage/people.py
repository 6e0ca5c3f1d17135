"""People: who may sign in and as what, their passwords and their sessions."""

from __future__ import annotations

from typing import Any

from earful import actions
from earful.errors import ActionRefused
from earful.store.database import transaction
from earful.store.models import Agent, Queue
from earful.store.queries.references import initials_of
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose
from flask_admin.form import BaseForm
from markupsafe import Markup
from wtforms import BooleanField, EmailField, IntegerField, PasswordField, RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, Optional

from earful_admin import context, passwords
from earful_admin.access import needs
from earful_admin.formats import tint, words
from earful_admin.manage.tables import EditedTable
from earful_admin.toasts import say

__all__ = ["ABILITIES", "PeopleView"]

ABILITIES = (
    (mark("Read the inbox, conversations and reports"), Role.VIEWER),
    (mark("Reply, note, assign, label, snooze and resolve"), Role.AGENT),
    (
        mark("See queues, policies, channels and plugins; pause, resume and test channels"),
        Role.LEAD,
    ),
    (
        mark("Change queues and policies, manage people, read the audit, replay and retry"),
        Role.ADMIN,
    ),
)
"""What each role adds to the ones below it."""

_ROLE_HELP = {
    Role.VIEWER: mark("Reads; changes nothing."),
    Role.AGENT: mark("Answers customers."),
    Role.LEAD: mark("Looks after channels too."),
    Role.ADMIN: mark("Sets everything up."),
}


class _RoleField(RadioField):
    def __init__(self, label: str, **options: Any) -> None:
        choices = [
            SelectChoice(each.name, f"{words(each)}: {_(_ROLE_HELP[each])}") for each in Role
        ]
        self.enum = Role
        super().__init__(label, choices=choices, coerce=_role_name, **options)


def _role_name(value: Any) -> str:
    return str(value.name if isinstance(value, Role) else value)


class _EditForm(BaseForm):
    name = StringField(
        mark("Name"), [InputRequired(mark("Enter the name colleagues use.")), Length(max=200)]
    )
    initials = StringField(
        mark("Initials"),
        [Length(max=4, message=mark("Use at most 4 characters."))],
        description=mark("They can sign replies: ^SB. Left empty, they are made from the name."),
    )
    role = _RoleField(mark("Role"), default=Role.AGENT.name)
    capacity = IntegerField(
        mark("Open conversations at most"),
        [Optional()],
        description=mark(
            "How many a queue may give them by itself. Empty for no limit, 0 for none."
        ),
    )
    skills = StringField(
        mark("Skills"),
        [Length(max=2000)],
        description=mark(
            "Labels and languages they know best, with commas: billing, topic:tv, de."
        ),
    )
    away = BooleanField(
        mark("Away"),
        description=mark("Gets no conversations; the open ones go back to their queues."),
    )
    active = BooleanField(
        mark("May sign in"),
        description=mark("Switched off, all their sessions end; what they did stays."),
    )


class _AddForm(BaseForm):
    email = EmailField(
        mark("E-mail"), [InputRequired(mark("Enter the address they sign in with."))]
    )
    name = _EditForm.name
    initials = _EditForm.initials
    role = _EditForm.role
    password = PasswordField(
        mark("First password"),
        [InputRequired(mark("Enter a first password."))],
        description=mark(
            "At least 10 characters. Tell it to them yourself; they change it in their profile."
        ),
        render_kw={"autocomplete": "new-password", "maxlength": passwords.MOST_LENGTH},
    )


def _name(_view: PeopleView, _context: Any, row: Agent, _name: str) -> Markup:
    you = Markup(' <span class="badge badge-accent">{}</span>').format(_("You"))
    return Markup(
        '<span class="person"><span class="avatar small tint-{}" aria-hidden="true">{}</span>'
        "<span>{}</span></span>{}"
    ).format(
        tint(row.name),
        row.initials[:2] or initials_of(row.name),
        row.name,
        you if row.id == context.agent().id else "",
    )


def _role(_view: PeopleView, _context: Any, row: Agent, _name: str) -> Markup:
    kind = {Role.ADMIN: "accent", Role.LEAD: "note"}.get(row.role, "plain")
    return Markup('<span class="badge badge-{}">{}</span>').format(kind, words(row.role))


def _active(_view: PeopleView, _context: Any, row: Agent, _name: str) -> Markup:
    kind, word = ("ok", _("Yes")) if row.active else ("plain", _("No"))
    return Markup('<span class="badge badge-{}">{}</span>').format(kind, word)


class PeopleView(EditedTable):
    """The table of people, and the forms for one of them."""

    requires = Role.ADMIN
    icon = "users"
    lede = mark("Who may sign in, and what they may do.")
    new_label = mark("Add a person")
    can_create = can_edit = True
    list_template = "manage/people.html"
    create_template = edit_template = "manage/person.html"
    column_list = ("name", "email", "role", "active", "last_sign_in_at")
    column_labels = {
        "email": mark("E-mail"), "active": mark("May sign in"),
        "last_sign_in_at": mark("Last signed in"),
    }  # fmt: skip
    column_searchable_list = ("name", "email")
    column_filters = ("role",)
    column_sortable_list = ("name", "email", "role", "last_sign_in_at")
    column_default_sort = [("active", True), ("name", False)]
    column_formatters = {"name": _name, "role": _role, "active": _active}
    # The row holds more than the forms below should ever touch.
    form_columns = ("name",)
    abilities = ABILITIES

    def queues_of(self, row: Agent) -> list[Queue]:
        """The queues that name this person as a member."""
        queues = Queue.select(Queue.id, Queue.name, Queue.colour, Queue.members)
        return [each for each in queues.order_by(Queue.name) if row.id in each.members]

    def get_create_form(self) -> type[_AddForm]:
        return _AddForm

    def get_edit_form(self) -> type[_EditForm]:
        return _EditForm

    def edit_form(self, obj: Agent | None = None) -> BaseForm:
        form = super().edit_form(obj)
        if request.method == "GET" and obj is not None:
            form.skills.data = ", ".join(obj.skills)
        return form

    def create(self, data: dict[str, Any]) -> Agent:
        if mistake := passwords.mistake_in(
            data["password"], email=data["email"], name=data["name"]
        ):
            raise ActionRefused(mistake, field="password")
        agent_id = actions.add_agent(
            self.runtime,
            self.actor,
            email=data["email"],
            name=data["name"],
            role=data["role"],
            password=data["password"],
            initials=data["initials"] or "",
            now=self.now,
        )
        row: Agent = Agent.get_by_id(agent_id)
        return row

    def change(self, row: Agent, data: dict[str, Any]) -> None:
        with transaction():
            if data["name"] != row.name or (data["initials"] or "") != row.initials:
                actions.update_profile(
                    self.runtime,
                    self.actor,
                    row.id,
                    name=data["name"],
                    initials=data["initials"] or initials_of(data["name"]),
                    now=self.now,
                )
            if data["role"] is not row.role:
                actions.set_role(self.runtime, self.actor, row.id, data["role"], now=self.now)
            actions.set_share(
                self.runtime,
                self.actor,
                row.id,
                capacity=data["capacity"],
                skills=(data["skills"] or "").split(","),
                now=self.now,
            )
            actions.set_away(self.runtime, self.actor, row.id, away=data["away"], now=self.now)
            if data["active"] != row.active:
                actions.set_agent_active(
                    self.runtime, self.actor, row.id, active=data["active"], now=self.now
                )

    @expose("/password/<int:agent_id>", methods=["POST"])
    @needs(Role.ADMIN)
    def set_password(self, agent_id: int) -> ResponseReturnValue:
        row, password = self._row(agent_id), request.form.get("new_password", "")
        if mistake := passwords.mistake_in(password, email=row.email, name=row.name):
            say(_("The password was not changed. %(why)s", why=mistake), "danger")
        else:
            actions.set_password(self.runtime, self.actor, agent_id, password, now=self.now)
            say(_("%(name)s has a new password and is signed out everywhere.", name=row.name))
        return redirect(self.get_url(".edit_view", id=agent_id), 303)

    @expose("/sessions/<int:agent_id>", methods=["POST"])
    @needs(Role.ADMIN)
    def end_sessions(self, agent_id: int) -> ResponseReturnValue:
        row = self._row(agent_id)
        actions.end_sessions(self.runtime, self.actor, agent_id, now=self.now)
        say(_("%(name)s is signed out everywhere.", name=row.name))
        return redirect(self.get_url(".edit_view", id=agent_id), 303)

    @expose("/return/<int:agent_id>", methods=["POST"])
    @needs(Role.ADMIN)
    def return_conversations(self, agent_id: int) -> ResponseReturnValue:
        row = self._row(agent_id)
        count = actions.return_conversations(self.runtime, self.actor, agent_id, now=self.now)
        say(
            _(
                "%(n)s open conversations of %(name)s are back in their queues.",
                n=count,
                name=row.name,
            )
        )
        return redirect(self.get_url(".edit_view", id=agent_id), 303)

    def _row(self, agent_id: int) -> Agent:
        row: Agent | None = self.get_one(agent_id)
        if row is None:
            raise ActionRefused(_("This person does not exist."))
        return row
