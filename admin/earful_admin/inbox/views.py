"""The inbox page at `/`: what it shows, and the parts of it that are fetched again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from earful.components import Badge
from earful.store.queries import changes, people
from earful.store.queries.conversation import ConversationPage, answerable, conversation_page
from earful.store.queries.inbox import View, counts, list_conversations
from earful.store.queries.paging import Cursor
from earful.store.queries.timeline import timeline
from earful.store.states import PriorityRank, Role
from flask import abort, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.inbox.acting import Acting
from earful_admin.inbox.composing import composer, web_address
from earful_admin.inbox.entries import by_day
from earful_admin.inbox.judging import Judging
from earful_admin.inbox.snoozing import snooze_choices
from earful_admin.nav import NavItem
from earful_admin.views import PageView

__all__ = ["InboxView"]

TITLES = {
    "all": ("All open", "inbox", "i"),
    "mine": ("Mine", "user", "m"),
    "unassigned": ("Unassigned", "circle-dot", "u"),
    "pending": ("Waiting", "hourglass", ""),
    "snoozed": ("Snoozed", "alarm-clock", ""),
    "resolved": ("Resolved", "circle-check", ""),
    "ignored": ("Ignored", "eye-off", ""),
}
IN_BAR = {"all", "mine", "unassigned"}
IGNORE_REASONS = (
    "Spam",
    "Not about us",
    "Just a remark",
    "Only wants to argue",
    "Already answered",
)
KEYS = (
    ("j", "Next conversation"),
    ("k", "Previous conversation"),
    ("Enter", "Open it"),
    ("r", "Reply"),
    ("n", "Write a note"),
    ("Ctrl Enter", "Send"),
    ("Ctrl Shift Enter", "Send and resolve"),
    ("e", "Resolve"),
    ("a", "Assign"),
    ("i", "Assign to me"),
    ("s", "Snooze"),
    ("p", "Priority"),
    ("t", "Labels of the newest message"),
    ("]", "Details"),
)
UNKNOWN_BADGE = Badge(letters="?", colour="#59626f")


class InboxView(Acting, Judging, PageView):
    """Reads the store, asks the channel's plugin what can be answered, and shows both."""

    requires = Role.VIEWER

    def nav_items(self) -> Iterable[NavItem]:
        """The views, then the queues, each with its count."""
        shown = self._counts()
        here = request.args.get("view", "all") if request.blueprint == self.endpoint else None
        for name, (label, icon, key) in TITLES.items():
            yield self._nav_item(
                name,
                here,
                shown,
                label=label,
                icon=icon,
                key=key,
                group="Inbox",
                in_bar=name in IN_BAR,
            )
        for queue in self._queues():
            yield self._nav_item(
                f"queue-{queue.id}",
                here,
                shown,
                label=queue.name,
                dot=queue.colour,
                group="Queues",
            )

    def _nav_item(
        self, view_key: str, here: str | None, shown: dict[str, int], **item: Any
    ) -> NavItem:
        return NavItem(
            url=self._address(view_key), count=shown.get(view_key), active=view_key == here, **item
        )

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """The whole page, or only the conversation where htmx asks for that pane."""
        view = self._view()
        wanted = request.args.get("c", type=int)
        if _asks_for("pane") and wanted is not None:
            html = self.render("inbox/pane.html", **self._conversation(view, wanted))
            return html, 200, {"HX-Push-Url": self._address(view.key, c=wanted)}
        return self.whole_page(view, wanted)

    def whole_page(
        self, view: View, wanted: int | None, *, draft: str = "", refused: str = ""
    ) -> str:
        """The page with its list, and a conversation if one is wanted."""
        opened = self._conversation(view, wanted) if wanted is not None else {}
        values = {**self._list(view), **opened, "draft": draft, "refused": refused}
        word = _word(changes.inbox_state())
        return str(self.render("inbox/page.html", list_word=word, page_keys=KEYS, **values))

    @expose("/inbox/list")
    def list(self) -> ResponseReturnValue:
        """The rows of a view alone: further ones, or the first page again."""
        return str(self.render("inbox/rows.html", **self._list(self._view())))

    @expose("/conversation/<int:conversation_id>/earlier")
    def earlier(self, conversation_id: int) -> ResponseReturnValue:
        """The stretch of a long conversation before a cursor."""
        cursor = Cursor.parse(request.args.get("before"))
        if cursor is None:
            abort(404)
        page = self._page(conversation_id)
        return str(
            self.render(
                "inbox/earlier.html",
                page=page,
                view=self._view(),
                **self._timeline(page, cursor),
            )
        )

    @expose("/conversation/<int:conversation_id>/composer")
    def composer_for(self, conversation_id: int) -> ResponseReturnValue:
        """The composer for answering another message than the last one."""
        page = self._page(conversation_id)
        return str(
            self.render(
                "inbox/composer.html",
                page=page,
                view=self._view(),
                draft="",
                refused="",
                composer=self._composer(page, request.args.get("message", type=int)),
            )
        )

    @expose("/updates")
    def updates(self) -> ResponseReturnValue:
        """What changed since the words in the address; 204 for nothing. Asked every few seconds."""
        wanted = request.args.get("c", type=int)
        words = {"list": _word(changes.inbox_state())}
        if wanted is not None:
            words["conversation"] = _word(changes.conversation_state(wanted))
        if all(request.args.get(name) == word for name, word in words.items()):
            return "", 204
        shown = self._counts()
        return {**words, "counts": {self._address(key): n for key, n in shown.items()}}

    def _list(self, view: View) -> dict[str, Any]:
        cursor = Cursor.parse(request.args.get("after"))
        page = list_conversations(view, agent_id=context.agent().id, after=cursor)
        return {
            "view": view,
            "view_title": self._title(view),
            "view_count": self._counts().get(view.key),
            "rows": page.items,
            "after": page.next,
            "is_first_page": cursor is None,
            "badge_of": self._badge,
            "address": self._address,
            "opened": request.args.get("c", type=int),
        }

    def _conversation(self, view: View, conversation_id: int) -> dict[str, Any]:
        page = conversation_page(conversation_id)
        if page is None:
            return {"page": None, "missing": True, "opened": conversation_id}
        choices = snooze_choices(self.now, self.zone)
        return {
            "page": page,
            "view": view,
            "opened": conversation_id,
            "composer": self._composer(page, request.args.get("m", type=int)),
            "conversation_word": _word(changes.conversation_state(conversation_id)),
            "snooze_choices": choices,
            "agents": people.assignable_agents(),
            "queues": self._queues(),
            "priorities": list(reversed(PriorityRank)),
            "ignore_reasons": IGNORE_REASONS,
            "address": self._address,
            "draft": "",
            "refused": "",
            **self._timeline(page, Cursor.parse(request.args.get("before"))),
        }

    def _timeline(self, page: ConversationPage, until: Cursor | None) -> dict[str, Any]:
        found = timeline(page.row.id, until=until)
        return {
            "days": by_day(found, zone=self.zone, now=self.now),
            "earlier": found.earlier,
            "is_cut": until is not None,
            "badge_of": self._badge,
            "address": self._address,
            "zone": self.zone,
            "web_address": web_address,
            "label_questions": self.label_questions,
        }

    def _composer(self, page: ConversationPage, message_id: int | None) -> Any:
        latest = answerable(page.row.id)
        target = answerable(page.row.id, message_id) if message_id is not None else latest
        is_latest = latest is None or (target is not None and target.id == latest.id)
        return composer(self.runtime, page, target, is_latest=is_latest, now=self.now)

    def _page(self, conversation_id: int) -> ConversationPage:
        page = conversation_page(conversation_id)
        if page is None:
            abort(404)
        return page

    def _view(self) -> View:
        view = View.parse(request.args.get("view"))
        if view is None:
            abort(404)
        return view

    def _title(self, view: View) -> str:
        if view.queue_id is None:
            return TITLES[view.name][0]
        names = {queue.id: queue.name for queue in self._queues()}
        if view.queue_id not in names:
            abort(404)
        return str(names[view.queue_id])

    def _address(self, view_key: str, **rest: Any) -> str:
        return str(url_for(f"{self.endpoint}.index", view=view_key, **rest))

    def _badge(self, kind: str) -> Badge:
        known = self.runtime.plugins.channel_types.get(kind)
        return known.badge if known else UNKNOWN_BADGE

    def _queues(self) -> Any:
        # The navigation stands on a page several times: its reads are made once a request.
        if "inbox_queues" not in g:
            g.inbox_queues = people.queues()
        return g.inbox_queues

    def _counts(self) -> dict[str, int]:
        if "inbox_counts" not in g:
            ids = [queue.id for queue in self._queues()]
            g.inbox_counts = counts(ids, agent_id=context.agent().id)
        found: dict[str, int] = g.inbox_counts
        return found


def _asks_for(target: str) -> bool:
    """Whether htmx wants one part, and not a whole page for its history."""
    headers = request.headers
    return headers.get("HX-Target") == target and not headers.get("HX-History-Restore-Request")


def _word(state: str) -> str:
    """A short word for a state; it also changes every minute, so that times stay true."""
    minute = f"{context.now():%Y%m%d%H%M}"
    return hashlib.blake2s(f"{state}@{minute}".encode(), digest_size=8).hexdigest()
