"""Labelled texts to learn from, and those held back to measure with."""

from __future__ import annotations

import csv
import io
import json
import random
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from earful_sentiment.normalise import normalise

from training.care import care_messages
from training.sources import GO_EMOTIONS, HUTTO, SEMEVAL, TWEETEVAL, TWEETS, obtain
from training.targets import CLASSES, EMOTIONS, Target, from_emotions, from_ratings, frustration

__all__ = ["Example", "draw", "from_corrections", "held_out", "mood_set", "training_set"]

# What each source counts for: tweets are what the model is for, the rest is what there is.
WEIGHTS = {
    "tweets": 2.0,
    "plain tweets": 1.0,
    "semeval": 1.5,
    "reddit": 1.0,
    "products": 0.7,
    "films": 0.5,
    "editorials": 0.7,
    "care": 0.5,
    "corrections": 2.0,
}

DRAWN: Mapping[str, int] = {
    "reddit": 12_000,
    "films": 2_500,
    "editorials": 3_000,
    "care": 1_000,
}
"""How many of a source one epoch sees, where a recipe says nothing else; all of the others."""

_HUTTO_FILES = {
    "tweets": "tweets",
    "products": "amazonReviewSnippets",
    "films": "movieReviewSnippets",
    "editorials": "nytEditorialSnippets",
}
_HUTTO_ARCHIVE = "vaderSentiment-3.3.2/additional_resources/hutto_ICWSM_2014.tar.gz"

_PLAIN: Mapping[str, Target] = {
    "negative": (0.88, 0.10, 0.02),
    "neutral": (0.09, 0.82, 0.09),
    "positive": (0.02, 0.10, 0.88),
}
"""One label by unknown raters, softened by about how often others disagree with it."""

_SURELY_NEUTRAL = 0.85
_SHORT = 80
"""Characters."""

EMOTION_NAMES = tuple(EMOTIONS)
"""In the order of GoEmotions' numbers."""


@dataclass(frozen=True)
class Example:
    """`frustrated` is None where nothing is known about it."""

    text: str
    target: Target
    source: str
    frustrated: float | None = None
    weight: float = 1.0


def training_set(cache: Path) -> list[Example]:
    """All there is to learn from, in the same order every time."""
    rated = (example for example in _hutto(cache) if not _is_held_out(example.text))
    care = (
        Example(text, tone, "care", frustrated, WEIGHTS["care"])
        for text, tone, frustrated in care_messages()
    )
    plain = (example for example in _plain_tweets(cache) if not _is_held_out(example.text))
    measured = [each.text for part in ("val", "test") for each in _tweeteval(cache, part)]
    topical = _semeval([obtain(file, cache) for file in SEMEVAL], measured)
    emotions = _go_emotions(obtain(GO_EMOTIONS["train"], cache))
    return [*rated, *plain, *topical, *emotions, *care]


def mood_set(pool: Sequence[Example]) -> list[Example]:
    """What `frustrated` is learned from: care messages above all, and what else says something."""
    known = [example for example in pool if example.frustrated is not None]
    reddit = [example for example in known if example.source == "reddit"][:6_000]
    care = [example for example in known if example.source in {"care", "corrections"}]
    rest = [example for example in known if example.source in _HUTTO_FILES]
    random.Random(5).shuffle(rest)  # noqa: S311
    return [*reddit, *care, *rest[:2_000]]


def held_out(cache: Path) -> list[Example]:
    """Of each source, texts that are never learned from."""
    rated = (example for example in _hutto(cache) if _is_held_out(example.text))
    plain = (example for example in _plain_tweets(cache) if _is_held_out(example.text))
    emotions = _go_emotions(obtain(GO_EMOTIONS["test"], cache))
    return [*rated, *plain, *_tweeteval(cache, "test"), *emotions]


def from_corrections(lines: Iterable[str]) -> list[Example]:
    """What `earful corrections export` wrote: people's own words, and what is right about them.

    Each line is about one message and one kind of label; those of other kinds are left out.
    """
    said: dict[str, dict[str, str]] = {}
    for line in lines:
        correction = json.loads(line)
        if text := normalise(correction["text"]):
            said.setdefault(text, {})[correction["namespace"]] = correction["label"] or ""
    return [_corrected(text, labels) for text, labels in said.items() if labels.get("sentiment")]


def _corrected(text: str, labels: Mapping[str, str]) -> Example:
    negative, neutral, positive = (
        _CERTAIN if labels["sentiment"] == name else _REST for name in CLASSES
    )
    mood = labels.get("mood")
    return Example(
        text=text,
        target=(negative, neutral, positive),
        source="corrections",
        frustrated=None if mood is None else float(mood == "frustrated"),
        weight=WEIGHTS["corrections"],
    )


_CERTAIN, _REST = 0.9, 0.05
"""One person's word is not the last one."""


def draw(
    pool: Sequence[Example],
    epoch: int,
    order: random.Random,
    counts: Mapping[str, int] = DRAWN,
) -> list[Example]:
    """One epoch's examples: of large sources the next part, some of them changed a little."""
    drawn: list[Example] = []
    for source in dict.fromkeys(example.source for example in pool):
        examples = [example for example in pool if example.source == source]
        # By a fixed order, so that epochs see different parts.
        random.Random(source).shuffle(examples)  # noqa: S311
        count = min(counts.get(source, len(examples)), len(examples))
        first = epoch * count
        drawn += [examples[(first + number) % len(examples)] for number in range(count)]
    neutral = [example for example in drawn if example.target[1] > _SURELY_NEUTRAL]
    return [_varied(example, neutral, order) for example in drawn]


def _varied(example: Example, neutral: Sequence[Example], order: random.Random) -> Example:
    """Posts begin with mentions, and say something plain before they say what they feel."""
    dice = order.random()
    if dice < 0.15:  # noqa: PLR2004
        return replace(example, text=f"@user {example.text}")
    if dice < 0.25 and len(example.text) < _SHORT:  # noqa: PLR2004
        return replace(example, text=f"{order.choice(neutral).text} {example.text}")
    return example


def _is_held_out(text: str) -> bool:
    """A tenth, by the text itself: the same whatever the order, and for equal texts."""
    return zlib.crc32(text.lower().encode()) % 10 == 0


def _hutto(cache: Path) -> Iterator[Example]:
    with tarfile.open(obtain(HUTTO, cache)) as package:
        inner = package.extractfile(_HUTTO_ARCHIVE)
        if inner is None:
            raise ValueError(f"{_HUTTO_ARCHIVE} is not a file")
        with tarfile.open(fileobj=io.BytesIO(inner.read())) as archive:
            for source, name in _HUTTO_FILES.items():
                yield from _rated(archive, source, name)


def _rated(archive: tarfile.TarFile, source: str, name: str) -> Iterator[Example]:
    texts = {row[0]: row[2] for row in _rows(archive, f"{name}_GroundTruth.txt")}
    for row in _rows(archive, f"{name}_anonDataRatings.txt"):
        ratings = json.loads(row[3])
        target = from_ratings(ratings)
        calm = sum(score < 0 for score in ratings) * 5 < len(ratings)
        yield Example(
            text=normalise(texts[row[0]].replace("@anonymous", "@user")),
            target=target,
            source=source,
            frustrated=0.0 if calm else None,
            weight=WEIGHTS[source],
        )


def _rows(archive: tarfile.TarFile, name: str) -> Iterable[list[str]]:
    file = archive.extractfile(f"hutto_ICWSM_2014/{name}")
    if file is None:
        raise ValueError(f"{name} is not a file")
    text = file.read().decode("utf-8-sig", errors="replace")
    return csv.reader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)


def _plain_tweets(cache: Path) -> Iterator[Example]:
    """Tweets with one label each. The mention that each began with is gone."""
    with obtain(TWEETS, cache).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if text := normalise(row["text"].replace("`", "'")):
                yield Example(
                    text=text,
                    target=_PLAIN[row["sentiment"]],
                    source="plain tweets",
                    weight=WEIGHTS["plain tweets"],
                )


def _semeval(files: Iterable[Path], measured: Iterable[str]) -> Iterator[Example]:
    """Each text once; none with two labels, and no copy of one that is measured with."""
    known = {trace for text in measured for trace in _traces(text)}
    labels: dict[str, set[str]] = {}
    for path in files:
        with path.open(encoding="utf-8", newline="\n") as file:
            for _, label, text, *_ in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
                labels.setdefault(normalise(text), set()).add(label)
    for text, said in labels.items():
        if len(said) == 1 and known.isdisjoint(_traces(text)):
            yield Example(text, _PLAIN[said.pop()], "semeval", weight=WEIGHTS["semeval"])


def _traces(text: str) -> set[frozenset[str] | tuple[str, ...]]:
    """What two copies of a text have in common, though one lost its links or its end."""
    words = [word for word in re.findall(r"\w+", text.lower()) if word not in {"user", "http"}]
    return {frozenset(words), tuple(words[:8]), tuple(words[-8:])}


def _tweeteval(cache: Path, part: str) -> Iterator[Example]:
    texts = obtain(TWEETEVAL[f"{part}_text"], cache).read_text(encoding="utf-8").split("\n")
    labels = obtain(TWEETEVAL[f"{part}_labels"], cache).read_text().split()
    for text, label in zip(texts, labels, strict=False):
        one, two, three = (float(label == number) for number in "012")
        yield Example(normalise(text), (one, two, three), f"tweeteval {part}")


def _go_emotions(path: Path) -> Iterator[Example]:
    lines = path.read_text(encoding="utf-8").splitlines()
    for text, numbers, _ in csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
        emotions = [EMOTION_NAMES[int(number)] for number in numbers.split(",")]
        yield Example(
            text=normalise(text.replace("[NAME]", "Alex").replace("[RELIGION]", "church")),
            target=from_emotions(emotions),
            source="reddit",
            frustrated=frustration(emotions),
            weight=WEIGHTS["reddit"],
        )
