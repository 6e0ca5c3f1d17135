"""The editor of kept views: what they ask, how many they find, and who sees them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from earful import actions
from earful.errors import ActionRefused
from earful.policies import VIEW_FACTS, compile_condition, condition_in_words, view_operators
from earful.store.database import TooSlow
from earful.store.queries import channels, people
from earful.store.queries.conditions import view_condition
from earful.store.queries.inbox import Filter, View, count_filter
from earful.store.queries.views import ViewLine, saved_view, saved_views
from earful.store.states import ConversationStatus, Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import may
from earful_admin.formats import counted, words
from earful_admin.inbox.listing import ORDERS
from earful_admin.inbox.view_draft import ViewDraft, ViewRow
from earful_admin.manage.policy_draft import GROUPS
from earful_admin.nav import NavItem
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["KeepingView"]

HINTS = {"texts": mark("several, with commas between"), "number": mark("a number")}


class KeepingView(PageView):
    """Everybody keeps views; a lead shares them. A shared one is read-only for all others."""

    requires = Role.VIEWER

    def nav_items(self) -> Iterable[NavItem]:
        """None: the views themselves are in the navigation."""
        return ()

    @expose("/")
    def index(self) -> str:
        """One's own views and the shared ones."""
        lines = saved_views(context.agent().id)
        return str(self.render("inbox/views.html", lines=lines, words=_in_words))

    @expose("/new", methods=["GET"])
    def new(self) -> str:
        """An empty form, or one that begins with the queue that was open."""
        return self._editor(None, self._begun())

    @expose("/new", methods=["POST"])
    def create(self) -> ResponseReturnValue:
        """One press of a button in the form of a new view."""
        return self._answer(None)

    @expose("/<int:view_id>", methods=["GET"])
    def show(self, view_id: int) -> str:
        """The form with what a view says."""
        line = self._line(view_id)
        return self._editor(line, ViewDraft.of(line))

    @expose("/<int:view_id>", methods=["POST"])
    def change(self, view_id: int) -> ResponseReturnValue:
        """One press of a button in a view's form."""
        return self._answer(self._line(view_id))

    @expose("/<int:view_id>/delete", methods=["POST"])
    def delete(self, view_id: int) -> ResponseReturnValue:
        """Remove it for good."""
        line = self._line(view_id)
        actions.delete_view(self.runtime, self.actor, view_id, now=self.now)
        say(_("\u201c%(name)s\u201d is removed. No conversation changed.", name=line.name))
        return redirect(url_for("inbox.index"), 303)

    def _line(self, view_id: int) -> ViewLine:
        return saved_view(view_id, context.agent().id) or abort(404)

    def _begun(self) -> ViewDraft:
        draft = ViewDraft()
        base = View.parse(request.args.get("base"))
        names = {queue.id: queue.name for queue in people.queues()}
        if base and base.queue_id in names:
            draft.rows[1] = ViewRow(1, "ask", "conversation.queue", "is", names[base.queue_id])
        elif base and base.name == "mine":
            draft.rows[1] = ViewRow(1, "ask", "conversation.assignee", "is", "me")
        elif base and base.name in set(ConversationStatus):
            draft.status = ConversationStatus(base.name)
        return draft

    def _answer(self, line: ViewLine | None) -> ResponseReturnValue:
        draft, step = ViewDraft.read(request.form), request.form.get("step", "save")
        if step == "preview":
            found = self._count(draft) if draft.check() else None
            return self._editor(line, draft, found=found), 422 if draft.mistakes else 200
        if step != "save":
            return self._editor(line, draft, at=draft.change(step), is_changed=True)
        if draft.check() and (key := self._save(line, draft)):
            return redirect(url_for("inbox.index", view=f"view-{key}"), 303)
        return self._editor(line, draft, is_changed=True), 422

    def _save(self, line: ViewLine | None, draft: ViewDraft) -> int | None:
        try:
            key = actions.save_view(
                self.runtime,
                self.actor,
                line.id if line else None,
                name=draft.name,
                conditions=draft.conditions(),
                status=draft.status,
                order=draft.order,
                shared=draft.shared,
                version=draft.version,
                now=self.now,
            )
        except actions.InvalidView as invalid:
            draft.mistakes += [
                ("name" if "name" in each else "", each) for each in invalid.mistakes
            ]
            return None
        except ActionRefused as refused:
            draft.mistakes.append(("", str(refused)))
            return None
        say(_("\u201c%(name)s\u201d is kept.", name=draft.name.strip()))
        return key

    def _count(self, draft: ViewDraft) -> str:
        """How many it finds now, in words."""
        where = view_condition(draft.conditions(), agent_id=context.agent().id, now=self.now)
        try:
            count, is_more = count_filter(Filter(draft.status, where))
        except TooSlow:
            return _(
                "This takes too long to count. Ask less, or narrow it to a queue or a channel."
            )
        if not count and not is_more:
            return _("No conversation matches now.")
        if count == 1 and not is_more:
            return _("1 conversation matches now.")
        shown = f"{counted(count)}{'+' if is_more else ''}"
        return _("%(count)s conversations match now.", count=shown)

    def _editor(
        self,
        line: ViewLine | None,
        draft: ViewDraft,
        *,
        found: str | None = None,
        at: int = 0,
        is_changed: bool = False,
    ) -> str:
        is_mine = line is None or line.owner_id == context.agent().id
        return str(
            self.render(
                "inbox/view.html",
                line=line,
                draft=draft,
                root=draft.nodes(),
                may_change=is_mine or may(Role.LEAD),
                found=found,
                at=at,
                is_changed=is_changed,
                sentence=_in_words(line),
                facts=list(VIEW_FACTS),
                operators=view_operators,
                groups=GROUPS,
                hints=HINTS,
                statuses=list(ConversationStatus),
                orders=ORDERS,
                choices=self._choices(),
            )
        )

    def _choices(self) -> dict[str, Any]:
        """Real names to choose from."""
        return {
            "conversation.queue": [queue.name for queue in people.queues()],
            "conversation.assignee": ["me", *people.agent_emails()],
            "channel.name": channels.channel_names(),
            "channel.type": tuple(self.runtime.plugins.channel_types),
            "message.language": self.runtime.config.inbox.languages,
        }


def _in_words(line: ViewLine | None) -> str:
    if line is None:
        return ""
    questions = condition_in_words(compile_condition(line.conditions, VIEW_FACTS))
    facts = {"status": words(line.status), "questions": questions or _("all")}
    return _("%(status)s conversations: %(questions)s.", **facts)
