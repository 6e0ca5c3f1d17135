"""Guesses the language of a text with py3langid, among the few that people here write in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

__all__ = ["LanguageGuesser"]

_MOST_CHARACTERS = 1_000
"""A language shows soon."""
_SURE = 0.6
"""Below this nothing is said: a word or two are the same in many languages."""


class LanguageGuesser:
    """Holds the part of py3langid's model that is needed for these languages."""

    def __init__(self, languages: Sequence[str]) -> None:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier

        model: Any = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
        known = sorted(set(languages) & set(model.labels))
        model.set_languages(known)
        # The figures of the other languages are most of its memory.
        model._full_model = (model.nb_ptc, model.nb_pc, model.nb_classes)  # noqa: SLF001
        self._model = model
        self.languages = tuple(known)

    def guess(self, text: str) -> tuple[str, float] | None:
        """The language and how likely it is among ours; None if the text does not tell."""
        language, probability = self._model.classify(text[:_MOST_CHARACTERS])
        return (str(language), float(probability)) if probability >= _SURE else None
