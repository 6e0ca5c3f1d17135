"""The views people keep: their own, and those that leads share with everybody."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from earful.actions.actor import Actor, audit, require
from earful.actions.policies import InvalidPolicy
from earful.errors import ActionRefused
from earful.inbox.text import one_line
from earful.policies import validate_view
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import SavedView
from earful.store.queries.views import MOST_VIEWS
from earful.store.states import ConversationStatus, ListOrder, Role
from earful.wording import gettext as _

__all__ = ["InvalidView", "delete_view", "save_view"]

LONGEST_CONDITION = 20_000
"""Characters of JSON; far beyond what anybody reads."""


class InvalidView(InvalidPolicy):
    """The view was not saved; `mistakes` holds one sentence for each thing to mend."""


def save_view(
    _runtime: Runtime,
    actor: Actor,
    view_id: int | None,
    *,
    name: str,
    conditions: Any,
    status: ConversationStatus = ConversationStatus.OPEN,
    order: ListOrder = ListOrder.DUE,
    shared: bool = False,
    version: int = 0,
    now: datetime,
) -> int:
    """Save a new view, or change one that was read at `version`. Returns its id.

    Everybody keeps views of their own; sharing one, or changing a shared one, needs a lead.
    """
    title = one_line(name, 80)
    _check(title, conditions)
    if shared:
        require(actor, Role.LEAD)
    with transaction():
        view = _held(actor, view_id) if view_id else _new(actor, now)
        if view_id and view.version != version:
            msg = _("Somebody changed this view meanwhile. Load it again.")
            raise ActionRefused(msg)
        view.name, view.conditions, view.status = title, conditions, status
        view.order, view.shared, view.updated_at = order, shared, now
        view.version = view.version + 1 if view_id else 1
        view.save()
        audit(actor, "view.save", "view", view.id, now, summary=title, after={"shared": shared})
    return int(view.id)


def delete_view(_runtime: Runtime, actor: Actor, view_id: int, *, now: datetime) -> None:
    """Remove a view; no conversation changes by it."""
    with transaction():
        view = _held(actor, view_id)
        view.delete_instance()
        audit(actor, "view.delete", "view", view_id, now, summary=view.name)


def _check(title: str, conditions: Any) -> None:
    mistakes = [] if title else [_("Give the view a name.")]
    if len(json.dumps(conditions, default=str)) > LONGEST_CONDITION:
        mistakes.append(_("The condition is too long. Ask less, or keep several views."))
    else:
        mistakes += [str(mistake) for mistake in validate_view(conditions)]
    if mistakes:
        raise InvalidView(mistakes)


def _new(actor: Actor, now: datetime) -> SavedView:
    if SavedView.select().where(SavedView.agent == actor.agent_id).count() >= MOST_VIEWS:
        msg = _("You keep %(n)s views already. Remove one first.", n=MOST_VIEWS)
        raise ActionRefused(msg)
    return SavedView(agent=actor.agent_id, created_at=now)


def _held(actor: Actor, view_id: int) -> SavedView:
    view: SavedView | None = locked(SavedView.select().where(SavedView.id == view_id)).get_or_none()
    is_theirs = view is not None and view.agent_id == actor.agent_id
    if view is None or not (is_theirs or view.shared):
        msg = _("This view does not exist any more.")
        raise ActionRefused(msg)
    if not is_theirs:
        require(actor, Role.LEAD)
    return view
