"""Every page of the admin, in the order of the navigation. A new page is added here.

Enabling a page needs a restart: Flask takes no new addresses after the first request.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from earful.store.states import Role
from flask_admin import BaseView, expose

from earful_admin.profile import ProfileView
from earful_admin.views import PageView

__all__ = ["inbox", "pages"]


class _Minimal(PageView):
    requires = Role.VIEWER
    icon = "inbox"
    in_bar = True
    key = "i"

    @expose("/")
    def index(self) -> str:
        return str(self.render("base.html"))


def inbox() -> BaseView:
    """The page at `/`."""
    view = _Minimal
    if find_spec("earful_admin.inbox") and find_spec("earful_admin.inbox.views"):
        view = import_module("earful_admin.inbox.views").InboxView
    return view(name="Inbox", category="Inbox", endpoint="inbox", url="/")


def pages() -> list[Any]:
    """The other pages, each with its category."""
    manage: list[Any] = []
    if find_spec("earful_admin.manage"):
        manage = import_module("earful_admin.manage").views()
    return [*manage, ProfileView(name="Profile", endpoint="profile", url="/profile")]
