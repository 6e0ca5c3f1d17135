"""Makes one message of one feed entry: who, what, when, and under which lasting id; pure."""

from __future__ import annotations

import calendar
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import unescape
from typing import Any

from earful import Attachment, AttachmentKind, Author, InboundMessage, Surface

from earful_forums.bounded import LONGEST_AUTHOR
from earful_forums.comments import external_id
from earful_forums.links import (
    comment_number,
    is_inside_thread,
    same_host,
    slug_title,
    thread_of,
    web_url,
)
from earful_forums.meta import EPOCH
from earful_forums.text import Rendered, one_line, plain, render

__all__ = ["Entry", "Feed", "message_of"]

MOST_ATTACHMENTS = 10
_IN_REPLY_TO = re.compile(
    r'\A\s*(?:<p>)?[^<]{0,80}<a href="([^"<>]{0,2000}#comment-\d{1,18})">[^<]{0,300}</a>'
    r"[^<\n]{0,40}(?:</p>|\n|\Z)\s*"
)
_COMMENT_TITLE = re.compile(r"\A(?:Comment on|Kommentar zu|Commentaires? sur) (.+) "
                            r"(?:by|von|par) (.+)\Z", re.DOTALL)  # fmt: skip
_FEED_TITLE = re.compile(
    r"\A\s*(?:Comments on:?|Kommentare zu:?|Commentaires sur:?)\s+(.+)\Z", re.DOTALL
)
_RE = re.compile(r"\A(?:\s*(?:re|aw|sv|antw|antwort)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_MAILED = re.compile(r"\A\s*[^\s()]+@[^\s()]+\s+\(([^()]+)\)\s*\Z")
_BULLET_PREFIX = re.compile(r"\A.{1,100} • ")
_KINDS = {
    "image": AttachmentKind.IMAGE,
    "video": AttachmentKind.VIDEO,
    "audio": AttachmentKind.AUDIO,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What the whole document says, and how it was read."""

    url: str
    title: str
    is_wordpress: bool
    is_atom: bool
    date: datetime | None
    fetched_at: datetime
    own_names: frozenset[str]


class Entry:
    """An entry as feedparser leaves it, read defensively: nothing in it has to be there."""

    __slots__ = ("author_name", "guid", "link", "published", "raw", "title", "updated")

    def __init__(self, raw: dict[str, Any], *, is_atom: bool = False) -> None:
        self.raw = raw
        self.guid = self._text("id").strip()
        self.link = web_url(raw.get("link")) or ""
        self.title = one_line(self._text("title"), is_markup=not (is_atom and self._is_plain()))
        self.author_name = one_line(self._author(), 120)
        self.published = self._moment("published_parsed")
        self.updated = self._moment("updated_parsed")

    def sent_at(self, feed: Feed) -> datetime:
        """When it was written, as far as anybody says; never in the future."""
        said = self.published or self.updated or self._moment("created_parsed") or feed.date
        if said is None or (feed.fetched_at > EPOCH and said > feed.fetched_at + timedelta(days=1)):
            return feed.fetched_at
        return said

    def comment_number(self) -> int:
        """The number of the WordPress comment that this is; 0 if it is none."""
        return int(comment_number(self.comment_address()) or 0)

    def comment_address(self) -> str:
        """The address of the comment that this is; "" if it is none."""
        return next((each for each in (self.guid, self.link) if comment_number(each)), "")

    def body(self) -> tuple[str, bool]:
        """The fullest text there is, and whether it is markup."""
        contents = self.raw.get("content") or ()
        details = [*contents, self.raw.get("summary_detail")]
        for detail in details:
            if isinstance(detail, dict) and isinstance(detail.get("value"), str):
                value = detail["value"]
                if value.strip():
                    return value, detail.get("type") != "text/plain"
        return self._text("summary"), True

    def _author(self) -> str:
        named = _MAILED.match(self._text("author")[:LONGEST_AUTHOR])
        if named:
            return named.group(1)
        detail = self.raw.get("author_detail")
        name = detail.get("name") if isinstance(detail, dict) else None
        return name if isinstance(name, str) else self._text("author")

    def _is_plain(self) -> bool:
        detail = self.raw.get("title_detail")
        return isinstance(detail, dict) and detail.get("type") == "text/plain"

    def _text(self, name: str) -> str:
        value = self.raw.get(name)
        return value if isinstance(value, str) else ""

    def _moment(self, name: str) -> datetime | None:
        value = self.raw.get(name)
        if not value:
            return None
        try:
            return EPOCH + timedelta(seconds=calendar.timegm(value))
        except (ValueError, OverflowError, TypeError):
            return None


def message_of(entry: Entry, feed: Feed) -> InboundMessage:
    """The message an entry stands for."""
    markup, is_markup = entry.body()
    number = entry.comment_number()
    parent = None
    if number:
        answered, markup = _without_boilerplate(markup)
        parent = _comment_id(answered, feed) if answered else None
    rendered = render(markup, entry.link or feed.url) if is_markup else Rendered(plain(markup))
    if number:
        return _comment(entry, feed, rendered, number, parent)
    return _post(entry, feed, rendered)


def _comment(
    entry: Entry, feed: Feed, rendered: Rendered, number: int, parent: str | None
) -> InboundMessage:
    page = entry.link.partition("#")[0]
    message_id = _comment_id(entry.comment_address(), feed)
    return InboundMessage(
        external_id=message_id,
        author=_author(entry, message_id),
        text=rendered.text,
        sent_at=entry.sent_at(feed),
        surface=Surface.PUBLIC_REPLY,
        thread_title=_commented_title(entry, feed, page),
        thread_url=page or None,
        parent_id=parent,
        url=entry.link or None,
        attachments=_attachments(entry, rendered),
        from_us=_is_ours(entry, feed),
        edited_at=_edited_at(entry),
        extra={"comment": str(number)},
    )


def _post(entry: Entry, feed: Feed, rendered: Rendered) -> InboundMessage:
    full_title = _BULLET_PREFIX.sub("", entry.title)
    title = _RE.sub("", full_title)
    is_reply = title != full_title or "thr_in-reply-to" in entry.raw
    is_reply = is_reply or bool(entry.link and is_inside_thread(entry.link))
    thread_url = thread_of(entry.link) if entry.link else None
    message_id = _lasting_id(entry, feed)
    return InboundMessage(
        external_id=message_id,
        author=_author(entry, message_id),
        text=rendered.text or entry.title,
        sent_at=entry.sent_at(feed),
        surface=Surface.PUBLIC_REPLY if is_reply else Surface.PUBLIC_POST,
        thread_id=thread_url or (f"title:{title.casefold()}" if title else None),
        thread_title=title,
        thread_url=thread_url,
        url=entry.link or None,
        attachments=_attachments(entry, rendered),
        from_us=_is_ours(entry, feed),
        edited_at=_edited_at(entry),
    )


def _lasting_id(entry: Entry, feed: Feed) -> str:
    """The same for every copy of a message, and another for the next message.

    Forums reuse a guid while author and date become those of the newest reply, so the guid is
    never enough. Where no date can be read the text has to tell messages apart, except in Atom,
    whose ids are meant to last and whose `updated` moves with every edit.
    """
    published = entry.published or (None if feed.is_atom else entry.updated)
    text = entry.body()[0].strip()  # as it came: how it is rendered may change some day
    parts = [entry.guid, entry.author_name, published.isoformat() if published else ""]
    if not entry.guid:
        parts += [entry.link, text]
    elif published is None and not feed.is_atom:
        parts.append(text)
    return "entry-" + hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]


def _comment_id(address: str, feed: Feed) -> str:
    """One WordPress numbers all its comments; elsewhere the same number is on every page."""
    number, url = comment_number(address), web_url(address)
    if url and feed.is_wordpress and same_host(url, feed.url):
        return external_id(number or "")
    page = (url and thread_of(url)) or address.partition("#")[0]
    parts = (page.partition("//")[2] or page, number)
    return "entry-" + hashlib.sha256("#".join(map(str, parts)).encode()).hexdigest()[:32]


def _without_boilerplate(markup: str) -> tuple[str | None, str]:
    """The address of a comment's parent: WordPress tells it only in a first line, in any language.

    What people link in comments carries a `rel`; that line's link has none.
    """
    match = _IN_REPLY_TO.match(markup[:4000])
    if match is None:
        return None, markup
    return unescape(match.group(1)), markup[match.end() :]


def _commented_title(entry: Entry, feed: Feed, page: str) -> str:
    of_entry = _COMMENT_TITLE.match(entry.title)
    if of_entry:
        return of_entry.group(1).strip()
    of_feed = _FEED_TITLE.match(feed.title)
    if of_feed and ":" in feed.title:
        return one_line(of_feed.group(1))
    return slug_title(page)


def _author(entry: Entry, message_id: str) -> Author:
    """Who wrote it. Those of whom nothing is told are not one person."""
    detail = entry.raw.get("author_detail")
    url = web_url(detail.get("href")) if isinstance(detail, dict) else None
    identity = url or entry.author_name.casefold() or f"unknown:{message_id}"
    return Author(external_id=f"author:{identity}", name=entry.author_name, url=url)


def _is_ours(entry: Entry, feed: Feed) -> bool:
    return bool(entry.author_name) and entry.author_name.casefold() in feed.own_names


def _edited_at(entry: Entry) -> datetime | None:
    if entry.updated is None or (entry.published and entry.updated <= entry.published):
        return None
    return entry.updated


def _attachments(entry: Entry, rendered: Rendered) -> tuple[Attachment, ...]:
    found: dict[str, Attachment] = {}
    links = [x for x in entry.raw.get("links") or () if x.get("rel") == "enclosure"]
    for item in (*links, *(entry.raw.get("media_content") or ())):
        url = web_url(item.get("href") or item.get("url"))
        if url:
            major = str(item.get("type") or item.get("medium") or "").partition("/")[0]
            kind = _KINDS.get(major, AttachmentKind.FILE)
            found.setdefault(url, Attachment(url=url, kind=kind))
    for address, alt in rendered.images:
        if web_url(address):
            image = Attachment(url=address, kind=AttachmentKind.IMAGE, alt=alt)
            found.setdefault(address, image)
    return tuple(list(found.values())[:MOST_ATTACHMENTS])
