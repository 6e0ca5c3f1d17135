"""Payload in, messages and removals out: the pure half of the plugin."""

from __future__ import annotations

from collections.abc import Iterator

from earful import Parsed, Payload

from earful_forums import comments, feed
from earful_forums.meta import Meta

__all__ = ["parse"]


def parse(payload: Payload) -> Iterator[Parsed]:
    """What a document says, by the reader that fetched it: no network, no clock."""
    meta = Meta.load(payload.meta)
    if meta.reader == "wordpress":
        yield from comments.messages(payload, meta)
    else:
        yield from feed.messages(payload, meta)
    yield from meta.removals
