"""Queues as admins edit them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from earful.actions.actor import Actor, audit, require
from earful.errors import ActionRefused
from earful.inbox.text import clean, one_line
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Agent, Queue
from earful.store.queries.reading import tuples
from earful.store.states import AssignmentStrategy, Role
from earful.wording import gettext as _

__all__ = ["COLOURS", "save_queue"]

COLOURS = ("blue", "amber", "violet", "red", "green", "teal", "pink", "grey")
LONGEST_TARGET = 60 * 24 * 90
MOST_MEMBERS = 500


def save_queue(
    runtime: Runtime,
    actor: Actor,
    queue_id: int | None,
    *,
    name: str,
    description: str = "",
    colour: str = "blue",
    first_response_minutes: int | None = None,
    position: int = 0,
    active: bool = True,
    assignment: AssignmentStrategy = AssignmentStrategy.BY_HAND,
    members: Sequence[int] = (),
    now: datetime,
) -> int:
    """Save a new queue, or change one. Returns its id.

    `members` are the ids of the agents whom it gives conversations to by itself; none: everybody.
    The fallback queue can be neither renamed nor switched off: something must catch the rest.
    """
    require(actor, Role.ADMIN)
    title = one_line(name, 80)
    _check(title, colour, first_response_minutes)
    with transaction():
        queue = _get(queue_id) if queue_id else Queue()
        _refuse_double(title, queue_id)
        fallback = runtime.config.inbox.fallback_queue
        if queue_id and queue.name == fallback and (title != fallback or not active):
            msg = _(
                "%(queue)s is the fallback queue: it keeps its name and stays active.",
                queue=fallback,
            )
            raise ActionRefused(msg, field="name")
        queue.name, queue.description = title, clean(description, 2000)
        queue.colour, queue.position, queue.active = colour, position, active
        queue.first_response_minutes = first_response_minutes
        queue.assignment = assignment
        queue.members = _members(members)
        queue.save()
        audit(
            actor,
            "queue.save",
            "queue",
            queue.id,
            now,
            summary=title,
            after={
                "first_response_minutes": first_response_minutes,
                "active": active,
                "assignment": assignment,
                "members": queue.members,
            },
        )
    return int(queue.id)


def _check(name: str, colour: str, minutes: int | None) -> None:
    if not name:
        msg = _("Name: give the queue a name.")
        raise ActionRefused(msg, field="name")
    if colour not in COLOURS:
        msg = _("Colour: choose one of %(colours)s.", colours=", ".join(COLOURS))
        raise ActionRefused(msg, field="colour")
    if minutes is not None and not 1 <= minutes <= LONGEST_TARGET:
        msg = _(
            "First response: choose 1 to %(most)s minutes, or leave it empty.", most=LONGEST_TARGET
        )
        raise ActionRefused(msg, field="first_response_minutes")


def _members(ids: Sequence[int]) -> list[int]:
    wanted = sorted(set(ids))
    if not wanted:
        return []
    query = Agent.select(Agent.id).where(Agent.id.in_(wanted[:MOST_MEMBERS]))
    known = {key for (key,) in tuples(query.where(Agent.role >= Role.AGENT))}
    if known != set(wanted):
        msg = _("Members: choose people who may answer.")
        raise ActionRefused(msg, field="members")
    return wanted


def _get(queue_id: int) -> Queue:
    queue: Queue | None = locked(Queue.select().where(Queue.id == queue_id)).get_or_none()
    if queue is None:
        msg = _("This queue does not exist.")
        raise ActionRefused(msg)
    return queue


def _refuse_double(name: str, queue_id: int | None) -> None:
    other = Queue.get_or_none(Queue.name == name)
    if other is not None and other.id != queue_id:
        msg = _("Name: there is a queue named %(name)s already.", name=name)
        raise ActionRefused(msg, field="name")
