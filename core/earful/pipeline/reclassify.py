"""Asks a classifier about stored messages again, some at a time, and replaces its labels.

A run is a row with a cursor. Labels and cursor are written in one transaction, so that a process
may die at any moment and the next one goes on where it stood. Corrections by people are other
rows and stay as they are; policies are not asked again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from earful.components import describe
from earful.errors import EarfulError
from earful.inbox.labelling import HARMLESS, ask, readable
from earful.runtime import ConfiguredClassifier
from earful.store import bulk
from earful.store.database import transaction
from earful.store.models import Message, MessageLabel, Reclassification
from earful.store.queries.reading import tuples
from earful.store.states import Direction, Stage
from earful.store.tallies import Batch, add_days, moved_labels, note_batches
from earful.types import ClassifiedMessage, RemovalKind

__all__ = ["ClassifierBroken", "Overtaken", "Wish", "begin", "step"]

logger = logging.getLogger(__name__)

WINDOW = 256
"""How many messages are read, and written, at once: what is done twice after a kill."""
BATCH = 32
"""How many the classifier gets at once, of like length, so that short ones need no padding."""
DISORDER = timedelta(hours=1)
"""By how much the order of ids may differ from that of arrival."""


class Overtaken(EarfulError):
    """Another process has taken the run further; whoever sees this stops, and nothing is lost."""


class ClassifierBroken(EarfulError):
    """The classifier fails on everything: nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which messages: those that arrived since a moment, and before another one."""

    since: datetime
    until: datetime | None = None
    only_unlabelled: bool = False


@dataclass(slots=True)
class _Answers:
    """What the classifier said of one window."""

    rows: list[dict[str, Any]]
    batches: list[Batch]
    failed: set[int]


def begin(classifier: ConfiguredClassifier, wish: Wish, *, now: datetime) -> Reclassification:
    """The run that was begun with the same wish and version and is not finished, or a new one.

    Raises `ClassifierBroken` where the classifier does not work. Asking it first also loads its
    model, which may have no version before.
    """
    _probe(classifier, now)
    with transaction():
        known = (
            Reclassification.select()
            .where(
                Reclassification.finished_at.is_null(),
                Reclassification.classifier == classifier.name,
                Reclassification.version == classifier.version,
                Reclassification.since == wish.since,
                Reclassification.only_unlabelled == wish.only_unlabelled,
                _equals(Reclassification.until, wish.until),
            )
            .order_by(Reclassification.id.desc())
            .first()
        )
        return known or _new(classifier, wish, now)


def _equals(column: Any, moment: datetime | None) -> Any:
    return column.is_null() if moment is None else column == moment


def _new(classifier: ConfiguredClassifier, wish: Wish, now: datetime) -> Reclassification:
    run = Reclassification(
        classifier=classifier.name,
        version=classifier.version,
        since=wish.since,
        until=wish.until,
        only_unlabelled=wish.only_unlabelled,
        cursor=_first_since(wish.since - DISORDER) - 1,
        last_id=_newest(),
        total=0,
        started_at=now,
        updated_at=now,
    )
    run.total = Message.select().where(_chosen(run)).count()
    run.save(force_insert=True)
    return run


def _newest() -> int:
    found = tuples(Message.select(Message.id).order_by(Message.id.desc()).limit(1))
    return found[0][0] if found else 0


def _first_since(moment: datetime) -> int:
    """The first id that arrived then or later, found by halving: messages have no index by time.

    Ids are given at arrival. A message that came back has a later time than its neighbours; it
    can only let the search begin too early.
    """
    low, high = 1, _newest() + 1
    while low < high:
        middle = (low + high) // 2
        query = Message.select(Message.id, Message.received_at).where(Message.id >= middle)
        key, arrived = tuples(query.order_by(Message.id).limit(1))[0]
        if arrived >= moment:
            high = middle
        else:
            low = key + 1
    return low


def _chosen(run: Reclassification) -> Any:
    """What is still to do. What triage has not labelled yet, it will."""
    which = (
        (Message.id > run.cursor)
        & (Message.id <= run.last_id)
        & (Message.direction == Direction.IN)
        & (Message.removal.is_null() | (Message.removal != RemovalKind.DELETED))
        & (Message.stage != Stage.INGESTED)
        & (Message.received_at >= run.since)
    )
    if run.until is not None:
        which &= Message.received_at < run.until
    if run.only_unlabelled:
        labelled = MessageLabel.select(MessageLabel.message).where(
            MessageLabel.message == Message.id, MessageLabel.classifier == run.classifier
        )
        which &= Message.id.not_in(labelled)
    return which


def step(classifier: ConfiguredClassifier, run_id: int, *, now: datetime) -> int | None:
    """Do one window; how many messages it had, or None when the run has ended.

    Raises `Overtaken`, and `ClassifierBroken` where the classifier answers nothing at all.
    """
    run = Reclassification.get_by_id(run_id)
    messages = readable(_chosen(run), WINDOW) if run.finished_at is None else []
    if not messages:
        open_run = (Reclassification.id == run.id) & Reclassification.finished_at.is_null()
        Reclassification.update(finished_at=now).where(open_run).execute()
        return None
    answers = _ask(classifier, messages, now)
    with transaction():
        _advance(run, messages, len(answers.failed), now)
        _replace(
            classifier, [each.id for each in messages if each.id not in answers.failed], answers
        )
        note_batches(answers.batches, now)
    return len(messages)


def _advance(
    run: Reclassification, messages: Sequence[ClassifiedMessage], failed: int, now: datetime
) -> None:
    moved = (
        Reclassification.update(
            cursor=messages[-1].id,
            done=Reclassification.done + len(messages),
            failed=Reclassification.failed + failed,
            updated_at=now,
        )
        .where((Reclassification.id == run.id) & (Reclassification.cursor == run.cursor))
        .execute()
    )
    if not moved:
        raise Overtaken("Another process does the same; it goes on there.")


def _replace(classifier: ConfiguredClassifier, ids: Sequence[int], answers: _Answers) -> None:
    labelled = {row["message"] for row in answers.rows}
    changes = moved_labels(ids, classifier.name, classifier.version, labelled)
    mine = MessageLabel.message.in_(list(ids)) & (MessageLabel.classifier == classifier.name)
    MessageLabel.delete().where(mine).execute()
    if answers.rows:
        bulk.insert(MessageLabel, answers.rows, ignore_known=True)
    add_days(changes)


def _ask(
    classifier: ConfiguredClassifier, messages: Sequence[ClassifiedMessage], now: datetime
) -> _Answers:
    answers = _Answers([], [], set())
    ordered = sorted(messages, key=lambda each: len(each.text))
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        if not _add(answers, classifier, batch, now):
            # One message that the classifier cannot read must not keep the others from it.
            for each in batch:
                if not _add(answers, classifier, [each], now):
                    answers.failed.add(each.id)
    if len(answers.failed) == len(messages):
        _probe(classifier, now)
    return answers


def _add(
    answers: _Answers,
    classifier: ConfiguredClassifier,
    batch: Sequence[ClassifiedMessage],
    now: datetime,
) -> bool:
    try:
        rows, told = ask(classifier, batch, now)
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        logger.warning(
            "classifier=%s messages=%s failed: %s",
            classifier.name,
            [each.id for each in batch[:3]],
            describe(error),
        )
        return False
    answers.rows += rows
    answers.batches.append(told)
    return True


def _probe(classifier: ConfiguredClassifier, now: datetime) -> None:
    """Ask for something that every classifier can read, to tell a broken one from odd messages."""
    try:
        ask(classifier, [HARMLESS], now)
    except Exception as error:
        message = f"classifiers.{classifier.name} does not work: {describe(error)}"
        raise ClassifierBroken(message) from error
