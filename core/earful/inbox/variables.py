"""Variables in what people write: `{contact.first_name}` and its like. Pure.

Only names of these kinds are variables; any other word in braces is text and is sent as it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from earful.wording import mark

__all__ = ["VARIABLES", "Filled", "Part", "fill", "first_name", "split"]

VARIABLES: Mapping[str, str] = {
    "contact.first_name": mark("The person's first name"),
    "contact.name": mark("The person's name"),
    "contact.handle": mark("The person's name on the platform, such as @ann"),
    "agent.first_name": mark("Your first name"),
    "agent.name": mark("Your name"),
    "agent.initials": mark("Your initials"),
    "channel.name": mark("The channel's name"),
    "conversation.subject": mark("What the conversation is called"),
    "queue.name": mark("The queue the conversation is in"),
}
"""Every variable, and what stands in its place; translated where it is shown."""

_VARIABLE = re.compile(
    r"\{\s{0,3}((?:contact|agent|channel|conversation|queue)\.[a-z_]{1,40})\s{0,3}\}"
)
_NO_NAMES = frozenset({"anonymous", "anon", "guest", "user", "unknown", "someone", "somebody"})


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text: plain words, or what stands for a variable ("" where it is missing)."""

    text: str
    variable: str = ""

    @property
    def is_missing(self) -> bool:
        return bool(self.variable) and not self.text


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its variables filled in; `missing` names those that nothing is known for."""

    text: str
    missing: tuple[str, ...]


def split(text: str, values: Mapping[str, str]) -> tuple[Part, ...]:
    """The text in parts, each variable beside its value."""
    parts, end = [], 0
    for found in _VARIABLE.finditer(text):
        parts.append(Part(text[end : found.start()]))
        parts.append(Part(values.get(found[1], ""), found[1]))
        end = found.end()
    return tuple(part for part in (*parts, Part(text[end:])) if part.text or part.variable)


def fill(text: str, values: Mapping[str, str]) -> Filled:
    """The text with every known variable filled in; a missing one stays as it is written."""
    parts = split(text, values)
    missing = dict.fromkeys(part.variable for part in parts if part.is_missing)
    written = (f"{{{part.variable}}}" if part.is_missing else part.text for part in parts)
    return Filled("".join(written), tuple(missing))


def first_name(name: str) -> str:
    """How to address somebody; "" where the name is a handle, a number or nobody's.

    Nothing is better than "Hi xX_dragon_99": a missing variable must be filled in by a person.
    """
    plain = "".join(each for each in name if unicodedata.category(each)[0] != "C").strip()
    word = plain.split()[0].strip(".,") if plain.split() else ""
    letters = word.replace("-", "").replace("'", "").replace("\u2019", "")
    is_name = letters.isalpha() and 2 <= len(letters) <= 30  # noqa: PLR2004 - no initials, no noise
    return word if is_name and word.casefold() not in _NO_NAMES else ""
