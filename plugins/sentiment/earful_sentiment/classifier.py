"""Labels messages with their tone, with frustration and with their language.

Owns the settings, what is loaded when, and the words of the labels. How a model is read is
`reader`'s.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from earful import (
    ClassifiedMessage,
    Classifier,
    Label,
    LabelSet,
    PluginError,
    Settings,
    installation,
    mark,
)
from earful import gettext as _
from pydantic import Field, StringConstraints

from earful_sentiment import folders
from earful_sentiment.outputs import FRUSTRATED, TONES

if TYPE_CHECKING:
    from earful_sentiment.languages import LanguageGuesser
    from earful_sentiment.reader import Reader, Reading

__all__ = ["LABELS", "SentimentClassifier", "SentimentSettings", "card", "check", "version_of"]

LABELS = (
    LabelSet(namespace="sentiment", title=mark("Tone"), values=TONES),
    LabelSet(
        namespace="mood", title=mark("Mood"), values=(FRUSTRATED,), none=mark("not frustrated")
    ),
)
_THRESHOLD = 0.5
"""From which probability on people are called frustrated, where the model does not say."""
_TRY_AGAIN_SECONDS = 60.0
_LANGUAGE = re.compile(r"[a-z]{2,3}")

Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")]


def _cores() -> int:
    return min(2, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


class SentimentSettings(Settings):
    """`model` is empty for the shipped one, else a folder or a hub's name, at `revision`.

    `languages` are those told apart; without any, the inbox's. `batch_size` bounds memory.
    """

    model: Annotated[str, Field(max_length=500)] = ""
    revision: Annotated[str, Field(pattern=r"^[\w./-]*$", max_length=100)] = ""
    languages: tuple[Language, ...] = ()
    threads: Annotated[int, Field(ge=1, le=64, default_factory=_cores)]
    batch_size: Annotated[int, Field(ge=1, le=256)] = 32


def version_of(settings: SentimentSettings) -> str:
    """The model's name and version; only its name while it is not on this machine."""
    try:
        return folders.find(settings.model, settings.revision).version
    except PluginError:
        return settings.model[-80:]


def card(settings: SentimentSettings) -> str:
    """The model card, in Markdown."""
    return folders.find(settings.model, settings.revision).card


def check(settings: SentimentSettings) -> str:
    """What this machine holds of the model; `PluginError` if it could not be used."""
    folder = folders.find(settings.model, settings.revision)
    folders.verify(folder)
    if folder.onnx is None and (why := folders.missing_torch(folder.name)):
        raise PluginError(why)
    speaks = ", ".join(folder.languages) or _("not said by the model")
    runs = "ONNX Runtime" if folder.onnx else "torch"
    return _(
        "%(version)s, %(size)s MB, %(runs)s; languages: %(speaks)s",
        version=folder.version,
        size=f"{folder.size / 1000000.0:.0f}",
        runs=runs,
        speaks=speaks,
    )


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A model at work: what reads, the languages it was made for, and where frustration begins."""

    reader: Reader
    guesser: LanguageGuesser | None
    languages: tuple[str, ...]
    threshold: float


class SentimentClassifier(Classifier):
    """Says nothing about a message without text. Loads its model when it is first asked."""

    def __init__(
        self, settings: SentimentSettings, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._loaded: _Loaded | None = None
        self._failed: tuple[float, Exception] | None = None

    def classify(self, messages: Sequence[ClassifiedMessage]) -> list[list[Label]]:
        if not messages:
            return []
        model = self._model()
        readings = model.reader.read([message.text for message in messages])
        return [
            [] if reading is None else _labels(model, message, reading)
            for message, reading in zip(messages, readings, strict=True)
        ]

    def _model(self) -> _Loaded:
        """The model. A failure holds for a minute: batches must not each wait for a network."""
        if self._loaded is not None:
            return self._loaded
        if self._failed is not None and self._clock() < self._failed[0]:
            raise self._failed[1]
        try:
            self._loaded = _load(self._settings)
        except Exception as error:
            self._failed = (self._clock() + _TRY_AGAIN_SECONDS, error)
            raise
        return self._loaded


def _load(settings: SentimentSettings) -> _Loaded:
    # Libraries of some size: only the process that labels pays for them.
    from earful_sentiment.hub import find_or_download
    from earful_sentiment.languages import LanguageGuesser
    from earful_sentiment.reader import Reader

    folder = find_or_download(settings.model, settings.revision)
    folders.verify(folder)
    # Before the model, because it takes more memory for a moment than it keeps.
    languages = {*(settings.languages or installation().languages), *folder.languages}
    guesser = LanguageGuesser(sorted(languages)) if len(languages) > 1 else None
    reader = Reader.open(folder, threads=settings.threads, batch_size=settings.batch_size)
    threshold = float(folder.own.get("frustrated_threshold", _THRESHOLD))
    return _Loaded(reader, guesser, folder.languages, threshold)


def _labels(model: _Loaded, message: ClassifiedMessage, reading: Reading) -> list[Label]:
    language, certainty = _language(model, message)
    labels = [_tone(model, reading, language)]
    if reading.frustrated is not None and reading.frustrated >= model.threshold:
        labels.append(_mood(reading.frustrated, model.threshold))
    if language:
        detail = (
            mark("as the platform says") if certainty is None else mark("guessed from the text")
        )
        labels.append(Label(name=f"lang:{language}", score=certainty, detail=detail))
    return labels


def _tone(model: _Loaded, reading: Reading, language: str) -> Label:
    likely = dict(zip(TONES, (round(each, 4) for each in reading.tones), strict=True))
    tone = max(likely, key=likely.__getitem__)
    said = ", ".join(f"{name} {share:.0%}" for name, share in likely.items())
    notes = [said, _outside(language, model.languages), reading.refused]
    return Label(
        name=f"sentiment:{tone}",
        score=likely[tone],
        detail="; ".join(filter(None, notes)),
        probabilities=likely,
    )


def _mood(frustrated: float, threshold: float) -> Label:
    return Label(
        name=f"mood:{FRUSTRATED}",
        score=round(frustrated, 4),
        detail=f"frustrated {frustrated:.0%}; said from {threshold:.0%} on",
    )


def _language(model: _Loaded, message: ClassifiedMessage) -> tuple[str, float | None]:
    """The language, and how sure a guess is; what the platform says needs none."""
    said = (message.language or "").lower().split("-")[0]
    if _LANGUAGE.fullmatch(said) and said != "und":
        return said, None
    guessed = model.guesser.guess(message.text) if model.guesser else None
    return (guessed[0], round(guessed[1], 4)) if guessed else ("", None)


def _outside(language: str, known: Sequence[str]) -> str:
    if not language or not known or language in known:
        return ""
    return f"the text is in {language}, which the model was not made for (only {', '.join(known)})"
