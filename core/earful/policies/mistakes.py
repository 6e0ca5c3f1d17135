"""How a mistake in a policy is told: where it is, what it is, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from earful.wording import gettext as _

__all__ = ["Mistake", "meant", "named", "quoted"]

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something wrong in a condition or an action: where, in words, and as a path for forms."""

    place: str
    text: str
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


def quoted(text: str) -> str:
    return _("“%(text)s”", text=text)


def named(name: object) -> str:
    """A name somebody wrote, whatever it is, quoted and short enough for a sentence."""
    if not isinstance(name, str):
        return _("nothing") if name is None else _("something that is no text")
    return quoted(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…")


def meant(name: object, known: Iterable[str]) -> str:
    """A suggestion, ready to be appended to a sentence; nothing if nothing is near."""
    # Comparing takes time with the square of the length, and no name is long.
    if not isinstance(name, str) or len(name) > _LONGEST_NAME:
        return ""
    near = get_close_matches(name.lower(), list(known), n=1)
    return _("; did you mean %(name)s?", name=near[0]) if near else ""
