"""Reads the bytes of an RSS or Atom document into messages; pure.

What a single entry says is in `entry.py`.
"""

from __future__ import annotations

import calendar
import io
import re
from datetime import datetime, timedelta
from typing import Any

import feedparser
from earful import InboundMessage, Payload, PayloadError, mark

from earful_forums.entry import Entry, Feed, message_of
from earful_forums.meta import EPOCH, Meta

__all__ = ["document", "is_wordpress", "messages", "scan_document"]

_DECLARES_ENTITIES = re.compile(rb"<\x00?!\x00?E\x00?N\x00?T\x00?I\x00?T\x00?Y", re.IGNORECASE)
_STARTS = re.compile(rb"<(?:item|entry)[\s>]", re.IGNORECASE)
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
    _refuse_what_is_no_feed(payload.body)
    parsed = _parsed(payload, meta)
    if not parsed.get("version") and not parsed.get("entries"):
        raise PayloadError(_why_not(payload))
    facts: dict[str, Any] = dict(parsed["feed"])
    title = facts.get("title") or ""
    feed = Feed(
        url=meta.url,
        title=title if isinstance(title, str) else "",
        is_atom=str(parsed.get("version", "")).startswith("atom"),
        date=_feed_date(facts),
        fetched_at=meta.fetched_at,
        own_names=meta.own_names,
    )
    return feed, [dict(entry) for entry in parsed["entries"]]


def scan_document(body: bytes) -> bool:
    """Whether bytes begin like a feed, told cheaply and without parsing."""
    head = body[:4096].replace(b"\x00", b"").lower()
    return any(mark in head for mark in (b"<rss", b"<feed", b"<rdf:rdf", b"<channel"))


def is_wordpress(body: bytes) -> bool:
    """Whether a feed says that WordPress made it."""
    return bool(_WORDPRESS.search(body[:65536]))


def _refuse_what_is_no_feed(body: bytes) -> None:
    if not body.strip():
        raise PayloadError(mark("The document is empty"))
    if _DECLARES_ENTITIES.search(body):
        raise PayloadError(mark("The document declares entities of its own, which no feed needs"))


def _parsed(payload: Payload, meta: Meta) -> Any:
    headers = {"content-location": meta.url, "content-type": payload.content_type or "text/xml"}
    try:
        # A stream, because feedparser would take bare bytes for the name of a file.
        return feedparser.parse(
            io.BytesIO(_thinned(payload.body, meta.max_items)),
            response_headers=headers,
            sanitize_html=False,  # only plain text leaves this plugin
            resolve_relative_uris=False,
        )
    except Exception as error:
        raise PayloadError(f"feedparser fails on it: {type(error).__name__}: {error}") from error


def _thinned(body: bytes, most: int) -> bytes:
    """The document without its middle, if it is very long: either end may hold the newest."""
    starts = [match.start() for match in _STARTS.finditer(body)]
    if len(starts) <= 2 * most:
        return body
    return body[: starts[most]] + body[starts[-most] :]


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
