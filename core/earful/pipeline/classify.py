"""Messages get labels: every classifier sees every message, in batches, and fails alone."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from earful.components import describe
from earful.inbox import timeline
from earful.inbox.labelling import ask, readable
from earful.inbox.text import clean
from earful.runtime import Runtime
from earful.store import bulk
from earful.store.database import transaction
from earful.store.models import Message, MessageLabel
from earful.store.stages import held, move
from earful.store.states import Stage
from earful.store.tallies import Batch, count_classified, note_batches

__all__ = ["classify"]

logger = logging.getLogger(__name__)


def classify(runtime: Runtime, message_ids: Sequence[int], *, now: datetime) -> None:
    """Label the messages that are still unlabelled, and move them on."""
    waiting = Message.id.in_(message_ids) & (Message.stage == Stage.INGESTED)
    messages = readable(waiting) if runtime.classifiers else []
    labels: list[dict[str, Any]] = []
    batches: list[Batch] = []
    failures: list[str] = []
    for classifier in runtime.classifiers if messages else ():
        try:
            rows, batch = ask(classifier, messages, now)
            labels += rows
            batches.append(batch)
        except Exception as error:  # noqa: BLE001 - triage goes on without these labels
            logger.warning("classifier=%s failed: %s", classifier.name, describe(error))
            failures.append(clean(f"{classifier.name}: {describe(error)}", 1000))
    with transaction():
        conversations = held(message_ids, Stage.INGESTED)
        mine = [row for row in labels if row["message"] in conversations]
        if mine:
            bulk.insert(MessageLabel, mine, ignore_known=True)
        timeline.add(
            [
                timeline.entry(
                    conversation_id, "classifier_failed", now, message_id=each, reason=reason
                )
                for each, conversation_id in conversations.items()
                for reason in failures
            ]
        )
        move(conversations, Stage.CLASSIFIED)
        note_batches(batches, now)
        count_classified(conversations, mine)
