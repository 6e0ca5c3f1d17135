"""What people said about labels, as plain values: data to train and to judge a classifier with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import peewee

from earful.store.database import connection
from earful.store.models import (
    Agent,
    Channel,
    Identity,
    LabelCorrection,
    Message,
    MessageVersion,
)
from earful.store.queries.reading import dicts, tuples
from earful.types import RemovalKind

__all__ = ["correction_count", "exported_corrections"]

_BATCH = 200


def correction_count() -> int:
    """How many judgements are stored, those of deleted messages included."""
    with connection():
        return int(LabelCorrection.select().count())


def exported_corrections(*, with_authors: bool = False) -> Iterator[dict[str, Any]]:
    """Each judgement with the text that was judged, oldest first.

    Messages that were deleted on their platform have no text here either, and are left out.
    Memory stays that of one small batch, however much there is.
    """
    last = 0
    with connection():
        while batch := _batch(last):
            earlier = _earlier_texts(batch)
            for row in batch:
                if row["removal"] is not RemovalKind.DELETED:
                    text = earlier.get((row["message"], row["text_version"]), row["text"])
                    yield _line(row, text, with_authors)
            last = batch[-1]["id"]


def _batch(after: int) -> list[dict[str, Any]]:
    query = (
        LabelCorrection.select(
            LabelCorrection,
            Message.text,
            Message.version.alias("present_version"),
            Message.language,
            Message.removal,
            Channel.kind,
            Identity.name.alias("author_name"),
            Identity.handle.alias("author_handle"),
            Agent.email.alias("judge"),
        )
        .join(Message)
        .join(Channel)
        .switch(Message)
        .join(Identity)
        .join_from(LabelCorrection, Agent, peewee.JOIN.LEFT_OUTER)
        .where(LabelCorrection.id > after)
        .order_by(LabelCorrection.id)
        .limit(_BATCH)
    )
    return dicts(query)


def _earlier_texts(batch: Sequence[dict[str, Any]]) -> dict[tuple[int, int], str]:
    """What edited messages said when they were judged."""
    edited = [row["message"] for row in batch if row["text_version"] < row["present_version"]]
    if not edited:
        return {}
    query = MessageVersion.select(
        MessageVersion.message, MessageVersion.number, MessageVersion.text
    ).where(MessageVersion.message.in_(edited))
    return {(message, number): text for message, number, text in tuples(query)}


def _line(row: dict[str, Any], text: str, with_authors: bool) -> dict[str, Any]:  # noqa: FBT001
    line = {
        "text": text,
        "namespace": row["namespace"],
        "label": row["value"] or None,
        "machine_label": row["machine_value"] or None,
        "machine_looked": row["machine_value"] is not None,
        "machine_score": row["machine_score"],
        "classifier": row["machine_classifier"] or None,
        "version": row["machine_version"] or None,
        "language": row["language"],
        "channel": row["kind"],
        "at": row["at"].isoformat(),
    }
    if with_authors:
        line |= {
            "author": row["author_name"],
            "author_handle": row["author_handle"] or None,
            "judged_by": row["judge"],
        }
    return line
