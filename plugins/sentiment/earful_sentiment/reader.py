"""Reads texts with a model: cuts them into windows, computes these by length, adds them up.

Whatever the texts are, the work is bounded: characters and windows per text, tokens per batch.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from earful_sentiment.engines import Engine, open_engine
from earful_sentiment.folders import ModelFolder
from earful_sentiment.normalise import NORMALISATION, normalise
from earful_sentiment.outputs import TONES, Outputs

__all__ = ["MOST_CHARACTERS", "MOST_WINDOWS", "Reader", "Reading"]

MOST_CHARACTERS = 70_000
"""More of a text is not read. No platform lets people write as much in one message."""
MOST_WINDOWS = 160
"""More windows of a text are not computed; prose of `MOST_CHARACTERS` has fewer."""
_OVERLAP = 16
"""How many tokens two neighbouring windows share, so that no phrase is cut in two."""
_WINDOW = 128
"""For models that do not say what they were trained with; longer ones cost more than they tell."""
_MOST_TOKENS = 1024
"""In one batch, padding included: what bounds the memory it takes."""
_CHARACTERS_AT_ONCE = 140_000
"""How much text is tokenized in one go."""

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reading:
    """How likely each of `TONES` is, how likely frustration, and what was not read and why."""

    tones: tuple[float, ...]
    frustrated: float | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of a text, as token ids; `text` is that text's place in the batch."""

    text: int
    ids: list[int]


class Reader:
    """A model with its tokenizer, ready to read."""

    def __init__(
        self, tokenizer: Any, engine: Engine, outputs: Outputs, *, window: int, batch_size: int
    ) -> None:
        self.tokenizer = tokenizer
        self.engine = engine
        self.outputs = outputs
        self.window = window
        self.batch_size = batch_size
        self.prepare: Callable[[str], str] = normalise

    @classmethod
    def open(cls, folder: ModelFolder, *, threads: int, batch_size: int) -> Reader:
        """Load everything; raises `PluginError`, or whatever the libraries find wrong."""
        # Its threads would come on top of ours.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
        from transformers import AutoConfig, AutoTokenizer

        config = AutoConfig.from_pretrained(folder.path, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder.path, local_files_only=True)
        reader = cls(
            tokenizer,
            open_engine(folder, threads),
            Outputs.named({int(at): str(name) for at, name in config.id2label.items()}),
            window=_window(folder, config, tokenizer),
            batch_size=batch_size,
        )
        if folder.own.get("normalise") != NORMALISATION:
            reader.prepare = _plain
        return reader

    def read(self, texts: Sequence[str]) -> list[Reading | None]:
        """What each text says; None for a text in which nothing can be read."""
        prepared = [self.prepare(text[:MOST_CHARACTERS]) for text in texts]
        found: list[Reading | None] = [None] * len(texts)
        for part in _parts(prepared):
            windows, dropped = self._windows(prepared, part)
            for text, (tones, frustrated) in self._added_up(windows).items():
                refused = _refused(len(texts[text]), dropped.get(text, 0))
                found[text] = Reading(tuple(tones.tolist()), frustrated, refused)
        return found

    def _windows(
        self, prepared: Sequence[str], part: Sequence[int]
    ) -> tuple[list[_Window], dict[int, int]]:
        """The windows of some texts, and how many of which text are left out."""
        encoded = self.tokenizer(
            [prepared[at] for at in part],
            truncation=True,
            max_length=self.window,
            stride=_OVERLAP,
            return_overflowing_tokens=True,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        windows: list[_Window] = []
        counts = dict.fromkeys(part, 0)
        for ids, place in zip(
            encoded["input_ids"], encoded["overflow_to_sample_mapping"], strict=True
        ):
            text = part[place]
            counts[text] += 1
            if counts[text] <= MOST_WINDOWS:
                windows.append(_Window(text, ids))
        dropped = {at: count - MOST_WINDOWS for at, count in counts.items()}
        return windows, {at: count for at, count in dropped.items() if count > 0}

    def _added_up(
        self, windows: Sequence[_Window]
    ) -> dict[int, tuple[Probabilities, float | None]]:
        """A text's tone is the mean of its windows, by their length; the angriest one counts."""
        tones: dict[int, Probabilities] = {}
        lengths: dict[int, int] = {}
        frustrated: dict[int, float] = {}
        for window, logits in self._computed(windows):
            length, text = len(window.ids), window.text
            tones[text] = tones.get(text, np.zeros(len(TONES))) + length * self._tones(logits)
            lengths[text] = lengths.get(text, 0) + length
            if self.outputs.frustrated is not None:
                anger = 1 / (1 + np.exp(-float(logits[self.outputs.frustrated])))
                frustrated[text] = max(frustrated.get(text, 0.0), float(anger))
        return {text: (tones[text] / lengths[text], frustrated.get(text)) for text in tones}

    def _tones(self, logits: NDArray[np.float32]) -> Probabilities:
        places = list(self.outputs.tones)
        shifted = logits[places].astype(np.float64)
        weights = np.exp(shifted - shifted.max())
        added = np.zeros(len(TONES))
        np.add.at(added, [self.outputs.tones[at] for at in places], weights / weights.sum())
        return added

    def _computed(
        self, windows: Sequence[_Window]
    ) -> Iterator[tuple[_Window, NDArray[np.float32]]]:
        for batch in self._batches(windows):
            longest = max(len(window.ids) for window in batch)
            ids = np.full((len(batch), longest), self.tokenizer.pad_token_id or 0, dtype=np.int64)
            mask = np.zeros_like(ids)
            for row, window in enumerate(batch):
                ids[row, : len(window.ids)] = window.ids
                mask[row, : len(window.ids)] = 1
            yield from zip(batch, self.engine.run(ids, mask), strict=True)

    def _batches(self, windows: Sequence[_Window]) -> Iterator[list[_Window]]:
        """Windows of like length together: padding would cost as much as text."""
        batch: list[_Window] = []
        for window in sorted(windows, key=lambda each: len(each.ids)):
            full = len(batch) == self.batch_size
            if batch and (full or (len(batch) + 1) * len(window.ids) > _MOST_TOKENS):
                yield batch
                batch = []
            batch.append(window)
        if batch:
            yield batch


def _parts(prepared: Sequence[str]) -> Iterator[list[int]]:
    """The places of texts that say something, as many at once as memory allows."""
    part: list[int] = []
    characters = 0
    for at, text in enumerate(prepared):
        if not text:
            continue
        if part and characters + len(text) > _CHARACTERS_AT_ONCE:
            yield part
            part, characters = [], 0
        part.append(at)
        characters += len(text)
    if part:
        yield part


def _refused(characters: int, windows: int) -> str:
    if characters > MOST_CHARACTERS:
        return f"only the first {MOST_CHARACTERS:,} of {characters:,} characters were read"
    if windows:
        return f"only the first {MOST_WINDOWS} of {MOST_WINDOWS + windows} windows were read"
    return ""


def _window(folder: ModelFolder, config: Any, tokenizer: Any) -> int:
    """How many tokens are read at once: what the model was trained with, if it can take it."""
    wanted = int(folder.own.get("window", _WINDOW))
    most = int(getattr(config, "max_position_embeddings", wanted) or wanted)
    return max(2 * _OVERLAP, min(wanted, most, int(tokenizer.model_max_length)))


def _plain(text: str) -> str:
    """For models that were not trained with our rules: the text, without what is no character."""
    return " ".join(text.encode("utf-8", "ignore").decode().replace("\x00", " ").split())
