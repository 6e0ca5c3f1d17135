"""The people who work here: who may sign in, and as what."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from argon2 import PasswordHasher

from earful import wording
from earful.actions.actor import Actor, audit, locked_agent, require
from earful.errors import ActionRefused
from earful.inbox.text import one_line
from earful.runtime import Runtime
from earful.store.database import hold, transaction
from earful.store.models import Agent
from earful.store.queries.references import initials_of
from earful.store.states import Role
from earful.wording import gettext as _

__all__ = [
    "THEMES",
    "add_agent",
    "change_own_password",
    "end_sessions",
    "note_sign_in",
    "note_sign_in_refused",
    "note_sign_out",
    "rehash_password",
    "set_agent_active",
    "set_password",
    "set_role",
    "update_profile",
]

THEMES = ("auto", "light", "dark")
SHORTEST_PASSWORD = 10
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,189}")


def add_agent(
    _runtime: Runtime | None,
    actor: Actor,
    *,
    email: str,
    name: str,
    role: Role,
    password: str,
    initials: str = "",
    now: datetime,
) -> int:
    """Let somebody sign in. Returns their id."""
    require(actor, Role.ADMIN)
    address = _checked_email(email)
    title = one_line(name, 200)
    if not title:
        msg = _("Give the person a name.")
        raise ActionRefused(msg, field="name")
    with transaction():
        if Agent.select().where(Agent.email == address).exists():
            msg = _("%(address)s is there already.", address=address)
            raise ActionRefused(msg, field="email")
        agent = Agent.create(
            email=address,
            name=title,
            initials=one_line(initials, 4) or initials_of(title),
            role=role,
            password_hash=_hashed(password),
            created_at=now,
        )
        _audit(actor, "agent.add", agent, now, after={"role": role.word})
    return int(agent.id)


def _checked_email(email: str) -> str:
    address = email.strip().lower()
    if not _EMAIL.fullmatch(address):
        msg = _("%(text)s is not an e-mail address.", text=repr(email))
        raise ActionRefused(msg, field="email")
    return address


def _hashed(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        msg = _("A password has at least %(n)s characters.", n=SHORTEST_PASSWORD)
        raise ActionRefused(msg, field="password")
    return PasswordHasher().hash(password)


def _audit(actor: Actor, action: str, agent: Agent, now: datetime, **facts: Any) -> None:
    audit(actor, action, "agent", agent.id, now, summary=agent.email, **facts)


def _hold_admins() -> None:
    """Hold all who could be the last one, or two would make each other something less."""
    admins = Agent.select(Agent.id).where((Agent.role == Role.ADMIN) & Agent.active)
    hold(admins.order_by(Agent.id))


def _keep_an_admin(agent: Agent) -> None:
    """Nobody may lock everybody out."""
    others = Agent.select(Agent.id).where(
        (Agent.role == Role.ADMIN) & Agent.active & (Agent.id != agent.id)
    )
    if agent.role is Role.ADMIN and agent.active and not others.exists():
        msg = _("This is the last admin. Make somebody else an admin first.")
        raise ActionRefused(msg, field="role")


def set_role(_runtime: Runtime, actor: Actor, agent_id: int, role: Role, *, now: datetime) -> None:
    """Change what somebody may do; it holds from their next click on."""
    require(actor, Role.ADMIN)
    with transaction():
        _hold_admins()
        agent = locked_agent(agent_id)
        if role < Role.ADMIN:
            _keep_an_admin(agent)
        Agent.update(role=role, epoch=Agent.epoch + 1).where(Agent.id == agent_id).execute()
        before = {"role": agent.role.word}
        _audit(actor, "agent.role", agent, now, before=before, after={"role": role.word})


def set_agent_active(
    _runtime: Runtime, actor: Actor, agent_id: int, *, active: bool, now: datetime
) -> None:
    """Let somebody in again, or shut them out at once; what they did stays."""
    require(actor, Role.ADMIN)
    with transaction():
        _hold_admins()
        agent = locked_agent(agent_id)
        if not active:
            _keep_an_admin(agent)
        Agent.update(active=active, epoch=Agent.epoch + 1).where(Agent.id == agent_id).execute()
        _audit(actor, "agent.activate" if active else "agent.deactivate", agent, now)


def set_password(
    _runtime: Runtime | None, actor: Actor, agent_id: int, password: str, *, now: datetime
) -> None:
    """Give somebody a new password, and end their sessions."""
    require(actor, Role.ADMIN)
    _change_password(actor, agent_id, password, now)


def change_own_password(_runtime: Runtime, actor: Actor, password: str, *, now: datetime) -> None:
    """Change one's own password; the caller has checked the old one."""
    if actor.agent_id is None:
        msg = _("Nobody is signed in.")
        raise ActionRefused(msg)
    _change_password(actor, actor.agent_id, password, now)


def _change_password(actor: Actor, agent_id: int, password: str, now: datetime) -> None:
    hashed = _hashed(password)
    with transaction():
        agent = locked_agent(agent_id)
        Agent.update(password_hash=hashed, epoch=Agent.epoch + 1).where(
            Agent.id == agent_id
        ).execute()
        _audit(actor, "agent.password", agent, now)


def end_sessions(_runtime: Runtime, actor: Actor, agent_id: int, *, now: datetime) -> None:
    """Sign somebody out everywhere."""
    if actor.agent_id != agent_id:
        require(actor, Role.ADMIN)
    with transaction():
        agent = locked_agent(agent_id)
        Agent.update(epoch=Agent.epoch + 1).where(Agent.id == agent_id).execute()
        _audit(actor, "agent.sign_out_everywhere", agent, now)


def update_profile(
    _runtime: Runtime,
    actor: Actor,
    agent_id: int,
    *,
    name: str | None = None,
    initials: str | None = None,
    theme: str | None = None,
    language: str | None = None,
    compact: bool | None = None,
    now: datetime,
) -> None:
    """Change how somebody is shown, and what their screen looks like.

    `compact` puts more lines on it. `language` is one of `wording.languages()`, or "" for what
    their browser asks for.
    """
    if actor.agent_id != agent_id:
        require(actor, Role.ADMIN)
    changes: dict[str, str | bool] = {}
    if name is not None:
        changes["name"] = one_line(name, 200)
    if initials is not None:
        changes["initials"] = one_line(initials, 4)
    if theme is not None:
        changes["theme"] = theme if theme in THEMES else "auto"
    if language is not None:
        changes["language"] = language if language in wording.languages() else ""
    if compact is not None:
        changes["compact"] = compact
    if changes.get("name") == "":
        msg = _("Give a name.")
        raise ActionRefused(msg, field="name")
    with transaction():
        agent = locked_agent(agent_id)
        Agent.update(changes).where(Agent.id == agent_id).execute()
        if changes.keys() != {"theme"}:
            _audit(actor, "agent.profile", agent, now, after=changes)


def note_sign_in(agent_id: int, *, now: datetime) -> None:
    """Record that somebody signed in."""
    with transaction():
        agent = locked_agent(agent_id)
        Agent.update(last_sign_in_at=now).where(Agent.id == agent_id).execute()
        actor = Actor(agent.id, agent.name, agent.role)
        _audit(actor, "agent.sign_in", agent, now)


def note_sign_out(actor: Actor, *, now: datetime) -> None:
    """Record that somebody signed out."""
    with transaction():
        audit(actor, "agent.sign_out", "agent", actor.agent_id, now)


def note_sign_in_refused(email: str, *, now: datetime) -> None:
    """Record a wrong password or address."""
    actor = Actor(None, "somebody", Role.VIEWER)
    with transaction():
        audit(actor, "agent.sign_in_refused", "agent", "", now, summary=one_line(email, 254))


def rehash_password(agent_id: int, password: str) -> None:
    """Keep a password just proved right by today's hashing parameters."""
    with transaction():
        Agent.update(password_hash=PasswordHasher().hash(password)).where(
            Agent.id == agent_id
        ).execute()
