"""Runs feedparser on documents of strangers, in time that grows with them and no faster."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import feedparser
from earful import Payload, PayloadError, mark
from feedparser.mixin import _FeedParserMixin

__all__ = ["parsed"]

LONGEST_AUTHOR = 320
MOST_TAGS = 100
_HEAD = 400
_FIRST_ELEMENT = re.compile(r"<\w")
_STARTS = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\sencoding\s?=\s?['\"]([\w.:-]{1,40})['\"]")
_CHARSET = re.compile(r"charset\s?=\s?['\"]?([\w.:-]{1,40})", re.IGNORECASE)
_MARKS = {
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\x00<": "utf-32-be",
    b"<\x00\x00\x00": "utf-32-le",
    b"\xfe\xff": "utf-16",
    b"\xff\xfe": "utf-16",
    b"\x00<\x00": "utf-16-be",
    b"<\x00": "utf-16-le",
    b"\xef\xbb\xbf": "utf-8-sig",
}
_NO_CHARSETS = {"idna", "punycode", "raw_unicode_escape", "unicode_escape"}
"""Python decodes them, in time that grows with the square, or into what no document holds."""
_NEWER = {"gb2312": "gb18030"}


def parsed(payload: Payload, url: str, most: int) -> Any:
    """What feedparser makes of a document with `most` entries of interest at either end."""
    if not payload.body.strip():
        raise PayloadError(mark("The document is empty"))
    text = _decoded(payload)
    if "<!entity" in text.lower():
        raise PayloadError(mark("The document declares entities of its own, which no feed needs"))
    # What stands before the first element tells nothing, and feedparser reads it with patterns
    # that take their time.
    first = _FIRST_ELEMENT.search(text)
    thin = _thinned(text[first.start() :] if first else "", most)
    return _fed("<?xml version='1.0' encoding='utf-8'?>\n" + thin, url)


def _fed(text: str, url: str) -> Any:
    headers = {"content-location": url, "content-type": "application/xml; charset=utf-8"}
    try:
        # A stream, because feedparser would take bare bytes for the name of a file.
        return feedparser.parse(
            io.BytesIO(text.encode("utf-8", "replace")),
            response_headers=headers,
            sanitize_html=False,  # only plain text leaves this plugin
            resolve_relative_uris=False,
        )
    except Exception as error:
        raise PayloadError(f"feedparser fails on it: {type(error).__name__}: {error}") from error


def _decoded(payload: Payload) -> str:
    for name in _encodings(payload):
        try:
            return payload.body.decode(_NEWER.get(name, name))
        except (UnicodeError, LookupError):
            continue
    return payload.body.decode("latin-1")


def _encodings(payload: Payload) -> Iterator[str]:
    """What the document may be encoded in, the likeliest first."""
    yield from (name for mark, name in _MARKS.items() if payload.body.startswith(mark))
    declared = _DECLARED.search(payload.body[:_HEAD])
    said = [
        *_CHARSET.findall(payload.content_type[:_HEAD]),
        *([declared[1].decode("ascii", "replace")] if declared else []),
    ]
    yield from (name for name in map(str.lower, said) if name.replace("-", "_") not in _NO_CHARSETS)
    yield from ("utf-8", "cp1252")


def _thinned(text: str, most: int) -> str:
    """The document without its middle, if it is very long: either end may hold the newest."""
    starts = [match.start() for match in _STARTS.finditer(text)]
    if len(starts) <= 2 * most:
        return text
    return text[: starts[most]] + text[starts[-most] :]


# feedparser offers no other place to bound what it does.
# ruff: noqa: SLF001
_sync_author = _FeedParserMixin._sync_author_detail
_add_tag = _FeedParserMixin._add_tag


def _sync_short_author(parser: Any, key: str = "author") -> None:
    """The original looks for an address in time that grows with the square of the name."""
    context = parser._get_context()
    if len(context.get(key) or "") > LONGEST_AUTHOR:
        context[key] = context[key][:LONGEST_AUTHOR]
    _sync_author(parser, key)


def _add_few_tags(parser: Any, term: Any, scheme: Any, label: Any) -> None:
    """The original compares every tag with all before it; nothing here reads them."""
    if len(parser._get_context().get("tags") or ()) < MOST_TAGS:
        _add_tag(parser, term, scheme, label)


_FeedParserMixin._sync_author_detail = _sync_short_author
_FeedParserMixin._add_tag = _add_few_tags
