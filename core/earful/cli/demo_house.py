"""The demonstration's queues, policies and people: a small house that is already at work."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earful.runtime import Runtime

__all__ = ["furnish"]

_QUEUES: tuple[dict[str, Any], ...] = (
    {
        "name": "Complaints",
        "description": "Somebody is unhappy: answer first.",
        "colour": "red",
        "first_response_minutes": 60,
    },
    {
        "name": "Questions",
        "description": "Somebody asks and waits.",
        "colour": "blue",
        "first_response_minutes": 240,
    },
    {
        "name": "Praise",
        "description": "Kind words deserve a thank-you.",
        "colour": "green",
        "first_response_minutes": 1440,
    },
)


def _text(op: str, value: object) -> dict[str, object]:
    return {"fact": "message.text", "op": op, "value": value}


def _labelled(name: str) -> dict[str, object]:
    return {"fact": "labels", "op": "has", "value": name}


_SAFETY = ["unsafe", "dangerous", "injured", "fire", "brakes", "snapped"]
_POLICIES: tuple[dict[str, Any], ...] = (
    {
        "name": "Safety first",
        "conditions": {"any": [_text("contains_any_word", _SAFETY)]},
        "actions": [
            {"do": "priority", "value": "urgent"},
            {"do": "queue", "value": "Complaints"},
            {"do": "label", "value": "topic:safety"},
        ],
    },
    {
        "name": "Complaints before all else",
        "conditions": {"all": [_labelled("sentiment:negative")]},
        "actions": [
            {"do": "queue", "value": "Complaints"},
            {"do": "priority", "value": "high"},
        ],
    },
    {
        "name": "Questions",
        "conditions": {"any": [_text("matches", r"\?\s*($|\n)")]},
        "actions": [{"do": "queue", "value": "Questions"}],
    },
    {
        "name": "Praise",
        "conditions": {"all": [_labelled("sentiment:positive")]},
        "actions": [
            {"do": "queue", "value": "Praise"},
            {"do": "priority", "value": "low"},
        ],
    },
)
_PEOPLE = (
    ("agent@demo.example", "Demo Agent", "agent"),
    ("lead@demo.example", "Demo Lead", "lead"),
)


def furnish(runtime: Runtime, *, now: datetime) -> None:
    """Set up what every new installation would need next; only ever into an empty one.

    The further people have passwords nobody knows: they are there to be assigned to.
    """
    from earful.actions import SYSTEM, add_agent, save_policy, save_queue
    from earful.store.states import Role

    for position, queue in enumerate(_QUEUES, 1):
        save_queue(runtime, SYSTEM, None, position=position, now=now, **queue)
    for policy in _POLICIES:
        save_policy(runtime, SYSTEM, None, now=now, **policy)
    for email, name, role in _PEOPLE:
        password = secrets.token_urlsafe(24)
        add_agent(
            runtime, SYSTEM, email=email, name=name, role=Role.of(role), password=password, now=now
        )
