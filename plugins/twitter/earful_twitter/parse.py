"""Payload in, messages and removals out: no network, no clock.

Three forms of documents: a pushed event of the X Activity API, a page of the API, and an answer
about single posts, which also tells which of them are gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from earful import (
    InboundMessage,
    Parsed,
    Payload,
    PayloadError,
    Removal,
    RemovalKind,
    UnsupportedPayload,
    mark,
)

from earful_twitter import events
from earful_twitter.direct import listed_message
from earful_twitter.meta import Meta, as_id
from earful_twitter.people import inner
from earful_twitter.posts import Included, post_message

__all__ = ["parse"]

_OLDER = ("user_event", "for_user_id")
_POSTS = ("tweet", "post")


def parse(payload: Payload) -> list[Parsed]:
    """What a document says. Raises `UnsupportedPayload` for events that are left alone."""
    document = _load(payload.body)
    meta = Meta.load(payload.meta)
    data = document.get("data")
    if isinstance(data, Mapping) and _is_pushed(data):
        return events.parse(data, meta)
    if any(name in _OLDER or name.endswith("_events") for name in document):
        raise UnsupportedPayload(
            mark("Events of X's older Account Activity API are left alone: the newer one has them.")
        )
    if not isinstance(data, list | Mapping) and not isinstance(document.get("errors"), list):
        raise PayloadError(mark("this is neither an event of X nor a page of its API"))
    return [*_page(document, meta), *_gone(document)]


def _is_pushed(data: Mapping[str, Any]) -> bool:
    """Whether it is an event: `post.create`, not a listed direct message's `MessageCreate`."""
    return "event_type" in data and ("id" not in data or "." in str(data["event_type"]))


def _load(body: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"this is no JSON: {error}") from error
    if not isinstance(document, Mapping):
        raise PayloadError(mark("this is no document of X: it is not an object"))
    return document


def _page(document: Mapping[str, Any], meta: Meta) -> Iterator[Parsed]:
    data = document.get("data")
    items = data if isinstance(data, list) else [data] if isinstance(data, Mapping) else []
    included = Included.of(document.get("includes"), meta)
    seen: set[str] = set()
    for item in items:
        if not isinstance(item, Mapping):
            raise PayloadError(mark("this page holds something that is no object"))
        try:
            message = _item(item, included, meta)
        except UnsupportedPayload:
            if item is data:
                raise
            continue  # one item of a page; the others go on
        # Two versions of an edited post may stand on one page; the newest comes first.
        if message.external_id not in seen:
            seen.add(message.external_id)
            yield message


def _item(item: Mapping[str, Any], included: Included, meta: Meta) -> InboundMessage:
    if "event_type" in item:
        return listed_message(item, included, meta)
    return post_message(item, included, meta)


def _gone(document: Mapping[str, Any]) -> Iterator[Removal]:
    """Posts that were asked for and are not shown any more."""
    errors = document.get("errors")
    for error in errors if isinstance(errors, list) else []:
        problem = inner(error)
        identifier = as_id(problem.get("resource_id")) or as_id(problem.get("value"))
        kind = str(problem.get("type")).rpartition("/")[2]
        about_a_post = str(problem.get("resource_type")) in _POSTS
        if not identifier or not about_a_post or str(problem.get("parameter")) not in {"ids", "id"}:
            continue
        if kind == "resource-not-found":
            yield Removal(external_id=identifier)
        elif kind in {"not-authorized-for-resource", "resource-unavailable"}:
            yield Removal(external_id=identifier, kind=RemovalKind.HIDDEN)
