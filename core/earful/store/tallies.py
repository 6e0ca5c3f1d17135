"""Counts that grow with the work, so that pages about classifiers need not read messages.

Every count is changed in the transaction of what it counts. Rows are written in one order, so that
two transactions never wait for each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import EXCLUDED

from earful.store import bulk
from earful.store.models import (
    ClassifierBatch,
    ClassifierDay,
    LabelCorrection,
    LabelVerdict,
    Message,
    MessageLabel,
)
from earful.store.queries.reading import among, tuples

__all__ = [
    "Batch",
    "DayChanges",
    "add_days",
    "count_classified",
    "count_verdict",
    "moved_labels",
    "note_batches",
]

DayChanges = Counter[tuple[str, str, str]]
"""By how much to change the messages of a day, a classifier and its version."""

KEPT_BATCHES = 1000
_CLEARED_EVERY = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How many messages a classifier was asked about at once, and how long it took."""

    classifier: str
    version: str
    messages: int
    milliseconds: float


def note_batches(batches: Sequence[Batch], now: datetime) -> None:
    """Keep how fast classifiers were; old rows go, so that the table stays small."""
    if not batches:
        return
    ids = bulk.insert(
        ClassifierBatch,
        [
            {
                "classifier": each.classifier,
                "version": each.version,
                "at": now,
                "messages": each.messages,
                "milliseconds": each.milliseconds,
            }
            for each in batches
        ],
    )
    if any(each % _CLEARED_EVERY == 0 for each in ids):
        ClassifierBatch.delete().where(ClassifierBatch.id <= ids[-1] - KEPT_BATCHES).execute()


def count_classified(message_ids: Collection[int], labels: Iterable[Mapping[str, Any]]) -> None:
    """Count messages that have been through all classifiers, with the labels they were given."""
    days = _days(message_ids)
    changes = Counter((day, "", "") for day in days.values())
    labelled = {(each["message"], each["classifier"], each["version"]) for each in labels}
    changes.update((days[message], *who) for message, *who in labelled)
    add_days(changes)


def moved_labels(
    message_ids: Collection[int], classifier: str, version: str, labelled: Collection[int]
) -> DayChanges:
    """What changes when a classifier's labels of these messages are replaced by a version's.

    `labelled` are those that carry labels afterwards. Ask before, and count with `add_days` after.
    """
    days = _days(message_ids)
    said = MessageLabel.select(MessageLabel.message, MessageLabel.version).distinct()
    mine = MessageLabel.message.in_(list(days)) & (MessageLabel.classifier == classifier)
    changes: DayChanges = Counter()
    for message, old in tuples(said.where(mine)):
        changes[days[message], classifier, old] -= 1
    for message in labelled:
        changes[days[message], classifier, version] += 1
    return changes


def _days(message_ids: Collection[int]) -> dict[int, str]:
    query = Message.select(Message.id, Message.received_at)
    found = tuples(query.where(among(Message.id, message_ids)))
    return {key: f"{at:%Y-%m-%d}" for key, at in found}


def add_days(changes: DayChanges) -> None:
    """Write changed counts."""
    rows = [
        {"day": day, "classifier": classifier, "version": version, "messages": number}
        for (day, classifier, version), number in sorted(changes.items())
        if number
    ]
    if not rows:
        return
    (
        ClassifierDay.insert_many(rows)
        .on_conflict(
            conflict_target=[ClassifierDay.day, ClassifierDay.classifier, ClassifierDay.version],
            update={ClassifierDay.messages: ClassifierDay.messages + EXCLUDED.messages},
        )
        .execute()
    )


def count_verdict(*changes: tuple[LabelCorrection, int]) -> None:
    """Count judgements, or with -1 take them out again.

    Nothing is counted where no classifier had looked at the message.
    """
    rows = [
        {
            "day": f"{judged.at:%Y-%m-%d}",
            "classifier": judged.machine_classifier,
            "version": judged.machine_version,
            "namespace": judged.namespace,
            "said": judged.machine_value,
            "meant": judged.value,
            "count": number,
        }
        for judged, number in changes
        if judged.machine_value is not None
    ]
    key = ("day", "classifier", "version", "namespace", "said", "meant")
    for row in sorted(rows, key=lambda row: [row[name] for name in key]):
        (
            LabelVerdict.insert(**row)
            .on_conflict(
                conflict_target=[getattr(LabelVerdict, name) for name in key],
                update={LabelVerdict.count: LabelVerdict.count + EXCLUDED.count},
            )
            .execute()
        )
