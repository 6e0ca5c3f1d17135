"""The inbox page at `/`: what it shows, and the parts of it that are fetched again."""

from __future__ import annotations

from typing import Any

from earful.inbox.attaching import LARGEST
from earful.store.queries import changes, people
from earful.store.queries.attachments import unsent_attachments
from earful.store.queries.conversation import (
    ConversationPage,
    answerable,
    conversation_page,
    read_up_to,
)
from earful.store.queries.inbox import View, unread_of
from earful.store.queries.paging import Cursor
from earful.store.queries.platform_actions import deeds
from earful.store.queries.timeline import stretch_around, timeline
from earful.store.queries.writing import drafts, writing_facts
from earful.store.states import PriorityRank, Role
from earful.wording import mark
from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.inbox.acting import Acting
from earful_admin.inbox.attaching import Attaching
from earful_admin.inbox.bulk import IGNORE_REASONS, Bulk
from earful_admin.inbox.composing import composer, web_address
from earful_admin.inbox.entries import by_day
from earful_admin.inbox.judging import Judging
from earful_admin.inbox.listing import LIST_KEYS, Listing, short_word, word_of
from earful_admin.inbox.macros import Macros
from earful_admin.inbox.notices import notices_word
from earful_admin.inbox.on_platform import OnPlatform, offers
from earful_admin.inbox.snoozing import UNTIL_THEY_WRITE, snooze_choices
from earful_admin.inbox.writing import Writing
from earful_admin.views import PageView

__all__ = ["InboxView"]

KEYS = (
    *LIST_KEYS,
    ("r", mark("Reply")),
    ("n", mark("Write a note")),
    ("Ctrl Enter", mark("Send")),
    ("Ctrl Shift Enter", mark("Send and resolve")),
    ("e", mark("Resolve")),
    ("a", mark("Assign")),
    ("i", mark("Assign to me")),
    ("s", mark("Snooze")),
    ("m", mark("Run a macro")),
    ("p", mark("Priority")),
    ("t", mark("Labels of the newest message")),
    ("]", mark("Details")),
)


class InboxView(Listing, Bulk, Acting, Macros, Attaching, Writing, Judging, OnPlatform, PageView):
    """Reads the store, asks the channel's plugin what can be answered, and shows both."""

    requires = Role.VIEWER

    @expose("/")
    def index(self) -> ResponseReturnValue:
        """The whole page, or of the conversation the pane or only what stands around it."""
        view = self._view()
        wanted = request.args.get("c", type=int)
        if _asks_for("about") and wanted is not None:
            return str(self.render("inbox/about.html", **self._about(view, self._page(wanted))))
        if _asks_for("pane") and wanted is not None:
            return str(self.render("inbox/pane.html", **self._conversation(view, wanted)))
        return self.whole_page(view, wanted)

    def whole_page(
        self,
        view: View,
        wanted: int | None,
        *,
        draft: str = "",
        refused: str = "",
        accepted: str = "",
    ) -> str:
        """The page with its list, and a conversation if one is wanted."""
        opened = self._conversation(view, wanted) if wanted is not None else {}
        words = {"draft": draft, "refused": refused, "accepted": accepted}
        values = {**self._list(view), **opened, **words}
        word = word_of(self._state())
        return str(
            self.render(
                "inbox/page.html",
                state_word=word,
                notices_word=notices_word,
                unread=unread_of(context.agent().id),
                page_keys=KEYS,
                **values,
            )
        )

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
                zone=self.zone,
                snooze_choices=snooze_choices(self.now, self.zone),
                composer=self._composer(page, request.args.get("message", type=int)),
                largest_file=LARGEST,
            )
        )

    def _conversation(self, view: View, conversation_id: int) -> dict[str, Any]:
        page = conversation_page(conversation_id)
        if page is None:
            return {"page": None, "missing": True, "opened": conversation_id}
        read_to = read_up_to(conversation_id, context.agent().id)
        stretch = self._timeline(page, _until(conversation_id), read_to=read_to)
        return {"opened": conversation_id, **self._about(view, page), **stretch}

    def _about(self, view: View, page: ConversationPage) -> dict[str, Any]:
        """What stands around the timeline: the head, the details, the composer."""
        choices = snooze_choices(self.now, self.zone)
        return {
            "page": page,
            "row": page.row,
            "view": view,
            "composer": self._composer(page, request.args.get("m", type=int)),
            "conversation_word": short_word(changes.conversation_state(page.row.id)),
            "snooze_choices": choices,
            "until_they_write": UNTIL_THEY_WRITE,
            "largest_file": LARGEST,
            "agents": people.assignable_agents(),
            "queues": self._queues(),
            "priorities": list(reversed(PriorityRank)),
            "ignore_reasons": IGNORE_REASONS,
            "address": self._address,
            "badge_of": self._badge,
            "zone": self.zone,
            "web_address": web_address,
        }

    def _timeline(
        self, page: ConversationPage, until: Cursor | None, *, read_to: int | None = None
    ) -> dict[str, Any]:
        found = timeline(page.row.id, until=until)
        done = deeds([message.id for message in found.messages])
        return {
            "offers": offers(self.runtime, page.row.channel.name, done),
            "days": by_day(
                found, zone=self.zone, now=self.now, threads=page.threads, read_to=read_to
            ),
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
        agent_id = context.agent().id
        facts = writing_facts(page.row.id, agent_id)
        return composer(
            self.runtime,
            page,
            target,
            is_latest=is_latest,
            drafts=drafts(agent_id, page.row.id),
            attachments=unsent_attachments(agent_id, page.row.id),
            sign_off=facts.sign_off if facts else "",
            now=self.now,
        )

    def _page(self, conversation_id: int) -> ConversationPage:
        page = conversation_page(conversation_id)
        if page is None:
            abort(404)
        return page


def _until(conversation_id: int) -> Cursor | None:
    """Where the stretch ends that is asked for: by a cursor, or by a message to be in it."""
    message_id = request.args.get("at", 0, int)
    if 0 < message_id < 2**63:
        return stretch_around(conversation_id, message_id)
    return Cursor.parse(request.args.get("before"))


def _asks_for(target: str) -> bool:
    """Whether a script wants one part, and not a browser the whole page."""
    return request.headers.get("HX-Target") == target
