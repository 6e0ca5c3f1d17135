"""What a message says where Facebook gives no text: attachments, templates, ratings; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from earful import Attachment, AttachmentKind

from earful_facebook.values import items, record, text, web_url

__all__ = ["UNSUPPORTED", "message_attachments", "message_text", "rating_text"]

UNSUPPORTED = "(Facebook does not pass this kind of message on. Open Messenger to see it.)"
MOST_ATTACHMENTS = 20
_KINDS = {
    "image": AttachmentKind.IMAGE,
    "video": AttachmentKind.VIDEO,
    "reel": AttachmentKind.VIDEO,
    "ig_reel": AttachmentKind.VIDEO,
    "audio": AttachmentKind.AUDIO,
}


def message_text(said: str, attachments: list[Mapping[str, Any]]) -> str:
    """What was written, and in words whatever has neither text nor an address."""
    told = [line for each in attachments for line in _told(each)]
    return "\n".join([said, *told] if said else told)


def message_attachments(attachments: list[Mapping[str, Any]]) -> tuple[Attachment, ...]:
    """What can be opened."""
    found: dict[str, Attachment] = {}
    for each in attachments:
        payload = record(each.get("payload"))
        url = web_url(payload.get("url")) or web_url(each.get("url"))
        if url:
            title = text(each.get("title")) or text(payload.get("title"))
            kind = _KINDS.get(text(each.get("type")), AttachmentKind.FILE)
            found.setdefault(url, Attachment(url=url, kind=kind, name=title))
    return tuple(list(found.values())[:MOST_ATTACHMENTS])


def _told(attachment: Mapping[str, Any]) -> Iterator[str]:
    payload = record(attachment.get("payload"))
    place = record(payload.get("coordinates"))
    if place:
        yield f"Location: {place.get('lat')}, {place.get('long')}"
        return
    yield from _template(payload)
    if not (
        web_url(payload.get("url")) or web_url(attachment.get("url")) or any(_template(payload))
    ):
        yield f"({text(attachment.get('type')) or 'attachment'})"


def _template(payload: Mapping[str, Any]) -> Iterator[str]:
    """The words of a structured message: its text, its elements and its buttons."""
    for name in ("text", "intro_message"):
        if text(payload.get(name)):
            yield text(payload.get(name))
    for element in (
        *items(payload.get("elements")),
        *items(record(payload.get("product")).get("elements")),
    ):
        words = (text(element.get("title")), text(element.get("subtitle")))
        if any(words):
            yield " · ".join(word for word in words if word)
    for button in items(payload.get("buttons")):
        if text(button.get("title")):
            yield f"[{text(button.get('title'))}]"


def rating_text(value: Mapping[str, Any]) -> str:
    """What a reviewer says, after what they gave."""
    stars, verdict = value.get("rating"), text(value.get("recommendation_type")).lower()
    given = ""
    if isinstance(stars, int) and not isinstance(stars, bool) and value.get("has_rating", True):
        given = f"Rating: {stars} of 5"
    elif verdict in {"positive", "negative"}:
        given = "Recommends this Page" if verdict == "positive" else "Does not recommend this Page"
    words = (given, text(value.get("review_text")))
    return "\n".join(word for word in words if word)
