"""Reads the site of a channel: decides how, and leaves the reading to one of the two readers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlsplit

from earful import Account, FetchResult

from earful_forums import comment_reader, feed_reader
from earful_forums.cursor import FeedCursor, WordPressCursor, load
from earful_forums.discovery import Found, discover
from earful_forums.settings import ForumsSettings
from earful_forums.wordpress import WordPress

__all__ = ["ForumSource"]


def _now() -> datetime:
    return datetime.now(UTC)


class ForumSource:
    """A site read by its feed or by WordPress's REST interface, whichever loses less."""

    def __init__(self, settings: ForumsSettings, now: Callable[[], datetime] = _now) -> None:
        self._settings = settings
        self._now = now

    def check(self) -> Account:
        """How the address will be read, and as whom it can be answered."""
        found = discover(self._settings)
        host = urlsplit(found.url).hostname or ""
        me = self._who(found)
        return Account(
            external_id=f"{host}/{me}" if me else host,
            name=found.name or host,
            url=self._settings.url,
            detail=_detail(found, self._settings.username if me else ""),
        )

    def fetch(self, cursor: str) -> FetchResult:
        """What is new; the cursor remembers how the site is read and how it last looked."""
        state = load(cursor, self._settings.url) or self._begin()
        if isinstance(state, WordPressCursor):
            return comment_reader.fetch(self._settings, state, self._now())
        return feed_reader.fetch(self._settings, state, self._now())

    def _begin(self) -> FeedCursor | WordPressCursor:
        found = discover(self._settings)
        if found.reader == "wordpress":
            return WordPressCursor(for_url=self._settings.url, root=found.url, post=found.post)
        return FeedCursor(for_url=self._settings.url, url=found.url)

    def _who(self, found: Found) -> str:
        if found.reader != "wordpress" or self._settings.auth is None:
            return ""
        with WordPress(self._settings, found.url) as site:
            return site.me()


def _detail(found: Found, user: str) -> str:
    if found.reader == "feed":
        return (
            f"The feed {found.url} is read; it shows {found.entries} entries at the moment, and "
            f"feeds can only be read, not answered."
        )
    what = "comments on one post" if found.post else "comments of the whole site"
    answers = (
        f"replies are sent as {user}"
        if user
        else "without an application password nothing can be answered"
    )
    return f"The {what} are read through WordPress's REST interface at {found.url}; {answers}."
