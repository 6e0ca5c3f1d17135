"""What a model's outputs mean: which of them speak for which tone, by the names it gives them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from earful import PluginError, mark
from earful import gettext as _

__all__ = ["FRUSTRATED", "TONES", "Outputs"]

TONES = ("negative", "neutral", "positive")
FRUSTRATED = mark("frustrated")
_WORDS = {
    "negative": 0,
    "neg": 0,
    "very negative": 0,
    "neutral": 1,
    "neu": 1,
    "mixed": 1,
    "positive": 2,
    "pos": 2,
    "very positive": 2,
}
_NUMBERED = re.compile(r"label (\d+)")
_STARS = re.compile(r"([1-5]) stars?")
_BY_COUNT = {2: (0, 2), 3: (0, 1, 2), 5: (0, 0, 1, 2, 2)}
"""What unnamed outputs mean by their number: two tones, three tones, one to five stars."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """The tone (an index of `TONES`) of each output, and the output that tells frustration.

    Outputs of tones share one softmax and are added up by tone; frustration has a sigmoid.
    """

    tones: Mapping[int, int]
    frustrated: int | None = None

    @classmethod
    def named(cls, names: Mapping[int, str]) -> Outputs:
        """By the names in `id2label`; `PluginError` if they do not tell."""
        plain = {at: re.sub(r"[_\s-]+", " ", name).strip().lower() for at, name in names.items()}
        frustrated = next((at for at, name in plain.items() if name == FRUSTRATED), None)
        rest = {at: name for at, name in plain.items() if at != frustrated}
        tones = {at: _tone(name, len(rest)) for at, name in rest.items()}
        known = {at: tone for at, tone in tones.items() if tone is not None}
        if len(known) < len(rest) or not {0, 2} <= set(known.values()):
            message = _(
                "The model's labels (%(values)s) are not negative, neutral and positive: "
                "rename them in the id2label of its config.json, or choose another one.",
                values=", ".join(names.values()),
            )
            raise PluginError(message)
        return cls(known, frustrated)


def _tone(name: str, count: int) -> int | None:
    if name in _WORDS:
        return _WORDS[name]
    if stars := _STARS.fullmatch(name):
        return _BY_COUNT[5][int(stars[1]) - 1]
    numbered, meaning = _NUMBERED.fullmatch(name), _BY_COUNT.get(count, ())
    if numbered and int(numbered[1]) < len(meaning):
        return meaning[int(numbered[1])]
    return None
