"""Every page of the admin, in the order of the navigation. A new page is added here.

Enabling a page needs a restart: Flask takes no new addresses after the first request.
"""

from __future__ import annotations

from typing import Any

from earful.wording import mark
from flask_admin import BaseView

from earful_admin import manage
from earful_admin.contacts import ContactsView
from earful_admin.inbox.keeping import KeepingView
from earful_admin.inbox.notices import NoticesView
from earful_admin.inbox.searching import SearchView
from earful_admin.inbox.views import InboxView
from earful_admin.profile import ProfileView

__all__ = ["inbox", "pages"]


def inbox() -> BaseView:
    """The page at `/`."""
    return InboxView(name=mark("Inbox"), category=mark("Inbox"), endpoint="inbox", url="/")


def pages() -> list[Any]:
    """The other pages."""
    return [
        NoticesView(
            name=mark("Notifications"),
            category=mark("Inbox"),
            endpoint="notices",
            url="/notifications",
        ),
        SearchView(name=mark("Search"), category=mark("Inbox"), endpoint="search", url="/search"),
        KeepingView(name=mark("Views"), category=mark("Inbox"), endpoint="views", url="/views"),
        ContactsView(
            name=mark("Contacts"), category=mark("Inbox"), endpoint="contacts", url="/contacts"
        ),
        *manage.views(),
        ProfileView(name=mark("Profile"), endpoint="profile", url="/profile"),
    ]
