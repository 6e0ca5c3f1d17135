"""Reads comments through WordPress's REST interface: all that is new, and the recent ones again.

Every second round looks back at the most recent comments, because the interface cannot be asked
for edits: what changed is fetched once more, and what vanished is looked up before it counts as
removed. The work of a round does not grow with the site's history.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from earful import FetchResult, Payload, Removal, RemovalKind
from earful.http import Response

from earful_forums.comments import external_id
from earful_forums.cursor import WordPressCursor
from earful_forums.meta import Meta, when
from earful_forums.settings import ForumsSettings
from earful_forums.wordpress import FULL, LIGHT, PER_PAGE, WordPress

__all__ = ["LOOK_BACK_PAGES", "fetch"]

LOOK_BACK_PAGES = 3
LOOK_BACK_EVERY = 2
MOST_KNOWN = 400
MOST_LOOKED_UP = 20
# WordPress filters by local time: when clocks are put back, an hour comes twice.
OVERLAP = timedelta(minutes=70)
_KINDS = {
    "spam": RemovalKind.SPAM,
    "hidden": RemovalKind.HIDDEN,
    "deleted": RemovalKind.DELETED,
}
Comment = dict[str, Any]


def fetch(settings: ForumsSettings, cursor: WordPressCursor, now: datetime) -> FetchResult:
    """One step of a round: a page of what is new, or one look back. Changes the cursor."""
    with WordPress(settings, cursor.root, cursor.post) as site:
        if settings.auth is not None and (cursor.looking_back or not cursor.me):
            cursor.me = site.me()
        reading = _Reading(settings, site, cursor, now)
        payloads = reading.look_back() if cursor.looking_back else reading.next_page()
    more = cursor.looking_back or cursor.page > 1
    return FetchResult(payloads=tuple(payloads), cursor=cursor.dump(), more=more)


class _Reading:
    """One fetch: the site, what is known of it, and the moment."""

    def __init__(
        self, settings: ForumsSettings, site: WordPress, cursor: WordPressCursor, now: datetime
    ) -> None:
        self._site = site
        self._cursor = cursor
        self._most = settings.max_items
        self._meta = Meta(
            reader="wordpress",
            url=cursor.root,
            fetched_at=now,
            own_names=frozenset(name.strip().casefold() for name in settings.own_names),
            own_user=cursor.me,
        )

    def next_page(self) -> list[Payload]:
        """The next page of new comments, oldest first; nothing if all of it is known."""
        cursor = self._cursor
        self._start_round()
        after = {"after": cursor.after} if cursor.after else {}
        response = self._site.comments(
            orderby="date_gmt",
            order="asc",
            page=str(cursor.page),
            _embed="up",
            _fields=FULL,
            **after,
        )
        comments: list[Comment] = response.json()
        payloads = [self._payload(response.body)] if any(map(self._is_news, comments)) else []
        self._learn(comments)
        self._turn_page(response, len(comments))
        return payloads

    def look_back(self) -> list[Payload]:
        """Changed copies of recent comments, and removals of those that vanished."""
        cursor = self._cursor
        recent = self._recent()
        changed = [item["id"] for item in recent.values() if self._is_news(item)]
        bodies = [
            self._again(changed[at : at + PER_PAGE]) for at in range(0, len(changed), PER_PAGE)
        ]
        payloads = [self._payload(body) for body in bodies]
        undecided, removals = self._decide(self._missing(recent))
        if removals:
            payloads.append(self._payload(b"[]", removals))
        cursor.known = {number: cursor.known[number] for number in undecided}
        self._learn(recent.values())
        cursor.looking_back = False
        return payloads

    def _start_round(self) -> None:
        cursor = self._cursor
        if cursor.page > 1 or cursor.after:
            return
        since = when(cursor.since)
        if since is not None:
            cursor.after = (since - OVERLAP).isoformat()
        else:
            cursor.page = 1 + max(self._site.count() - self._most, 0) // PER_PAGE

    def _turn_page(self, response: Response, found: int) -> None:
        cursor = self._cursor
        pages = response.headers.get("x-wp-totalpages", "")
        is_last = cursor.page >= int(pages) if pages.isdigit() else found < PER_PAGE
        if found and not is_last:
            cursor.page += 1
            return
        cursor.page, cursor.after = 1, ""
        cursor.rounds = (cursor.rounds + 1) % LOOK_BACK_EVERY
        cursor.looking_back = cursor.rounds == 0

    def _recent(self) -> dict[str, Comment]:
        found: dict[str, Comment] = {}
        for page in range(1, LOOK_BACK_PAGES + 1):
            comments: list[Comment] = self._site.comments(
                orderby="date_gmt", order="desc", page=str(page), _fields=LIGHT
            ).json()
            found.update((str(comment["id"]), comment) for comment in comments)
            if len(comments) < PER_PAGE:
                break
        return found

    def _missing(self, recent: dict[str, Comment]) -> list[int]:
        """Known comments that should be among the recent ones and are not, newest first."""
        whole = len(recent) < LOOK_BACK_PAGES * PER_PAGE
        floor = 0 if whole else min(_seconds(comment) for comment in recent.values())
        known = sorted(self._cursor.known.items(), key=lambda item: item[1][0], reverse=True)
        return [
            int(number)
            for number, (seconds, _) in known
            if number not in recent and (whole or seconds > floor)
        ]

    def _decide(self, missing: list[int]) -> tuple[list[str], tuple[Removal, ...]]:
        """What is still open, and what is surely removed; those still there are forgotten."""
        if not missing:
            return [], ()
        asked = missing[:PER_PAGE]
        fates = self._site.statuses(asked) if self._meta.own_user else None
        if fates is None:
            listed = self._site.comments(include=_joined(asked), _fields="id").json()
            fates = {comment["id"]: "there" for comment in listed}
        unlisted = [number for number in asked if number not in fates]
        fates.update((number, self._site.fate(number)) for number in unlisted[:MOST_LOOKED_UP])
        undecided = [n for n in missing if fates.get(n, "unknown") in {"unknown", "there"}]
        removals = tuple(
            Removal(external_id=external_id(number), kind=_KINDS[fate])
            for number, fate in fates.items()
            if fate in _KINDS
        )
        return [str(number) for number in undecided], removals

    def _again(self, numbers: list[int]) -> bytes:
        return self._site.comments(
            include=_joined(numbers), orderby="date_gmt", order="asc", _embed="up", _fields=FULL
        ).body

    def _is_news(self, comment: Comment) -> bool:
        known = self._cursor.known.get(str(comment["id"]))
        return known is None or known[1] != _digest(comment)

    def _learn(self, comments: Iterable[Comment]) -> None:
        cursor = self._cursor
        for comment in comments:
            cursor.known[str(comment["id"])] = [_seconds(comment), _digest(comment)]
            cursor.since = max(cursor.since, str(comment.get("date_gmt") or ""))
        if len(cursor.known) > MOST_KNOWN:
            newest = sorted(cursor.known.items(), key=lambda item: item[1][0], reverse=True)
            cursor.known = dict(newest[:MOST_KNOWN])

    def _payload(self, body: bytes, removals: tuple[Removal, ...] = ()) -> Payload:
        meta = self._meta.dump()
        if removals:
            meta["removals"] = Meta(removals=removals).dump()["removals"]
        return Payload(body=body, content_type="application/json", meta=meta)


def _seconds(comment: Comment) -> int:
    moment = when(comment.get("date_gmt"))
    return int(moment.timestamp()) if moment else 0


def _digest(comment: Comment) -> str:
    parts = (comment.get("content"), comment.get("author_name"), comment.get("parent"))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _joined(numbers: Iterable[int]) -> str:
    return ",".join(str(number) for number in numbers)
