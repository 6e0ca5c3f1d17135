"""Policies as they stand, what they once said, and how often they acted.

Every count is capped and every list has an end, so that a page costs the same however much is
stored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN

from earful.store.database import connection, rows
from earful.store.models import Agent, Policy, PolicyVersion
from earful.store.queries.reading import dicts

__all__ = ["MOST_COUNTED", "PolicyLine", "VersionLine", "policies", "policy", "policy_versions"]

MOST_COUNTED = 100
"""Counting stops here: a page shows "99+" for it."""
MOST_LISTED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLine:
    """A policy as it stands, and how often it acted lately, up to `MOST_COUNTED`."""

    id: int
    name: str
    enabled: bool
    once: bool
    version: int
    conditions: Any
    actions: Any
    saved_by: str | None
    saved_at: datetime
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLine:
    """What a policy once said. `by` is None where no agent saved it."""

    number: int
    conditions: Any
    actions: Any
    by: str | None
    at: datetime


def policies(since: datetime) -> tuple[PolicyLine, ...]:
    """All policies in their order, with their runs since a moment; two statements."""
    query = _policy_query().order_by(Policy.position, Policy.id).limit(MOST_LISTED)
    with connection():
        found = dicts(query)
        runs = _run_counts([row["id"] for row in found], since)
    return tuple(_policy_line(row, runs) for row in found)


def policy(policy_id: int, since: datetime) -> PolicyLine | None:
    """One policy; None where there is none."""
    with connection():
        found = dicts(_policy_query().where(Policy.id == policy_id))
        runs = _run_counts([row["id"] for row in found], since)
    return _policy_line(found[0], runs) if found else None


def _policy_query() -> Any:
    return (
        Policy.select(
            Policy.id,
            Policy.name,
            Policy.enabled,
            Policy.once,
            Policy.version,
            PolicyVersion.conditions,
            PolicyVersion.actions,
            PolicyVersion.created_at.alias("saved_at"),
            Agent.name.alias("saved_by"),
        )
        .join(
            PolicyVersion,
            on=(PolicyVersion.policy == Policy.id) & (PolicyVersion.number == Policy.version),
        )
        .join(Agent, JOIN.LEFT_OUTER, on=PolicyVersion.agent == Agent.id)
    )


def _policy_line(row: dict[str, Any], runs: Mapping[int, int]) -> PolicyLine:
    return PolicyLine(**row, runs=runs.get(row["id"], 0))


def _run_counts(ids: Sequence[int], since: datetime) -> dict[int, int]:
    """Runs per policy, of the newest `MOST_COUNTED` each; one statement."""
    if not ids:
        return {}
    moment = Policy._meta.database.param
    part = (
        "SELECT {id}, count(*) FROM (SELECT at FROM policy_run WHERE policy_id = {id} "
        "ORDER BY id DESC LIMIT {most}) AS few WHERE at >= {moment}"
    )
    found = rows(
        " UNION ALL ".join(
            part.format(id=int(key), most=MOST_COUNTED, moment=moment) for key in ids
        ),
        [PolicyVersion.created_at.db_value(since)] * len(ids),
    )
    return {int(key): int(count) for key, count in found}


def policy_versions(policy_id: int, *, limit: int = 20) -> tuple[VersionLine, ...]:
    """What a policy said, newest first."""
    query = (
        PolicyVersion.select(
            PolicyVersion.number,
            PolicyVersion.conditions,
            PolicyVersion.actions,
            PolicyVersion.created_at.alias("at"),
            Agent.name.alias("by"),
        )
        .join(Agent, JOIN.LEFT_OUTER)
        .where(PolicyVersion.policy == policy_id)
        .order_by(PolicyVersion.number.desc())
        .limit(limit)
    )
    with connection():
        return tuple(VersionLine(**row) for row in dicts(query))
