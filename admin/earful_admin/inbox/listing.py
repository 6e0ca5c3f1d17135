"""The list pane: which view in which order, its lines and counts, and what changed in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from earful import actions, wording
from earful.actions import Actor
from earful.components import Badge
from earful.errors import ActionRefused
from earful.runtime import Runtime
from earful.store.database import TooSlow
from earful.store.queries import changes, people
from earful.store.queries.inbox import Filter, View, counts, list_conversations, unread_of
from earful.store.queries.paging import Cursor
from earful.store.queries.views import ViewLine, filter_of, saved_views
from earful.store.states import ListOrder, Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import abort, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import may, needs
from earful_admin.assets import asset
from earful_admin.formats import at_most_99
from earful_admin.inbox.lines import Line, Lines, Look
from earful_admin.inbox.notices import news, unread
from earful_admin.inbox.presence import Presence, presence_state
from earful_admin.nav import NavItem

__all__ = ["LIST_KEYS", "Listing", "short_word", "word_of"]

TITLES = {
    "all": (mark("All open"), "inbox", "i"),
    "mine": (mark("Mine"), "user", "m"),
    "unassigned": (mark("Unassigned"), "circle-dot", "u"),
    "pending": (mark("Waiting"), "hourglass", ""),
    "snoozed": (mark("Snoozed"), "alarm-clock", ""),
    "resolved": (mark("Resolved"), "circle-check", ""),
    "ignored": (mark("Ignored"), "eye-off", ""),
}
IN_BAR = {"all", "mine", "unassigned"}
ORDERS = {
    ListOrder.DUE: mark("Due first"),
    ListOrder.NEWEST: mark("Newest first"),
    ListOrder.OLDEST: mark("Oldest first"),
    ListOrder.PRIORITY: mark("Priority first"),
}
LIST_KEYS = (
    ("j", mark("Next conversation")),
    ("k", mark("Previous conversation")),
    ("Enter", mark("Open it")),
    ("x", mark("Select it")),
    ("Shift x", mark("Select as far as here")),
    ("*", mark("Select all that are shown")),
    ("u", mark("Mark as unread")),
    ("f", mark("Change this view, or keep a new one")),
    ("/", mark("Search")),
)
UNKNOWN_BADGE = Badge(letters="?", colour="#59626f")
MOST_COUNTS_KEPT = 512
FIRST_PAGE = 40
MOST_ROWS = 500
"""How many lines a browser may want brought up to date."""
MOST_KNOWN = 100
"""How many lines a browser may say it has; a first page has forty."""


class Listing(Presence):
    """The endpoints of the list, and what the other parts of the inbox need to know of it."""

    runtime: Runtime
    actor: Actor
    now: datetime
    endpoint: str
    zone: ZoneInfo
    render: Any
    _lines_made: Lines | None = None
    _counted: dict[Any, dict[str, str]]

    # The navigation

    def nav_items(self) -> Iterable[NavItem]:
        """The views, then those that were kept, then the queues, each with its count."""
        shown = self._counts()
        here = request.args.get("view", "all") if request.blueprint == self.endpoint else None

        def item(view_key: str, label: str, **look: Any) -> NavItem:
            return NavItem(
                url=self._address(view_key, sort=None),
                label=label,
                count=shown.get(view_key),
                active=view_key == here,
                **look,
            )

        for name, (label, icon, key) in TITLES.items():
            yield item(name, _(label), icon=icon, key=key, group="Inbox", in_bar=name in IN_BAR)
        for line in self._saved():
            icon = "users" if line.shared else "bookmark"
            yield item(line.key, line.name, icon=icon, group="Views")
        for queue in self._queues():
            yield item(f"queue-{queue.id}", queue.name, dot=queue.colour, group="Queues")

    # Endpoints

    @expose("/inbox/list")
    def list(self) -> ResponseReturnValue:
        """The lines of a view alone: further ones, or the first page again."""
        return str(self.render("inbox/rows.html", **self._list(self._view())))

    @expose("/updates")
    def updates(self) -> ResponseReturnValue:
        """What changed since the words in the address; 204 for nothing. Asked every few seconds.

        `known` holds the lines that the browser has, each with its word: only others are sent.
        """
        wanted = request.args.get("c", type=int)
        self._tell_presence(wanted)
        here = self._others()
        words = {
            "state": word_of(self._state()),
            "presence": short_word(presence_state(here, wanted)),
            "notices": ".".join(map(str, unread())),
        }
        if wanted is not None:
            words["conversation"] = short_word(changes.conversation_state(wanted))
        changed = {name for name, word in words.items() if request.args.get(name) != word}
        if not changed:
            return "", 204
        answer: dict[str, Any] = {**words}
        if changed & {"presence", "conversation"}:
            answer |= self._drawn(here, wanted)
        if "notices" in changed:
            answer["told"] = news(request.args.get("notices", ""))
        if "state" in changed:
            answer |= self._changed_list(self._view())
        return answer

    @expose("/conversation/<int:conversation_id>/read", methods=["POST"])
    def read(self, conversation_id: int) -> ResponseReturnValue:
        """Whoever asks has seen it up to a message."""
        message_id = request.form.get("message", type=int)
        if not message_id or not 0 < message_id < 2**63:
            abort(400)
        actions.mark_read(self.runtime, self.actor, conversation_id, message_id, now=self.now)
        return "", 204

    @expose("/conversation/<int:conversation_id>/unread", methods=["POST"])
    @needs(Role.VIEWER)
    def unread(self, conversation_id: int) -> ResponseReturnValue:
        """Whoever asks wants to read it again."""
        try:
            actions.mark_unread(self.runtime, self.actor, conversation_id, now=self.now)
        except ActionRefused as refused:
            return jsonify(refused=str(refused)), 422
        return jsonify(said=_("Marked as unread"), unread=unread_of(context.agent().id))

    # What is shown

    def _list(self, view: View, limit: int = FIRST_PAGE) -> dict[str, Any]:
        title, line = self._title(view)
        order = self._order(view, line)
        shown = {
            "view": view,
            "view_title": title,
            "view_line": line,
            "view_count": self._counts().get(view.key),
            "order": order,
            "orders": ORDERS,
            "badge_of": self._badge,
            "address": self._address,
            "opened": request.args.get("c", type=int),
        }
        return shown | self._page_of(view, order, line, limit)

    def _page_of(
        self, view: View, order: ListOrder, line: ViewLine | None, limit: int
    ) -> dict[str, Any]:
        cursor = Cursor.parse(request.args.get("after"))
        try:
            page = list_conversations(
                view,
                agent_id=context.agent().id,
                order=order,
                narrowed=self._narrowed(line),
                after=cursor,
                limit=limit,
            )
        except TooSlow:
            return {"lines": (), "after": None, "is_first_page": True, "is_slow": True}
        return {
            "lines": self._lines(view, page.items),
            "after": page.next,
            "is_first_page": cursor is None,
            "is_slow": False,
        }

    def _changed_list(self, view: View) -> dict[str, Any]:
        rows = request.args.get("rows", FIRST_PAGE, type=int)
        found = self._list(view, min(max(rows, FIRST_PAGE), MOST_ROWS))
        lines: Sequence[Line] = found["lines"]
        pairs = request.args.get("known", "").split(",")[:MOST_KNOWN]
        known = dict(pair.partition(".")[::2] for pair in pairs)
        return {
            "order": [line.id for line in lines],
            "lines": {
                str(line.id): line.html for line in lines if known.get(str(line.id)) != line.word
            },
            "rest": self.render("inbox/rest.html", **found),
            "unread": unread_of(context.agent().id),
            "counts": {self._address(key, sort=None): n for key, n in self._counts().items()},
        }

    def _lines(self, view: View, rows: Sequence[Any]) -> Sequence[Line]:
        if self._lines_made is None:
            self._lines_made = Lines(current_app.jinja_env, self._badge, self.zone)
        look = Look(
            href=f"{self._address(view.key)}&c=",
            minute=self.now.replace(second=0, microsecond=0),
            language=wording.language(),
            can_act=may(Role.AGENT),
            shows_queue=view.name != "queue",
            sprite=asset("vendor/icons.svg"),
        )
        return [self._lines_made.line(row, look) for row in rows]

    # Which view, in which order

    def _view(self) -> View:
        view = View.parse(request.args.get("view"))
        if view is None:
            abort(404)
        return view

    def _title(self, view: View) -> tuple[str, ViewLine | None]:
        """What a view is called; and, of a kept one, what it says."""
        if view.saved_id is not None:
            line = next((each for each in self._saved() if each.id == view.saved_id), None)
            return (line.name, line) if line else abort(404)
        if view.queue_id is not None:
            names = {queue.id: queue.name for queue in self._queues()}
            return (str(names[view.queue_id]), None) if view.queue_id in names else abort(404)
        return _(TITLES[view.name][0]), None

    def _order(self, view: View, line: ViewLine | None) -> ListOrder:
        return _asked_order() or (line.order if line else view.order)

    def _narrowed(self, line: ViewLine | None) -> Filter | None:
        if line is None:
            return None
        return filter_of(line, agent_id=context.agent().id, now=self.now)

    def _address(self, view_key: str, **rest: Any) -> str:
        """The inbox with a view; in the order that was asked for, where it is the same view."""
        if view_key == request.args.get("view", "all"):
            rest.setdefault("sort", _asked_order())
        asked = {"view": view_key} | {name: each for name, each in rest.items() if each is not None}
        return f"{request.script_root}/?{urlencode(asked)}"

    def _badge(self, kind: str) -> Badge:
        known = self.runtime.plugins.channel_types.get(kind)
        return known.badge if known else UNKNOWN_BADGE

    # What a request reads once. The navigation stands on a page several times.

    def _queues(self) -> Any:
        if "inbox_queues" not in g:
            g.inbox_queues = people.queues()
        return g.inbox_queues

    def _saved(self) -> tuple[ViewLine, ...]:
        if "inbox_views" not in g:
            g.inbox_views = saved_views(context.agent().id)
        found: tuple[ViewLine, ...] = g.inbox_views
        return found

    def _state(self) -> str:
        if "inbox_state" not in g:
            g.inbox_state = changes.inbox_state()
        return str(g.inbox_state)

    def _counts(self) -> dict[str, str]:
        """Counted anew only after something happened, and each minute for what time changes."""
        if "inbox_counts" not in g:
            queue_ids = tuple(queue.id for queue in self._queues())
            agent_id, saved = context.agent().id, self._saved()
            views = tuple((line.id, line.version) for line in saved)
            key = (agent_id, self._state(), f"{self.now:%Y%m%d%H%M}", queue_ids, views)
            kept = self.__dict__.setdefault("_counted", {})
            if key not in kept:
                if len(kept) >= MOST_COUNTS_KEPT:
                    kept.clear()
                narrowed = {
                    line.key: filter_of(line, agent_id=agent_id, now=self.now) for line in saved
                }
                found = counts(queue_ids, agent_id=agent_id, saved=narrowed)
                kept[key] = {
                    each: at_most_99(count.found, is_cut=count.is_cut)
                    for each, count in found.items()
                }
            g.inbox_counts = kept[key]
        shown: dict[str, str] = g.inbox_counts
        return shown


def word_of(state: str) -> str:
    """A short word for a state; it also changes every minute, so that times stay true."""
    return short_word(f"{state}@{context.now():%Y%m%d%H%M}")


def short_word(state: str) -> str:
    """A short word that changes when a state does."""
    return hashlib.blake2s(state.encode(), digest_size=8).hexdigest()


def _asked_order() -> ListOrder | None:
    try:
        return ListOrder(request.args.get("sort", ""))
    except ValueError:
        return None
