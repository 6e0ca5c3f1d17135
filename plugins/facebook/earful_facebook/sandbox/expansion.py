"""The `fields` parameter: names, modifiers in brackets, and the fields of what lies below; pure.

`id,comments.filter(stream).limit(25){id,message}` asks for two fields, one with fields of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from earful_facebook.sandbox.refusals import bad_parameter

__all__ = ["Field", "read_fields"]

_TOKEN = re.compile(r"\s*([A-Za-z_]\w*|[{},.]|\([^()]*\))")


@dataclass(slots=True)
class Field:
    """One field that is asked for."""

    name: str
    modifiers: dict[str, str] = field(default_factory=dict)
    below: list[Field] = field(default_factory=list)


def read_fields(text: str) -> list[Field]:
    """What is asked for; raises the platform's error for what it cannot read."""
    tokens = _tokens(text)
    found = _list(tokens)
    if tokens:
        raise bad_parameter(f"Syntax error in the field expression {text!r}")
    return found


def _tokens(text: str) -> list[str]:
    tokens, place = [], 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise bad_parameter(f"Syntax error in the field expression {text!r}")
        tokens.append(match[1])
        place = match.end()
    return tokens[::-1]


def _list(tokens: list[str]) -> list[Field]:
    found = []
    while tokens and tokens[-1] not in {"}", ",", "{", "."}:
        found.append(_one(tokens))
        if tokens and tokens[-1] == ",":
            tokens.pop()
    return found


def _one(tokens: list[str]) -> Field:
    one = Field(tokens.pop())
    while tokens and tokens[-1] == ".":
        tokens.pop()
        name = tokens.pop() if tokens else ""
        value = tokens.pop() if tokens and tokens[-1].startswith("(") else "()"
        one.modifiers[name] = value[1:-1]
    if tokens and tokens[-1] == "{":
        tokens.pop()
        one.below = _list(tokens)
        if not tokens or tokens.pop() != "}":
            raise bad_parameter("A bracket is missing in the field expression")
    return one
