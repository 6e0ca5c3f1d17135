"""The search page: everything that was written, by its words and where it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from earful.components import Badge
from earful.store.database import TooSlow
from earful.store.queries.paging import Page
from earful.store.queries.search import Hit, find
from earful.store.queries.search_terms import LONGEST_SEARCH, Search, parse_search
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import request
from flask_admin import expose

from earful_admin import context
from earful_admin.inbox.listing import UNKNOWN_BADGE
from earful_admin.nav import NavItem
from earful_admin.views import PageView

__all__ = ["SearchView"]

WAYS = (
    ("parcel late", mark("both words, also as the beginning of longer ones")),
    ('"never arrived"', mark("exactly these words, in this order")),
    ("from:yuki", mark("who wrote it")),
    ("label:topic:refund", mark("a label; label:topic:* is any of its kind")),
    ("channel:shop queue:billing", mark("where it stands, by the beginning of the name")),
    ("after:2026-11-01 before:2026-12-01", mark("from a day on, and until the day before")),
    (
        "is:open",
        mark("or pending, snoozed, resolved, ignored, unassigned, mine, unread, private, public"),
    ),
)
TOO_SLOW = mark("This search takes too long. Add a word, a channel or a day.")


class SearchView(PageView):
    """Reads the index; the list's own box and the key / lead here."""

    requires = Role.VIEWER

    def nav_items(self) -> Iterable[NavItem]:
        """None: the list has a box of its own."""
        return ()

    @expose("/")
    def index(self) -> str:
        """The form, and one page of what was found."""
        asked = request.args.get("q", "")
        before = request.args.get("before", type=int)
        zone = context.zone()
        search = parse_search(asked, zone)
        page, said = self._find(search, before if before and 0 < before < 2**63 else None)
        return str(
            self.render(
                "inbox/search.html",
                asked=asked[:LONGEST_SEARCH],
                search=search,
                hits=page.items,
                next=page.next,
                before=before,
                said=said,
                ways=WAYS,
                longest=LONGEST_SEARCH,
                badge_of=self._badge,
            )
        )

    def _find(self, search: Search, before_id: int | None) -> tuple[Page[Hit], list[str]]:
        nothing: Page[Hit] = Page(items=())
        if search.mistakes or search.is_empty:
            return nothing, search.mistakes
        try:
            return find(search, agent_id=context.agent().id, before_id=before_id), []
        except TooSlow:
            return nothing, [_(TOO_SLOW)]

    def _badge(self, kind: str) -> Badge:
        known: Any = self.runtime.plugins.channel_types.get(kind)
        return known.badge if known else UNKNOWN_BADGE
