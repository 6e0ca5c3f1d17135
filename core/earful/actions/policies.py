"""Policies as admins edit them: every save is a new version, and nothing is forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from earful.actions.actor import Actor, audit, require
from earful.errors import ActionRefused
from earful.inbox.text import one_line
from earful.policies import validate_policy
from earful.runtime import Runtime
from earful.store.database import locked, transaction
from earful.store.models import Agent, Policy, PolicyVersion, Queue
from earful.store.queries.reading import tuples
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark

__all__ = [
    "InvalidPolicy",
    "NewerPolicy",
    "move_policy",
    "save_policy",
    "set_policy_enabled",
    "unknown_names",
]
_UNKNOWN = {
    "queue": mark("Actions: there is no queue named %(name)s."),
    "assign": mark("Actions: there is no active agent named %(name)s."),
    "notify": mark("Actions: there is no notifier named %(name)s."),
}


class InvalidPolicy(ActionRefused):
    """The policy was not saved; `mistakes` holds one sentence for each thing to mend."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(self.mistakes))


class NewerPolicy(ActionRefused):
    """Somebody else saved the policy since it was shown; `version` is theirs."""

    def __init__(self, message: str, version: int) -> None:
        self.version = version
        super().__init__(message)


def save_policy(
    runtime: Runtime,
    actor: Actor,
    policy_id: int | None,
    *,
    name: str,
    conditions: Any,
    actions: Any,
    once: bool = True,
    enabled: bool = True,
    version: int = 0,
    now: datetime,
) -> int:
    """Save a new policy at the end of the list, or one that was read at `version`. Returns its id.

    `conditions` and `actions` are the JSON of `earful.policies`. Raises `InvalidPolicy` and
    `NewerPolicy`.
    """
    require(actor, Role.ADMIN)
    title = one_line(name, 120)
    _check(runtime, title, conditions, actions)
    with transaction():
        policy = _get(policy_id) if policy_id else Policy(position=_last_position() + 1)
        if policy_id is not None:
            _refuse_newer(policy, version)
        changed = policy_id is None or _says_otherwise(policy, conditions, actions)
        policy.name, policy.once, policy.enabled = title, once, enabled
        if policy_id is not None and changed:
            policy.version += 1
        policy.save()
        if changed:
            PolicyVersion.create(
                policy=policy,
                number=policy.version,
                conditions=conditions,
                actions=actions,
                agent=actor.agent_id,
                created_at=now,
            )
        audit(
            actor,
            "policy.save",
            "policy",
            policy.id,
            now,
            summary=title,
            after={
                "version": policy.version,
                "enabled": enabled,
                "once": once,
                "conditions": conditions,
                "actions": actions,
            },
        )
    return int(policy.id)


def _check(runtime: Runtime, name: str, conditions: Any, actions: Any) -> None:
    mistakes = [] if name else [_("Name: give the policy a name.")]
    mistakes += [str(each) for each in validate_policy(conditions, actions)]
    if not mistakes:
        mistakes = unknown_names(runtime, actions)
    if mistakes:
        raise InvalidPolicy(mistakes)


def unknown_names(runtime: Runtime, actions: Sequence[Mapping[str, str]]) -> list[str]:
    """Names in the actions that lead nowhere here."""
    known = {
        "queue": {row[0] for row in tuples(Queue.select(Queue.name).where(Queue.active))},
        "assign": {row[0] for row in tuples(Agent.select(Agent.email).where(Agent.active))},
        "notify": set(runtime.config.notifiers),
    }
    wishes = [(each["do"], each.get("value")) for each in actions]
    return [
        _(_UNKNOWN[do], name=repr(name))
        for do, name in wishes
        if do in known and name not in known[do]
    ]


def _refuse_newer(policy: Policy, version: int) -> None:
    if policy.version == version:
        return
    saved_by = _latest(policy).agent
    words = _(
        "%(by)s saved version %(version)s while you were editing; see the history below. "
        "Nothing you typed is lost: save again to replace it.",
        by=saved_by.name if saved_by else _("Somebody"),
        version=policy.version,
    )
    raise NewerPolicy(words, policy.version)


def _latest(policy: Policy) -> PolicyVersion:
    found: PolicyVersion = PolicyVersion.get(
        (PolicyVersion.policy == policy.id) & (PolicyVersion.number == policy.version)
    )
    return found


def _says_otherwise(policy: Policy, conditions: Any, actions: Any) -> bool:
    says = _latest(policy)
    return (says.conditions, says.actions) != (conditions, actions)


def _get(policy_id: int) -> Policy:
    policy: Policy | None = locked(Policy.select().where(Policy.id == policy_id)).get_or_none()
    if policy is None:
        msg = _("This policy does not exist.")
        raise ActionRefused(msg)
    return policy


def _last_position() -> int:
    last = Policy.select(Policy.position).order_by(Policy.position.desc()).limit(1).scalar()
    return int(last or 0)


def set_policy_enabled(
    _runtime: Runtime, actor: Actor, policy_id: int, *, enabled: bool, now: datetime
) -> None:
    """Switch a policy on or off."""
    require(actor, Role.ADMIN)
    with transaction():
        policy = _get(policy_id)
        Policy.update(enabled=enabled).where(Policy.id == policy_id).execute()
        action = "policy.enable" if enabled else "policy.disable"
        audit(actor, action, "policy", policy_id, now, summary=policy.name)


def move_policy(
    _runtime: Runtime, actor: Actor, policy_id: int, *, up: bool, now: datetime
) -> None:
    """Move a policy one place up or down; earlier ones decide first."""
    require(actor, Role.ADMIN)
    with transaction():
        order = list(locked(Policy.select().order_by(Policy.position, Policy.id)))
        place = next((at for at, each in enumerate(order) if each.id == policy_id), None)
        other = None if place is None else place + (-1 if up else 1)
        if place is None or other is None or not 0 <= other < len(order):
            return
        order[place], order[other] = order[other], order[place]
        for position, each in enumerate(order, 1):
            Policy.update(position=position).where(Policy.id == each.id).execute()
        audit(actor, "policy.move", "policy", policy_id, now, summary="up" if up else "down")
