"""Policies: their order, the form that edits them, what they would do, what they once said."""

from __future__ import annotations

from datetime import timedelta
from typing import NoReturn

from earful import actions
from earful.policies import ACTIONS, OPERATORS, Takes, validate_policy
from earful.store.queries import channels, people, policies
from earful.store.queries.routable import recent_inbound
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import abort, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import may, needs
from earful_admin.manage.policy_check import Names, check
from earful_admin.manage.policy_draft import FACTS, GROUPS, Draft, Row
from earful_admin.manage.policy_words import DryRun, changes, dry_run, sentence
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["PoliciesView"]

LATELY = timedelta(days=7)
TRIED_ON = 50
_HINTS = {
    None: "",
    Takes.NOTHING: "",
    Takes.TEXT: "",
    Takes.TEXTS: mark("several, with commas between"),
    Takes.PATTERN: mark("a pattern, such as ord(er|ered)"),
    Takes.NUMBER: mark("a number"),
    Takes.BOOLEAN: "",
}


class PoliciesView(PageView):
    """The policies, in the order in which they are asked."""

    requires = Role.LEAD
    icon = "workflow"
    lede = mark("Each message is put to these in order, before anybody sees it.")
    key = "p"

    @expose("/")
    def index(self) -> str:
        lines = policies.policies(self.now - LATELY)
        return str(self.render("manage/policies.html", lines=lines, words=_words))

    @expose("/<int:policy_id>/switch", methods=["POST"])
    @needs(Role.ADMIN)
    def switch(self, policy_id: int) -> ResponseReturnValue:
        enabled = request.form.get("enabled") == "1"
        actions.set_policy_enabled(
            self.runtime, self.actor, policy_id, enabled=enabled, now=self.now
        )
        say(_("The policy is on.") if enabled else _("The policy is off."))
        return redirect(self.get_url(".index", _anchor=f"policy-{policy_id}"), 303)

    @expose("/<int:policy_id>/move", methods=["POST"])
    @needs(Role.ADMIN)
    def move(self, policy_id: int) -> ResponseReturnValue:
        up = request.form.get("to") == "up"
        actions.move_policy(self.runtime, self.actor, policy_id, up=up, now=self.now)
        return redirect(self.get_url(".index", _anchor=f"policy-{policy_id}"), 303)

    @expose("/new", methods=["GET"])
    @needs(Role.ADMIN)
    def new(self) -> str:
        return self._editor(None, Draft(), self._names())

    @expose("/new", methods=["POST"])
    @needs(Role.ADMIN)
    def create(self) -> ResponseReturnValue:
        return self._answer(None)

    @expose("/<int:policy_id>", methods=["GET"])
    def show(self, policy_id: int) -> str:
        line = self._line(policy_id)
        if may(Role.ADMIN):
            return self._editor(line, Draft.of(line), self._names())
        versions = changes(policies.policy_versions(policy_id))
        return str(
            self.render("manage/policy_read.html", line=line, words=_words, changes=versions)
        )

    @expose("/<int:policy_id>", methods=["POST"])
    @needs(Role.ADMIN)
    def change(self, policy_id: int) -> ResponseReturnValue:
        return self._answer(self._line(policy_id))

    def _line(self, policy_id: int) -> policies.PolicyLine:
        line = policies.policy(policy_id, self.now - LATELY)
        return line if line is not None else _nothing()

    def _answer(self, line: policies.PolicyLine | None) -> ResponseReturnValue:
        """One press of a button in the form."""
        draft, step = Draft.read(request.form), request.form.get("step", "save")
        names = self._names()
        if step == "preview":
            fine = check(draft, names)
            tried = self._try(draft) if fine else None
            return self._editor(line, draft, names, tried=tried, said=fine), 200 if fine else 422
        if step != "save":
            draft.change(step)
            return self._editor(line, draft, names, at=step)
        if check(draft, names) and self._save(line, draft):
            return redirect(self.get_url(".index"), 303)
        # Somebody else may have saved it since it was read.
        return self._editor(line and self._line(line.id), draft, names), 422

    def _save(self, line: policies.PolicyLine | None, draft: Draft) -> bool:
        try:
            actions.save_policy(
                self.runtime,
                self.actor,
                line.id if line else None,
                name=draft.name,
                conditions=draft.conditions(),
                actions=draft.wishes(),
                once=draft.once,
                enabled=draft.enabled,
                version=draft.version,
                now=self.now,
            )
        except actions.InvalidPolicy as invalid:
            draft.mistakes += [("", mistake) for mistake in invalid.mistakes]
            return False
        except actions.NewerPolicy as newer:
            draft.version = newer.version
            draft.mistakes.append(("", str(newer)))
            return False
        say(_("“%(name)s” is saved. It holds for messages from now on.", name=draft.name.strip()))
        return True

    def _try(self, draft: Draft) -> DryRun:
        lines = recent_inbound(TRIED_ON)
        return dry_run(draft.conditions(), draft.wishes(), lines, context.business_hours())

    def _editor(
        self,
        line: policies.PolicyLine | None,
        draft: Draft,
        names: Names,
        *,
        tried: DryRun | None = None,
        said: bool = False,
        at: str = "",
    ) -> str:
        history = changes(policies.policy_versions(line.id)) if line else []
        if not (draft.rows or draft.text):
            draft.rows.append(Row())
        shown = said or (line is not None and request.method == "GET")
        return str(
            self.render(
                "manage/policy.html",
                line=line,
                draft=draft,
                names=names,
                kinds=ACTIONS,
                facts=list(FACTS),
                operators=OPERATORS,
                groups=GROUPS,
                hints=_HINTS,
                sentence=_draft_words(draft) if shown else "",
                tried=tried,
                tried_on=TRIED_ON,
                changes=history,
                at=at,
            )
        )

    def _names(self) -> Names:
        """Real names to choose from."""
        config = self.runtime.config
        queues = tuple(queue.name for queue in people.queues())
        facts = {fact.name: fact.choices for fact in FACTS if fact.choices}
        return Names(
            queues=queues,
            agents=people.agent_emails(),
            notifiers=tuple(config.notifiers),
            facts={
                **facts,
                "channel.name": channels.channel_names(),
                "channel.type": tuple(self.runtime.plugins.channel_types),
                "message.language": config.inbox.languages,
                "conversation.queue": queues,
            },
        )


def _words(line: policies.PolicyLine) -> str:
    """The sentence of a stored policy, or why it is passed over."""
    said = sentence(line.conditions, line.actions, once=line.once)
    return said or " ".join(
        f"{mistake}." for mistake in validate_policy(line.conditions, line.actions)
    )


def _draft_words(draft: Draft) -> str:
    try:
        return sentence(draft.conditions(), draft.wishes(), once=draft.once)
    except ValueError:
        return ""


def _nothing() -> NoReturn:
    abort(404)
