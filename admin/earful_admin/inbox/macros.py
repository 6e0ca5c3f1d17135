"""Macros in the inbox: what is offered, with its effects in words, and running one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from earful import actions
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.queries.macros import macros
from earful.store.states import Role
from earful.wording import gettext as _
from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import needs
from earful_admin.manage.macros import effects

__all__ = ["Macros"]

_MOST_DIGITS = 18


class Macros:
    """The endpoints of macros; each needs the role agent."""

    runtime: Runtime
    actor: Actor
    now: datetime
    render: Any
    _try: Any
    _done: Any

    @expose("/inbox/macros")
    @needs(Role.AGENT)
    def macros(self) -> str:
        """What can be run, and what each would do; fetched when somebody is about to choose."""
        offers = [(line, effects(line.steps, line.text)) for line in macros(self.actor.agent_id)]
        many = "many" in request.args
        return str(self.render("inbox/macros.html", offers=offers, many=many))

    @expose("/conversation/<int:conversation_id>/macro", methods=["POST"])
    @needs(Role.AGENT)
    def run_macro(self, conversation_id: int) -> ResponseReturnValue:
        """Do all steps of one; a reply that it begins goes to the composer."""
        wanted = request.form.get("macro", "")
        macro_id = int(wanted) if wanted.isdecimal() and len(wanted) <= _MOST_DIGITS else 0

        def work() -> ResponseReturnValue:
            run = actions.run_macro(
                self.runtime, self.actor, conversation_id, macro_id, now=self.now
            )
            undo = url_for("inbox.bulk_undo", undo_id=run.undo_id) if run.undo_id else ""
            said = _("“%(name)s” is done", name=run.name)
            return self._done(  # type: ignore[no-any-return]
                conversation_id,
                said,
                undo=undo,
                leaves=run.puts_away and run.draft is None,
                **_begun(run),
            )

        return self._try(conversation_id, work)  # type: ignore[no-any-return]


def _begun(run: actions.MacroRun) -> dict[str, Any]:
    """What the composer needs to show a reply that was begun."""
    if run.draft is None:
        return {}
    return {"text": run.draft.text, "mode": run.draft.mode, "version": run.draft.version}
