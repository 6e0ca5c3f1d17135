"""Notifications: what somebody is told of, on a page, in the navigation, and by their browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from earful import actions
from earful.inbox.telling import in_words
from earful.store.queries.telling import count_unread, notices, unread_notices
from earful.store.states import AgentNotificationKind, Role
from earful.wording import mark
from flask import g, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import needs
from earful_admin.formats import at_most_99
from earful_admin.nav import NavItem
from earful_admin.views import PageView

__all__ = ["KINDS", "WAYS", "NoticesView", "news", "notices_word", "unread"]

MOST_AT_ONCE = 3
"""How many a browser shows at once: more would bury what somebody works on."""
KINDS: Mapping[AgentNotificationKind, str] = {
    AgentNotificationKind.MENTION: mark("Somebody names you in a note"),
    AgentNotificationKind.ASSIGNED: mark("A conversation is assigned to you"),
    AgentNotificationKind.TAKEOVER_ASKED: mark("Somebody asks to take over from you"),
    AgentNotificationKind.TAKEN_OVER: mark("A conversation of yours is given to somebody else"),
    AgentNotificationKind.REPLY_FAILED: mark("A reply of yours could not be sent"),
    AgentNotificationKind.REPLY_HELD: mark("A scheduled reply of yours was held back"),
    AgentNotificationKind.BULK_DONE: mark("A change to many conversations is finished"),
    AgentNotificationKind.RETURNED: mark("A conversation of yours went back to its queue"),
}
WAYS = {"page": mark("On the page"), "browser": mark("By the browser"), "mail": mark("By mail")}
_ICONS = {
    AgentNotificationKind.MENTION: "at-sign",
    AgentNotificationKind.ASSIGNED: "user-check",
    AgentNotificationKind.TAKEOVER_ASKED: "handshake",
    AgentNotificationKind.TAKEN_OVER: "user",
    AgentNotificationKind.REPLY_FAILED: "triangle-alert",
    AgentNotificationKind.REPLY_HELD: "calendar-clock",
    AgentNotificationKind.BULK_DONE: "check-check",
    AgentNotificationKind.RETURNED: "undo-2",
}


def unread() -> tuple[int, int]:
    """How many are unread, and the newest of them; read once a request."""
    if "unread_notices" not in g:
        g.unread_notices = count_unread(context.agent().id)
    found: tuple[int, int] = g.unread_notices
    return found


def notices_word() -> str:
    """Changes when there is something new, or when something has been read."""
    return ".".join(map(str, unread()))


def news(seen: str) -> dict[str, Any]:
    """The number, and what the browser shows: what came after the word that it had."""
    count, _ = unread()
    _, _, newest = seen.partition(".")
    known = newest.isascii() and newest.isdigit() and len(newest) <= len(str(2**62))
    found = (
        unread_notices(context.agent().id, after=int(newest), limit=MOST_AT_ONCE) if known else ()
    )
    muted = set(context.agent().muted)
    return {
        "count": count,
        "show": [
            {
                "id": each.id,
                "text": in_words(each),
                "url": f"{request.script_root}{each.path}",
            }
            for each in reversed(found)
            if f"{each.kind}.browser" not in muted
        ],
    }


class NoticesView(PageView):
    """Everybody's own. Opening a conversation reads what was told of it."""

    requires = Role.VIEWER
    icon = "bell"
    lede = "What concerns you while you look elsewhere."
    key = "n"

    def nav_items(self) -> Iterable[NavItem]:
        """One link, with how many are unread."""
        for item in super().nav_items():
            yield replace(item, count=at_most_99(unread()[0]))

    @expose("/")
    def index(self) -> str:
        """A page of them, the newest first."""
        lines = notices(context.agent().id, before=request.args.get("before", type=int))
        return str(
            self.render(
                "inbox/notices.html",
                lines=lines,
                in_words=in_words,
                icons=_ICONS,
                newest=unread()[1],
                is_first=request.args.get("before") is None,
            )
        )

    @expose("/read", methods=["POST"])
    @needs(Role.VIEWER)
    def read_all(self) -> ResponseReturnValue:
        """Everything that was shown has been read; what came since has not."""
        up_to = request.form.get("up_to", 0, int)
        if 0 < up_to < 2**63:
            actions.mark_all_told_read(self.runtime, self.actor, up_to, now=self.now)
        return redirect(self.get_url(".index"), 303)
