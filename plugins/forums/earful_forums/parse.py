"""Payload in, messages and removals out: the pure half of the plugin."""

from __future__ import annotations

from earful import Parsed, Payload

from earful_forums import comments, feed
from earful_forums.meta import Meta

__all__ = ["parse"]


def parse(payload: Payload) -> list[Parsed]:
    """What a document says, by the reader that fetched it: no network, no clock."""
    meta = Meta.load(payload.meta)
    reader = comments if meta.reader == "wordpress" else feed
    return [*reader.messages(payload, meta), *meta.removals]
