"""Labels English messages as negative, neutral or positive, with VADER's lexicon and rules.

Owns the bounds on what VADER is given; it does not guess languages.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from functools import cached_property
from importlib.metadata import version
from typing import Annotated, cast

from earful import ClassifiedMessage, Classifier, Label, Settings
from pydantic import Field

__all__ = ["VERSION", "SentimentClassifier", "SentimentSettings"]

VERSION = f"vader-{version('vaderSentiment')}"

_THRESHOLD = 0.05
"""Compound scores nearer to zero are neutral: VADER's own recommendation."""

# VADER writes emoji out as words, and takes time with the square of their number.
_MOST_SYMBOLS = 50


class SentimentSettings(Settings):
    """`max_characters` bounds how much of a message is read; its beginning counts."""

    max_characters: Annotated[int, Field(ge=100, le=10_000)] = 2_000


class SentimentClassifier(Classifier):
    """Says nothing about a message without text, or in a language other than English."""

    def __init__(self, settings: SentimentSettings) -> None:
        self._settings = settings

    def classify(self, messages: Sequence[ClassifiedMessage]) -> list[list[Label]]:
        return [self._labels(message) for message in messages]

    def _labels(self, message: ClassifiedMessage) -> list[Label]:
        text = _readable(message.text[: self._settings.max_characters])
        if not text or not _may_be_english(message.language):
            return []
        return [_label(self._compound(text))]

    @cached_property
    def _compound(self) -> Callable[[str], float]:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        analyzer = SentimentIntensityAnalyzer()
        return lambda text: cast("float", analyzer.polarity_scores(text)["compound"])


def _may_be_english(language: str | None) -> bool:
    return language is None or language.lower().split("-")[0] in {"", "en", "und"}


def _readable(text: str) -> str:
    """The text without control characters and lone surrogates, and with few enough symbols."""
    kept: list[str] = []
    symbols = 0
    for character in text:
        category = unicodedata.category(character)
        symbols += category == "So"
        drop = category in {"Cc", "Cs", "Co", "Cn"} or (
            category == "So" and symbols > _MOST_SYMBOLS
        )
        kept.append(" " if drop else character)
    return " ".join("".join(kept).split())


def _label(compound: float) -> Label:
    tone = "neutral"
    if abs(compound) >= _THRESHOLD:
        tone = "positive" if compound > 0 else "negative"
    return Label(
        name=f"sentiment:{tone}",
        score=_confidence(compound, tone),
        detail=f"tone {compound:+.2f} on a scale from -1 to +1",
    )


def _confidence(compound: float, tone: str) -> float:
    """Between a half, at the border to another tone, and one, furthest from it."""
    strength = abs(compound)
    if tone == "neutral":
        return round(1 - strength / (2 * _THRESHOLD), 4)
    return round(0.5 + (strength - _THRESHOLD) / (2 * (1 - _THRESHOLD)), 4)
