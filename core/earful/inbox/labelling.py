"""Asks classifiers about messages; what they say becomes rows, and how long it took is kept."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from time import perf_counter
from typing import Any

from earful.components import describe
from earful.inbox.text import clean
from earful.plugins import contained
from earful.runtime import ConfiguredClassifier, Runtime
from earful.store.models import Channel, Identity, Message
from earful.store.tallies import Batch
from earful.types import ClassifiedMessage, Label, Surface

__all__ = ["HARMLESS", "ask", "readable", "try_out"]

logger = logging.getLogger(__name__)

Rows = list[dict[str, Any]]

HARMLESS = ClassifiedMessage(
    id=0,
    text="Thank you, the parcel has arrived.",
    surface=Surface.PUBLIC_REPLY,
    language=None,
    channel="",
    author_name="",
)
"""What every classifier can read: whichever fails on it is broken."""


def readable(which: Any, most: int | None = None) -> list[ClassifiedMessage]:
    """The messages that meet a condition as classifiers see them, oldest first."""
    rows = (
        Message.select(
            Message.id,
            Message.text,
            Message.surface,
            Message.language,
            Channel.name,
            Identity.name,
        )
        .join(Channel)
        .switch(Message)
        .join(Identity)
        .where(which)
        .order_by(Message.id)
        .limit(most)
        .tuples()
    )
    return [
        ClassifiedMessage(
            id=row[0],
            text=row[1],
            surface=row[2],
            language=row[3],
            channel=row[4],
            author_name=row[5],
        )
        for row in rows
    ]


def ask(
    classifier: ConfiguredClassifier, messages: Sequence[ClassifiedMessage], now: datetime
) -> tuple[Rows, Batch]:
    """The classifier's labels as rows of `MessageLabel`, and how long it took to find them."""
    began = perf_counter()
    found = _classified(classifier, messages)
    # Told only now: a model that had to be downloaded first has no version before.
    version = classifier.version
    batch = Batch(
        classifier=classifier.name,
        version=version,
        messages=len(messages),
        milliseconds=(perf_counter() - began) * 1000,
    )
    return _rows(classifier.name, version, messages, found, now), batch


def try_out(runtime: Runtime) -> dict[str, str]:
    """Let every classifier label one sentence, which loads its model; why those fail that do."""
    failures = {}
    for classifier in runtime.classifiers:
        try:
            _classified(classifier, [HARMLESS])
        except Exception as error:  # noqa: BLE001 - messages go on without these labels
            logger.warning("classifier=%s failed: %s", classifier.name, describe(error))
            failures[classifier.name] = describe(error)
    return failures


def _classified(
    classifier: ConfiguredClassifier, messages: Sequence[ClassifiedMessage]
) -> list[list[Label]]:
    """The labels of each message; raises when the classifier does not give one list for each."""
    found = contained(f"{classifier.name}.classify", lambda: classifier.object.classify(messages))
    if len(found) != len(messages):
        message = f"{len(found)} answers to {len(messages)} messages"
        raise ValueError(message)
    return found


def _rows(
    classifier: str,
    version: str,
    messages: Sequence[ClassifiedMessage],
    found: Sequence[Sequence[Label]],
    now: datetime,
) -> Rows:
    return [
        {
            "message": message.id,
            "name": clean(label.name, 100),
            "score": None if label.score is None else float(label.score),
            "detail": clean(label.detail, 500),
            "classifier": classifier,
            "version": version,
            "created_at": now,
        }
        for message, labels in zip(messages, found, strict=True)
        for label in labels
    ]
