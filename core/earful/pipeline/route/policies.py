"""The policies in force, compiled once per version, and which of them have acted where."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from earful.errors import ConfigError
from earful.policies import CompiledPolicy, compile_policy
from earful.store.models import Policy, PolicyRun, PolicyVersion

__all__ = ["applied_policies", "enabled_policies"]

logger = logging.getLogger(__name__)
Compiled = dict[tuple[object, ...], CompiledPolicy]


def enabled_policies(known: Compiled) -> Sequence[CompiledPolicy]:
    """The policies in force, in their order. Only what is not in `known` is compiled."""
    rows = list(
        Policy.select(Policy.id, Policy.version, Policy.name, Policy.once)
        .where(Policy.enabled)
        .order_by(Policy.position, Policy.id)
        .tuples()
    )
    for row in known.keys() - set(rows):
        del known[row]
    for row in rows:
        if row not in known:
            _compile(known, *row)
    return [known[row] for row in rows if row in known]


def _compile(
    known: Compiled,
    policy_id: int,
    version: int,
    name: str,
    once: bool,  # noqa: FBT001
) -> None:
    says = PolicyVersion.get(
        (PolicyVersion.policy == policy_id) & (PolicyVersion.number == version)
    )
    try:
        known[policy_id, version, name, once] = compile_policy(
            policy_id, version, name, once, says.conditions, says.actions
        )
    except ConfigError as error:
        # Saved by another version of Earful, or of a plugin that brought a fact: left out.
        logger.warning("policy=%s version=%s left out: %s", name, version, error)


def applied_policies(
    policies: Iterable[CompiledPolicy], conversation_ids: Iterable[int]
) -> dict[int, set[int]]:
    """Which policies that act once have acted on these conversations before.

    Of others nobody asks, and they may have run for each of many thousand messages.
    """
    ids, once = list(conversation_ids), [each.id for each in policies if each.once]
    found: dict[int, set[int]] = {}
    if ids and once:
        rows = (
            PolicyRun.select(PolicyRun.conversation, PolicyRun.policy)
            .where(PolicyRun.conversation.in_(ids) & PolicyRun.policy.in_(once))
            .distinct()
        )
        for conversation_id, policy_id in rows.tuples():
            found.setdefault(conversation_id, set()).add(policy_id)
    return found
