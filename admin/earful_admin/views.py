"""What every page and every table of the admin is made of.

`PageView` is a page with endpoints of its own; `TableView` lists, shows and edits one model. Both
carry the access rule, the templates and the corrections that Flask-Admin needs. Reading is theirs;
a change is always a call into `earful.actions`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar

import peewee
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import flash, request, url_for
from flask_admin import BaseView
from flask_admin.contrib.peewee import ModelView
from markupsafe import Markup

from earful_admin import context
from earful_admin.access import may
from earful_admin.formats import exactly, words
from earful_admin.forms import Converter, Filters, field_errors, label_of
from earful_admin.nav import NavItem

__all__ = ["PageView", "TableView"]

logger = logging.getLogger(__name__)


class _Page:
    """The access rule and the look that pages and tables share."""

    requires: ClassVar[Role | None] = None
    """The least role that may open it. A page that says nothing can't be opened."""
    icon: ClassVar[str] = "file-text"
    """Its icon in the navigation: a name from `admin/icons.txt`."""
    lede: ClassVar[str] = ""
    """One sentence under the heading that says what the page is for."""
    key: ClassVar[str] = ""
    """What to press after `g` to go there."""
    in_bar: ClassVar[bool] = False
    """Whether it stands in the bar of narrow screens."""

    name: Any
    category: Any
    endpoint: str
    _default_view: str

    def role_for(self, endpoint: str) -> Role | None:  # noqa: ARG002
        """The role for one of its endpoints, where that does not declare one itself."""
        return self.requires

    def is_accessible(self) -> bool:
        return self.requires is not None and may(self.requires)

    def nav_items(self) -> Iterable[NavItem]:
        """Its links in the navigation; one by default."""
        yield NavItem(
            label=_(str(self.name)),
            url=self.get_url(f".{self._default_view}"),
            icon=self.icon,
            group=self.category or "",
            active=request.blueprint == self.endpoint,
            key=self.key,
            in_bar=self.in_bar,
        )

    def get_url(self, endpoint: str, **values: Any) -> str:
        """An address; `.name` is an endpoint of this page, whichever page is being made."""
        return url_for(self.endpoint + endpoint if endpoint[0] == "." else endpoint, **values)

    @property
    def runtime(self) -> Runtime:
        """The installation."""
        return context.runtime()

    @property
    def actor(self) -> Actor:
        """Who asks."""
        return context.actor()

    @property
    def now(self) -> datetime:
        """The moment the request began."""
        return context.now()

    def _run_view(self, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        # Flask-Admin's own takes any TypeError for an old signature and hides where it came from.
        return view(self, *args, **kwargs)


class PageView(_Page, BaseView):
    """A page with endpoints of its own."""


def _switch(view: Any, value: bool, name: str) -> Markup:  # noqa: ARG001, FBT001
    kind, word = ("ok", _("Yes")) if value else ("plain", _("No"))
    return Markup('<span class="badge badge-{}">{}</span>').format(kind, word)


def _moment(view: Any, value: datetime, name: str) -> Markup:  # noqa: ARG001
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), exactly(value))


def _member(view: Any, value: Enum, name: str) -> str:  # noqa: ARG001
    return words(value)


def _nothing(view: Any, value: None, name: str) -> Markup:  # noqa: ARG001
    return Markup('<span class="muted" aria-label="{}">\u2013</span>').format(_("None"))


def _blank(view: Any, value: None, name: str) -> str:  # noqa: ARG001
    return ""


def _plain_moment(view: Any, value: datetime, name: str) -> str:  # noqa: ARG001
    return value.isoformat()


class TableView(_Page, ModelView):
    """Lists one model. Give `create`, `change` or `remove` a body to let people change it."""

    requires_to_change: ClassVar[Role | None] = None
    """The least role for new, edit, delete and bulk actions; `requires` where it is not given."""
    joined: ClassVar[tuple[Any, ...]] = ()
    """Foreign keys shown in the list, read in the same query."""
    empty_title: ClassVar[str] = mark("Nothing here yet")
    empty_text: ClassVar[str] = ""
    new_label: ClassVar[str] = mark("New")

    list_template = "model/list.html"
    create_template = "model/form.html"
    edit_template = "model/form.html"
    details_template = "model/details.html"
    can_create = can_edit = can_delete = False
    column_display_actions = True
    column_type_formatters = {
        type(None): _nothing, bool: _switch, datetime: _moment, Enum: _member
    }  # fmt: skip
    column_type_formatters_detail = column_type_formatters
    column_type_formatters_export = {type(None): _blank, datetime: _plain_moment, Enum: _member}
    model_form_converter = Converter
    filter_converter = Filters()
    named_filter_urls = True
    page_size = 50
    can_set_page_size = False
    export_max_rows = 10_000
    _changing: ClassVar = frozenset({"create_view", "edit_view", "delete_view", "action_view"})
    # Endpoints for a front end that we do not load.
    ajax_update = ajax_lookup = None

    def create(self, data: dict[str, Any]) -> Any:
        """Make a row through `earful.actions` and return it."""
        raise NotImplementedError

    def change(self, row: Any, data: dict[str, Any]) -> None:
        """Change a row through `earful.actions`; `row` is as it was read."""
        raise NotImplementedError

    def remove(self, row: Any) -> None:
        """Remove or retire a row through `earful.actions`."""
        raise NotImplementedError

    def role_for(self, endpoint: str) -> Role | None:
        if endpoint in self._changing and self.requires_to_change is not None:
            return self.requires_to_change
        return self.requires

    def may_change(self) -> bool:
        """Whether who asks may use new, edit and delete, where the table has them."""
        role = self.requires_to_change if self.requires_to_change is not None else self.requires
        return role is not None and may(role)

    def row_title(self, row: Any) -> str:
        """What a row is called in headings and links."""
        return str(getattr(row, "name", None) or f"{_(str(self.name))} {self.get_pk_value(row)}")

    def row_url(self, row: Any, back: str) -> str:
        """Where a row's first cell leads: its details, else its form, else nowhere."""
        number = self.get_pk_value(row)
        if self.can_view_details:
            return str(self.get_url(".details_view", id=number, url=back))
        if self.can_edit and self.may_change():
            return str(self.get_url(".edit_view", id=number, url=back))
        return ""

    def has_row_actions(self) -> bool:
        """Whether rows have a column of buttons."""
        return self.may_change() and (self.can_edit or self.can_delete)

    def form_mistakes(self, form: Any) -> list[tuple[str, str]]:
        """Every mistake with the id of its field, for the summary above the form."""
        whole = [("", str(error)) for error in form.form_errors]
        return whole + [
            (field.id, f"{_(field.label.text)}: {e}") for field, e in field_errors(form)
        ]

    def search_placeholder(self) -> str:
        return _("Search")

    def get_column_name(self, field: Any) -> str:
        labels = self.column_labels or {}
        name = field if isinstance(field, str) else field.name
        return _(str(labels[name])) if name in labels else label_of(name)

    def get_query(self) -> Any:
        query = self.model.select(self.model, *(key.rel_model for key in self.joined))
        for key in self.joined:
            query = query.join_from(self.model, key.rel_model, peewee.JOIN.LEFT_OUTER, on=key)
        return query

    def _handle_join(self, query: Any, field: Any, joins: set[str]) -> Any:
        if any(field.model is key.rel_model for key in self.joined):
            return query
        return super()._handle_join(query, field, joins)

    def _get_list_filter_args(self) -> Any:
        """An empty filter is one that is not used; Flask-Admin calls it invalid."""
        wanted = []
        for key, (index, each) in (self._filter_args or {}).items():
            value = request.args.get(f"flt{index}_{key}", "").strip()
            if value and each.validate(value):
                wanted.append((index, str(each.name), value))
            elif value:
                said = _("%(value)s is not a value to filter by.", value=repr(value))
                flash(f"{each.name}: {said}", "danger")
        return wanted

    def _get_filters(self, filters: Any) -> dict[str, str]:
        """The filters in use as arguments of an address."""
        return {
            f"flt{index}_{self.get_filter_arg(index, self._filters[index])}": value
            for index, _, value in filters or ()
        }

    def get_export_value(self, model: Any, name: str) -> Any:
        """A spreadsheet must not take a text for a formula."""
        value = super().get_export_value(model, name)
        if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
            return f"'{value}"
        return value

    def _get_list_extra_args(self) -> Any:
        given = super()._get_list_extra_args()
        given.page = max(given.page or 0, 0)
        return given

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        """The row, or None; PostgreSQL would refuse what is not a number."""
        is_number = isinstance(self.model._meta.primary_key, peewee.AutoField)
        return None if is_number and not str(id).isdecimal() else super().get_one(id)

    def create_model(self, form: Any) -> Any:
        return self._attempt(form, lambda: self.create(_data(form)))

    def update_model(self, form: Any, model: Any) -> bool:
        def change() -> bool:
            self.change(model, _data(form))
            return True

        return self._attempt(form, change) is True

    def delete_model(self, model: Any) -> bool:
        try:
            self.remove(model)
        except ActionRefused as refused:
            flash(str(refused), "danger")
            return False
        return True

    def _attempt(self, form: Any, work: Callable[[], Any]) -> Any:
        """Do it, or put the reason above the form. No one reads the database's own words."""
        try:
            return work()
        except ActionRefused as refused:
            reason = str(refused)
        except peewee.IntegrityError:
            logger.warning("endpoint=%s refused by the database", self.endpoint, exc_info=True)
            reason = _("This does not fit with what is stored already: is the name in use?")
        form.form_errors.append(reason)
        return False

    def is_action_allowed(self, name: str) -> bool:
        # Flask-Admin's own bulk delete takes everything with it that hangs on a row.
        return name != "delete" and bool(super().is_action_allowed(name))


def _data(form: Any) -> dict[str, Any]:
    """The form's values by column, choices as members of their enums."""
    data: dict[str, Any] = {}
    for field in form:
        if field.name == "csrf_token":
            continue
        enum = getattr(field, "enum", None)
        data[field.name] = enum[field.data] if enum and field.data else field.data
    return data
