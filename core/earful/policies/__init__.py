"""Policies: ordered conditions and actions that decide where a message belongs.

Pure throughout: no database, no clock, no settings. `decide` is the whole of it; the rest serves
people who write policies.
"""

from __future__ import annotations

from earful.policies.actions import (
    ACTIONS,
    MACRO_STEPS,
    SNOOZE_FOR,
    ActionType,
    Wish,
    compile_actions,
    validate_actions,
)
from earful.policies.conditions import (
    ALWAYS,
    Condition,
    compile_condition,
    validate_condition,
)
from earful.policies.engine import (
    CompiledPolicy,
    Decision,
    Match,
    compile_policy,
    decide,
    validate_policy,
)
from earful.policies.facts import Fact, FactRegistry, FactType, FactValues, moment_facts
from earful.policies.mistakes import Mistake
from earful.policies.operators import OPERATORS, Operator, Takes
from earful.policies.view_facts import VIEW_FACTS, validate_view, view_operators
from earful.policies.words import condition_in_words, macro_in_words, policy_in_words

__all__ = [
    "ACTIONS",
    "ALWAYS",
    "MACRO_STEPS",
    "OPERATORS",
    "SNOOZE_FOR",
    "VIEW_FACTS",
    "ActionType",
    "CompiledPolicy",
    "Condition",
    "Decision",
    "Fact",
    "FactRegistry",
    "FactType",
    "FactValues",
    "Match",
    "Mistake",
    "Operator",
    "Takes",
    "Wish",
    "compile_actions",
    "compile_condition",
    "compile_policy",
    "condition_in_words",
    "decide",
    "macro_in_words",
    "moment_facts",
    "policy_in_words",
    "validate_actions",
    "validate_condition",
    "validate_policy",
    "validate_view",
    "view_operators",
]
