"""Reads the bytes of an RSS or Atom document into messages; pure.

What a single entry says is in `entry.py`.
"""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta
from typing import Any

from earful import InboundMessage, Payload, PayloadError, mark

from earful_forums.bounded import parsed
from earful_forums.entry import Entry, Feed, message_of
from earful_forums.links import web_url
from earful_forums.meta import EPOCH, Meta

__all__ = ["document", "is_wordpress", "messages", "scan_document"]

_WORDPRESS = re.compile(rb"<generator[^>]{0,200}>[^<]{0,100}wordpress", re.IGNORECASE)


def messages(payload: Payload, meta: Meta) -> list[InboundMessage]:
    """The newest `max_items` messages, oldest first; `PayloadError` if it is no feed.

    Oldest first, because a reply joins the thread of the message that it answers.
    """
    feed, raw_entries = document(payload, meta)
    entries = [Entry(raw, is_atom=feed.is_atom) for raw in raw_entries]
    found: dict[str, InboundMessage] = {}
    for entry in _newest(entries, feed, meta.max_items):
        message = message_of(entry, feed)
        if message.text or message.attachments:
            found.setdefault(message.external_id, message)
    return list(found.values())


def _newest(entries: list[Entry], feed: Feed, most: int) -> list[Entry]:
    # Feeds have the newest first, so that within a second the last one is the oldest.
    backwards = entries[::-1]
    backwards.sort(key=lambda entry: (entry.sent_at(feed), entry.comment_number()))
    return backwards[-most:]


def document(payload: Payload, meta: Meta) -> tuple[Feed, list[dict[str, Any]]]:
    """The feed's own facts, and its entries as feedparser leaves them."""
    found = parsed(payload, meta.url, meta.max_items)
    if not found.get("version") and not found.get("entries"):
        raise PayloadError(_why_not(payload))
    facts: dict[str, Any] = dict(found["feed"])
    title = facts.get("title") or ""
    feed = Feed(
        url=meta.url or web_url(facts.get("link")) or "",
        title=title if isinstance(title, str) else "",
        is_wordpress=is_wordpress(payload.body),
        is_atom=str(found.get("version", "")).startswith("atom"),
        date=_feed_date(facts),
        fetched_at=meta.fetched_at,
        own_names=meta.own_names,
    )
    return feed, [dict(entry) for entry in found["entries"]]


def scan_document(body: bytes) -> bool:
    """Whether bytes begin like a feed, told cheaply and without parsing."""
    head = body[:4096].replace(b"\x00", b"").lower()
    return any(mark in head for mark in (b"<rss", b"<feed", b"<rdf:rdf", b"<channel"))


def is_wordpress(body: bytes) -> bool:
    """Whether a feed says that WordPress made it."""
    return bool(_WORDPRESS.search(body[:65536]))


def _why_not(payload: Payload) -> str:
    head = payload.body[:512].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return mark("This is a web page, not a feed")
    if head.startswith((b"{", b"[")):
        return mark("This is JSON, not a feed")
    return mark("This is not a feed")


def _feed_date(facts: dict[str, Any]) -> datetime | None:
    for name in ("updated_parsed", "published_parsed"):
        value = facts.get(name)
        if value:
            try:
                return EPOCH + timedelta(seconds=calendar.timegm(value))
            except (ValueError, OverflowError, TypeError):
                continue
    return None
