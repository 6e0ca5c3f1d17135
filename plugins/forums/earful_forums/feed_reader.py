"""Reads a feed: asks only for what changed, and notices when messages may have been missed.

A feed shows a window of its newest entries and nothing else, so a fast one loses messages between
two readings. That is noticed, made up for where the site has more to read, and told otherwise.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from earful import ChannelError, FetchResult, InboundMessage, Payload, PayloadError
from earful.http import Client, Response

from earful_forums import feed, pace
from earful_forums.cursor import FeedCursor, WordPressCursor
from earful_forums.discovery import discover
from earful_forums.meta import Meta
from earful_forums.settings import ForumsSettings
from earful_forums.web import expect_page, open_client

__all__ = ["fetch"]

MOST_SEEN = 500
MOST_PAGES = 10
JUST_NOW = timedelta(seconds=5)
_log = logging.getLogger(__name__)


def fetch(settings: ForumsSettings, cursor: FeedCursor, now: datetime) -> FetchResult:
    """The feed if anything in it changed; changes the cursor."""
    with open_client(settings) as http:
        return _Reading(settings, http, cursor, now).read()


class _Reading:
    """One reading of one feed."""

    def __init__(
        self, settings: ForumsSettings, http: Client, cursor: FeedCursor, now: datetime
    ) -> None:
        self._settings = settings
        self._http = http
        self._cursor = cursor
        self._now = now
        self._meta = Meta(
            reader="feed",
            fetched_at=now,
            own_names=frozenset(name.strip().casefold() for name in settings.own_names),
            max_items=settings.max_items,
        )

    def read(self) -> FetchResult:
        cursor = self._cursor
        response = self._http.get(cursor.url, headers=self._conditions(), check_auth=False)
        if response.status == HTTPStatus.NOT_MODIFIED:
            cursor.trust = not cursor.is_wordpress
            return self._result(())
        payload, messages = self._understood(expect_page(response))
        self._remember(response)
        shown = {_key(message): _mark(message) for message in messages}
        if shown.items() <= cursor.seen.items():
            return self._result(())
        return self._news(payload, shown)

    def _news(self, payload: Payload, shown: dict[str, str]) -> FetchResult:
        cursor = self._cursor
        seen, ids = frozenset(cursor.seen), list(shown)
        fresh = [one for one in ids if one not in seen]
        # A known entry moves to the end, so that the window is never what is forgotten.
        kept = {key: mark for key, mark in cursor.seen.items() if key not in shown}
        cursor.seen = dict([*kept.items(), *shown.items()][-max(MOST_SEEN, len(shown)) :])
        cursor.hurried = bool(seen) and len(fresh) * 2 > len(ids)
        if not cursor.hurried:
            return self._result((payload,))
        older: list[Payload] = []
        if len(fresh) < len(ids) or self._reaches_back(older, seen, set(ids)):
            return self._result((*reversed(older), payload))
        instead = self._wordpress_instead()
        if instead is not None:
            return FetchResult(
                payloads=(*reversed(older), payload), cursor=instead.dump(), more=True
            )
        return replace(self._result((*reversed(older), payload)), notice=self._gap_notice(len(ids)))

    def _conditions(self) -> dict[str, str]:
        cursor = self._cursor
        if not cursor.trust:
            return {}
        conditions = {"if-none-match": cursor.etag, "if-modified-since": cursor.modified}
        return {name: value for name, value in conditions.items() if value}

    def _understood(self, response: Response) -> tuple[Payload, list[InboundMessage]]:
        meta = replace(self._meta, url=response.url)
        content_type = response.headers.get("content-type", "")
        payload = Payload(body=response.body, content_type=content_type, meta=meta.dump())
        try:
            return payload, list(feed.messages(payload, meta))
        except PayloadError as error:
            raise ChannelError(f"{response.url} cannot be read as a feed: {error}") from error

    def _remember(self, response: Response) -> None:
        cursor = self._cursor
        cursor.url = response.moved_to or cursor.url
        cursor.etag = response.headers.get("etag", "")[:500]
        cursor.modified = response.headers.get("last-modified", "")[:100]
        cursor.polite = pace.wish(response.headers, response.body)
        cursor.skipped = pace.skipped_hours(response.body)
        cursor.is_wordpress = feed.is_wordpress(response.body)
        # Validators that count whole seconds miss what comes within the second of the answer.
        cursor.trust = not _is_just_now(cursor.modified, self._now)

    def _reaches_back(self, older: list[Payload], seen: frozenset[str], ids: set[str]) -> bool:
        """Whether further pages lead back to what is known; they are added to `older`."""
        for number in range(2, MOST_PAGES + 1):
            params = {"paged": str(number)}
            response = self._http.get(self._cursor.url, params=params, check_auth=False)
            if not response.ok or not feed.scan_document(response.body):
                return False
            payload, messages = self._understood(response)
            on_page = {_key(message) for message in messages}
            if not on_page - ids:
                return False
            older.append(payload)
            ids |= on_page
            if on_page & seen:
                return True
        return False

    def _wordpress_instead(self) -> WordPressCursor | None:
        if self._settings.reader != "auto":
            return None
        try:
            found = discover(self._settings)
        except ChannelError:
            return None
        if found.reader != "wordpress":
            return None
        _log.info("The feed %s is left for its site's REST interface", self._cursor.url)
        return WordPressCursor(for_url=self._cursor.for_url, root=found.url, post=found.post)

    def _gap_notice(self, window: int) -> str:
        sentence = (
            f"All {window} entries that {self._cursor.url} shows were new at this reading, so "
            f"older ones may have passed unseen. Open the page to look for them; a smaller "
            f"poll_every_seconds misses less."
        )
        _log.warning("%s", sentence)
        return sentence

    def _result(self, payloads: tuple[Payload, ...]) -> FetchResult:
        cursor = self._cursor
        cursor.hurried = cursor.hurried and bool(payloads)
        wish = 0 if cursor.hurried else cursor.polite
        wait = pace.next_poll(wish, cursor.skipped, self._now)
        return FetchResult(payloads=payloads, cursor=cursor.dump(), next_poll_seconds=wait)


def _is_just_now(modified: str, now: datetime) -> bool:
    try:
        return abs(now - parsedate_to_datetime(modified)) < JUST_NOW
    except (ValueError, TypeError, IndexError, OverflowError):
        return False


def _key(message: InboundMessage) -> str:
    return message.external_id[-16:]


def _mark(message: InboundMessage) -> str:
    shown = (message.text, message.thread_title, message.attachments)
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:8]
