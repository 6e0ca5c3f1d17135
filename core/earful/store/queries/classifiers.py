"""What classifiers have done and how often people agreed, from counts that others keep.

Reads rows per day and the few latest batches, never messages: it costs the same however much is
stored.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from peewee import SQL, fn

from earful.store.database import connection
from earful.store.models import ClassifierBatch, ClassifierDay, LabelVerdict, Reclassification
from earful.store.queries.reading import dicts, tuples

__all__ = [
    "Confusion",
    "Figures",
    "RunLine",
    "Speed",
    "classifier_figures",
    "unfinished_runs",
]

LATEST = 100
"""So many batches of each classifier make its speed."""
MOST_BATCHES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """How fast the latest batches were read."""

    batches: int
    messages: int
    milliseconds: float
    last_at: datetime

    @property
    def per_second(self) -> float:
        """Messages a second, while the classifier was at work."""
        return 1000 * self.messages / max(self.milliseconds, 0.001)


@dataclass(frozen=True, slots=True)
class Confusion:
    """What a version said of a namespace against what people meant, as counts by (said, meant)."""

    cells: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        """How many messages were judged."""
        return sum(self.cells.values())

    @property
    def agreed(self) -> int:
        """How often people confirmed what the machine said."""
        return sum(count for (said, meant), count in self.cells.items() if said == meant)

    @property
    def values(self) -> tuple[str, ...]:
        """Every value that was said or meant."""
        return tuple(sorted({each for pair in self.cells for each in pair}))

    def meant(self, value: str) -> int:
        """How many messages people gave this value."""
        return sum(count for (_, meant), count in self.cells.items() if meant == value)


@dataclass(frozen=True, slots=True)
class Figures:
    """One classifier: messages by version, confusion by version and namespace, and speed."""

    labelled: dict[str, int] = field(default_factory=dict)
    confusion: dict[str, dict[str, Confusion]] = field(default_factory=dict)
    speed: Speed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """A run over stored messages that has not come to its end."""

    classifier: str
    version: str
    since: datetime
    done: int
    total: int
    updated_at: datetime


def classifier_figures(since: date) -> tuple[int, dict[str, Figures]]:
    """How many messages came since a day, and each classifier's figures; three statements."""
    with connection():
        labelled = _labelled(since)
        confusion = _confusion(since)
        speeds = _speeds()
    total = labelled.pop("", {}).get("", 0)
    names = {*labelled, *confusion, *speeds}
    return total, {
        name: Figures(labelled.get(name, {}), confusion.get(name, {}), speeds.get(name))
        for name in sorted(names)
    }


def _labelled(since: date) -> dict[str, dict[str, int]]:
    query = (
        ClassifierDay.select(
            ClassifierDay.classifier, ClassifierDay.version, fn.SUM(ClassifierDay.messages)
        )
        .where(ClassifierDay.day >= since.isoformat())
        .group_by(ClassifierDay.classifier, ClassifierDay.version)
    )
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for classifier, version, messages in tuples(query):
        if messages > 0:
            found[classifier][version] = int(messages)
    return found


def _confusion(since: date) -> dict[str, dict[str, dict[str, Confusion]]]:
    key = (
        LabelVerdict.classifier,
        LabelVerdict.version,
        LabelVerdict.namespace,
        LabelVerdict.said,
        LabelVerdict.meant,
    )
    query = (
        LabelVerdict.select(*key, fn.SUM(LabelVerdict.count))
        .where(LabelVerdict.day >= since.isoformat())
        .group_by(*key)
    )
    cells: dict[tuple[str, str, str], dict[tuple[str, str], int]] = defaultdict(dict)
    for classifier, version, namespace, said, meant, count in tuples(query):
        if count > 0:
            cells[classifier, version, namespace][said, meant] = int(count)
    found: dict[str, dict[str, dict[str, Confusion]]] = defaultdict(lambda: defaultdict(dict))
    for (classifier, version, namespace), counts in sorted(cells.items()):
        found[classifier][version][namespace] = Confusion(counts)
    return found


def _speeds() -> dict[str, Speed]:
    latest = ClassifierBatch.select().order_by(ClassifierBatch.id.desc()).limit(MOST_BATCHES)
    batches: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in dicts(latest):
        if len(batches[row["classifier"]]) < LATEST:
            batches[row["classifier"]].append(row)
    return {name: _speed(rows) for name, rows in batches.items()}


def _speed(rows: Sequence[Mapping[str, Any]]) -> Speed:
    return Speed(
        batches=len(rows),
        messages=sum(row["messages"] for row in rows),
        milliseconds=sum(row["milliseconds"] for row in rows),
        last_at=rows[0]["at"],
    )


def unfinished_runs() -> tuple[RunLine, ...]:
    """The runs over stored messages that are under way, or were stopped."""
    query = (
        Reclassification.select(
            Reclassification.classifier,
            Reclassification.version,
            Reclassification.since,
            Reclassification.done,
            Reclassification.total,
            Reclassification.updated_at,
        )
        .where(SQL("finished_at IS NULL"))
        .order_by(Reclassification.id.desc())
        .limit(10)
    )
    with connection():
        return tuple(RunLine(**row) for row in dicts(query))
