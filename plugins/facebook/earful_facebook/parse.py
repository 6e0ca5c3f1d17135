"""From a payload to messages and removals: what was pushed, and what was read; pure.

A push is a document with `object` and `entry`. What the source read is a list of the Graph API,
with what is needed beside it in `meta`: `read`, `page_id`, `page_name` and `fetched_at`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any

from earful import Parsed, Payload, PayloadError, Removal, UnsupportedPayload, mark

from earful_facebook.changes import parse_change
from earful_facebook.listing import parse_list
from earful_facebook.messaging import parse_event
from earful_facebook.origin import Origin
from earful_facebook.values import EPOCH, identifier, items, moment, required_id, text

__all__ = ["parse"]

logger = logging.getLogger(__name__)

_NOT_OURS = {
    "user": mark("changes of people's profiles are not read"),
    "permissions": mark("what people allow an app is not a message; health shows it"),
    "instagram": mark("Instagram is another kind of channel"),
    "whatsapp_business_account": mark("WhatsApp is another kind of channel"),
}


def parse(payload: Payload) -> list[Parsed]:
    """Everything a payload holds.

    Raises `UnsupportedPayload` if there is nothing to keep and all of it is known, and
    `PayloadError` for what Facebook would not send.
    """
    try:
        document = json.loads(payload.body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"this is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise PayloadError(mark("this is no document of Facebook's"))
    if payload.meta.get("read"):
        return _read(payload.meta, document)
    return _pushed(document, payload.meta)


def _read(meta: Mapping[str, str], document: Mapping[str, Any]) -> list[Parsed]:
    at = moment(meta.get("fetched_at"))
    if at is None:
        raise PayloadError(mark("the payload's own notes do not say when it was read"))
    origin = Origin(page_id=meta.get("page_id", ""), page_name=meta.get("page_name", ""), at=at)
    if meta["read"] == "removals":
        return [_deleted(each, at) for each in items(document.get("data"))]
    return list(parse_list(origin, meta["read"], document))


def _deleted(item: Mapping[str, Any], at: datetime) -> Removal:
    return Removal(external_id=required_id(item.get("id"), "a removal"), at=at)


def _pushed(document: Mapping[str, Any], meta: Mapping[str, str]) -> list[Parsed]:
    about = text(document.get("object"))
    entries = items(document.get("entry"))
    if not about or not entries:
        raise PayloadError(mark("this is no push of Facebook's: it has no object or no entry"))
    if about != "page":
        raise UnsupportedPayload(_NOT_OURS.get(about, f"pushes about {about!r} are not read"))
    found: list[Parsed] = []
    reasons: list[str] = []
    broken: list[str] = []
    for entry in entries:
        with _noting(reasons, broken):
            for part in _parts(entry, meta):
                with _noting(reasons, broken):
                    found.extend(part())
    # Pushes are taken apart before they are kept. Of one that was not, the good parts count.
    if broken and not found:
        raise PayloadError("; ".join(dict.fromkeys(broken)))
    if broken:
        logger.warning("left out of a push: %s", "; ".join(dict.fromkeys(broken)))
    if not found:
        raise UnsupportedPayload("; ".join(dict.fromkeys(reasons)))
    return found


@contextmanager
def _noting(reasons: list[str], broken: list[str]) -> Iterator[None]:
    """One part that holds no message, or is broken, is noted and does not spoil the others."""
    try:
        yield
    except UnsupportedPayload as reason:
        reasons.append(str(reason))
    except PayloadError as error:
        broken.append(str(error))


def _parts(
    entry: Mapping[str, Any], meta: Mapping[str, str]
) -> Iterator[Callable[[], Iterable[Parsed]]]:
    origin = _origin(entry, meta)
    if meta.get("page_id") not in {None, "", origin.page_id}:
        raise UnsupportedPayload(
            f"this is about the Page {origin.page_id}, and the channel is connected to "
            f"{meta['page_id']}: use an app of its own for each Page"
        )
    changes = items(entry.get("changes"))
    events = [*items(entry.get("messaging")), *items(entry.get("standby"))]
    if not changes and not events:
        raise PayloadError(mark("an entry of Facebook's without changes and without messages"))
    for change in changes:
        yield partial(parse_change, origin, change)
    for event in events:
        yield partial(parse_event, origin, event)


def _origin(entry: Mapping[str, Any], meta: Mapping[str, str]) -> Origin:
    page_id = identifier(entry.get("id"))
    if not page_id:
        raise PayloadError(mark("an entry of Facebook's does not say which Page it is about"))
    return Origin(
        page_id=page_id,
        page_name=meta.get("page_name", ""),
        at=moment(entry.get("time")) or EPOCH,
    )
