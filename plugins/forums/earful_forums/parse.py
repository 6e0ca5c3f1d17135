"""Payload in, messages and removals out: the pure half of the plugin."""

from __future__ import annotations

from earful import Parsed, Payload

from earful_forums import comments, feed
from earful_forums.meta import Meta

__all__ = ["parse"]


def parse(payload: Payload) -> list[Parsed]:
    """What a document says, by the reader that fetched it: no network, no clock."""
    meta = Meta.load(payload.meta)
    is_json = payload.body.lstrip()[:1] in {b"[", b"{"}
    reader = comments if meta.reader == "wordpress" or (not meta.reader and is_json) else feed
    return [*reader.messages(payload, meta), *meta.removals]
