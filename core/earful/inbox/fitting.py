"""What a plugin hands over, made fit to be kept: no text too long or unkeepable, all times aware.

Done once, before anything is looked up, so that a copy is always recognised as one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import TypeVar

from earful.components import ChannelType, Parsed
from earful.errors import PayloadError
from earful.inbox.text import clean, identifier, one_line
from earful.plugins import contained
from earful.types import Attachment, Author, InboundMessage, Payload, Receipt, Removal, Seen

__all__ = ["fit", "fit_payload", "fit_receipt", "parse"]

MOST_ITEMS = 10_000
_LONGEST_URL = 4000
_LONGEST_NAME = 1000
_MOST_EXTRA = 100
_MOST_LABELS = 20
_MOST_OTHER_IDS = 20
_LONGEST_LABEL = 100
_LABEL = re.compile(r"[\w.-]+:[\w .-]+")
Text = TypeVar("Text", str, str | None)


def parse(channel_type: ChannelType, payload: Payload) -> list[Parsed]:
    """What the plugin reads out of a payload, fit to be kept; raises what the plugin raises."""
    items = contained(
        f"{channel_type.kind}.parse",
        lambda: list(islice(channel_type.parse(payload), MOST_ITEMS + 1)),
    )
    if len(items) > MOST_ITEMS:
        message = f"more than {MOST_ITEMS} messages in one payload"
        raise PayloadError(message)
    return [fit(item) for item in items]


def fit(item: object) -> Parsed:
    """The item as it can be kept. Raises `PayloadError` for what nobody could find again."""
    if isinstance(item, Removal):
        return replace(item, external_id=_id(item.external_id), at=_aware(item.at))
    if isinstance(item, InboundMessage):
        return _fit_message(item)
    if isinstance(item, Seen):
        return replace(item, thread_id=_id(item.thread_id), until=_aware(item.until) or item.until)
    message = f"parsing gave a {type(item).__name__}, not a message, a removal or a sight"
    raise PayloadError(message)


def fit_payload(payload: Payload) -> Payload:
    """A payload as it can be kept; raises when it is none."""
    if not isinstance(payload.body, bytes):
        message = "a payload's body must be bytes"  # type: ignore[unreachable]
        raise TypeError(message)
    return replace(
        payload,
        content_type=clean(payload.content_type, 200),
        meta={clean(name): clean(value) for name, value in payload.meta.items()},
        key=identifier(payload.key, 200),
    )


def fit_receipt(receipt: Receipt) -> Receipt:
    """A receipt as it can be kept; raises when it is none."""
    return replace(
        receipt,
        external_id=identifier(receipt.external_id),
        thread_id=receipt.thread_id and identifier(receipt.thread_id),
        url=_url(receipt.url),
        at=_aware(receipt.at),
    )


def _fit_message(message: InboundMessage) -> InboundMessage:
    return replace(
        message,
        external_id=_id(message.external_id),
        author=_fit_author(message.author),
        text=clean(message.text),
        sent_at=_aware(message.sent_at) or message.sent_at,
        thread_id=message.thread_id and identifier(message.thread_id),
        thread_title=clean(message.thread_title, _LONGEST_NAME),
        thread_url=_url(message.thread_url),
        parent_id=message.parent_id and identifier(message.parent_id),
        url=_url(message.url),
        language=message.language and clean(message.language, 16),
        attachments=tuple(_fit_attachment(each) for each in message.attachments),
        edited_at=_aware(message.edited_at),
        visible_at=_aware(message.visible_at),
        extra=_fit_extra(message.extra) if message.extra else message.extra,
        labels=_fit_labels(message.labels) if message.labels else (),
        other_ids=tuple(filter(None, map(identifier, message.other_ids[:_MOST_OTHER_IDS]))),
    )


def _fit_author(author: Author) -> Author:
    return replace(
        author,
        external_id=identifier(author.external_id, 300),
        name=clean(author.name, _LONGEST_NAME),
        handle=clean(author.handle, _LONGEST_NAME),
        url=_url(author.url),
        avatar_url=_url(author.avatar_url),
    )


def _fit_attachment(attachment: Attachment) -> Attachment:
    return replace(
        attachment,
        url=clean(attachment.url, 2000),
        name=clean(attachment.name, 300),
        alt=clean(attachment.alt, 2000),
    )


def _fit_extra(extra: Mapping[str, str]) -> dict[str, str]:
    names = list(extra)[:_MOST_EXTRA]
    return {clean(str(name), 200): clean(str(extra[name]), _LONGEST_URL) for name in names}


def _fit_labels(labels: Sequence[str]) -> tuple[str, ...]:
    """The labels that are `namespace:value`, in lower case and each once."""
    names = (one_line(str(name), _LONGEST_LABEL).lower() for name in labels[:_MOST_LABELS])
    return tuple(dict.fromkeys(name for name in names if _LABEL.fullmatch(name)))


def _id(text: str) -> str:
    fitting = identifier(text)
    if not fitting:
        message = "a message without an id"
        raise PayloadError(message)
    return fitting


def _url(text: Text) -> Text:
    return clean(text, _LONGEST_URL) if text else text


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment
