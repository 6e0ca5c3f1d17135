"""Payload in, messages and removals out: no network, no clock.

Three forms of documents: a pushed event of the X Activity API, a page of the API, and an answer
about single posts, which also tells which of them are gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from earful import Parsed, Payload, PayloadError, Removal, RemovalKind, UnsupportedPayload, mark

from earful_twitter import events
from earful_twitter.direct import listed_message
from earful_twitter.meta import Meta, as_id
from earful_twitter.people import inner
from earful_twitter.posts import Included, is_repost, post_message

__all__ = ["parse"]


def parse(payload: Payload) -> list[Parsed]:
    """What a document says. Raises `UnsupportedPayload` for events that are left alone."""
    document = _load(payload.body)
    meta = Meta.load(payload.meta)
    data = document.get("data")
    if isinstance(data, Mapping) and "event_type" in data and "id" not in data:
        return events.parse(data, meta)
    if not isinstance(data, list | Mapping) and not isinstance(document.get("errors"), list):
        raise PayloadError(mark("this is neither an event of X nor a page of its API"))
    return [*_page(document, meta), *_gone(document)]


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
        message = _item(item, included, meta)
        # Two versions of an edited post may stand on one page; the newest comes first.
        if message is not None and getattr(message, "external_id", "") not in seen:
            seen.add(message.external_id)
            yield message


def _item(item: Mapping[str, Any], included: Included, meta: Meta) -> Parsed | None:
    if "event_type" in item:
        try:
            return listed_message(item, included, meta)
        except UnsupportedPayload:
            return None  # one event of a page; the others go on
    return None if is_repost(item) else post_message(item, included, meta)


def _gone(document: Mapping[str, Any]) -> Iterator[Removal]:
    """Posts that were asked for and are not shown any more."""
    errors = document.get("errors")
    for error in errors if isinstance(errors, list) else []:
        problem = inner(error)
        identifier = as_id(problem.get("resource_id")) or as_id(problem.get("value"))
        kind = str(problem.get("type")).rpartition("/")[2]
        about_a_post = problem.get("resource_type") in {"tweet", "post"}
        if not identifier or not about_a_post or problem.get("parameter") not in {"ids", "id"}:
            continue
        if kind == "resource-not-found":
            yield Removal(external_id=identifier)
        elif kind in {"not-authorized-for-resource", "resource-unavailable"}:
            yield Removal(external_id=identifier, kind=RemovalKind.HIDDEN)
