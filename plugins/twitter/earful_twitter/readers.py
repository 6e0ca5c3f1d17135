"""Reads one list of X at a time, one page for a step: mentions, searches, direct messages.

Each step changes its place in the cursor and gives what it read as payloads. Nothing is kept
before the host has stored both together, so a step that fails changes nothing that matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from earful import Payload, PayloadError, TemporaryFailure, mark
from earful.http import Response

from earful_twitter.api import X
from earful_twitter.cursor import Cursor, Place, newest
from earful_twitter.meta import Meta, as_id, time_of
from earful_twitter.people import inner
from earful_twitter.posts import first_version
from earful_twitter.problems import Refusal
from earful_twitter.searches import (
    WatchTerm,
    conversation_batches,
    conversation_query,
    watch_query,
)
from earful_twitter.settings import TwitterSettings
from earful_twitter.vocabulary import either

__all__ = ["Round", "direct_messages", "mentions", "recheck", "replies", "watch"]

MOST_MENTIONS = 800
"""X shows no more of a mention timeline."""
MOST_FOUND = 1000
"""So many posts are read of one search at once; the rest is left, and the operator is told."""
HISTORY = timedelta(days=7)
FIRST_LOOK = timedelta(days=1)
"""How far back a new watch term looks: every post found costs."""
_EARLY = timedelta(minutes=5)
"""X refuses what reaches back further than seven days by its own clock."""
_PAGE = "100"
_LOOKED_UP_AT_ONCE = 100
_PAGES_OF_REPLIES = 5
_BAD_REQUEST = 400


@dataclass
class Round:
    """One fetch: with what it works, what it has gathered, and what the operator should know."""

    x: X
    settings: TwitterSettings
    cursor: Cursor
    meta: Meta
    now: datetime
    payloads: list[Payload] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    def keep(self, answer: Response, **more: Any) -> tuple[list[Mapping[str, Any]], str]:
        """Keep an answer as a payload; its items, and the token of its next page ("": none).

        `more` changes what is kept beside it, such as the watch term that found it.
        """
        document = answer.json()
        if not isinstance(document, dict):
            raise TemporaryFailure(f"{answer.url} answers with something that is no page")
        data = document.get("data")
        found = data if isinstance(data, list) else []
        items: list[Mapping[str, Any]] = [one for one in found if isinstance(one, dict)]
        if items or document.get("errors"):
            meta = {**self._told(), **more}
            self.payloads.append(
                Payload(
                    body=answer.body,
                    content_type="application/json",
                    meta=Meta(**meta).dump(),
                )
            )
        token = inner(document.get("meta")).get("next_token")
        return items, token if isinstance(token, str) else ""

    def _told(self) -> dict[str, Any]:
        return {"account": self.meta.account, "handle": self.meta.handle, "site": self.meta.site}

    def remember(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Note the posts of others: their conversations are searched, they are looked up again.

        Each by the id of its first version, under which the inbox keeps it.
        """
        posts = {
            first_version(one): as_id(one.get("conversation_id"))
            for one in items
            if as_id(one.get("id")) and as_id(one.get("author_id")) != self.meta.account
        }
        self.cursor.remember(posts, self.settings.recheck_posts)

    def later(self, place: Place, wait: timedelta) -> None:
        """Read a list again after `wait`, once its round is over."""
        place.due = "" if place.page else (self.now + wait).isoformat()

    @property
    def reconcile(self) -> timedelta:
        """How often to look for what pushes may have missed."""
        return timedelta(minutes=self.settings.reconcile_minutes)


def mentions(work: Round) -> None:
    """One page of the account's mentions, and what X cannot show any more."""
    place = work.cursor.mentions
    params = {"max_results": _PAGE, **work.x.vocabulary.posts, **_from(place, work.now, HISTORY)}
    if place.page:
        params["pagination_token"] = place.page
    answer = _page(work, place, f"2/users/{work.meta.account}/mentions", params,
                   "GET /2/users/:id/mentions")  # fmt: skip
    if answer is None:
        return
    items, token = work.keep(answer)
    work.x.spend("mention_read", len(items))
    work.remember(items)
    since, seen = place.since, place.count + len(items)
    place.turn(_ids(items), token)
    if not token and since and seen >= MOST_MENTIONS:
        moment = time_of(since)
        work.notices.append(
            f"X shows the newest {MOST_MENTIONS} mentions only, and there were more"
            + (f" since {moment:%d %B %H:%M} UTC" if moment else "")
            + ": some were missed. A shorter poll_every_seconds or a webhook misses less."
        )
    wait = timedelta() if work.settings.receive == "poll" else work.reconcile
    work.later(place, wait)


def watch(work: Round, term: WatchTerm) -> None:
    """One page of what a watch term finds."""
    query = watch_query(term, work.meta.handle)
    place = work.cursor.watch.setdefault(term.name, Place())
    if place.query != query:
        place.restart()
        place.since, place.query = "", query
    params = {"query": query, **_search(work, _from(place, work.now, FIRST_LOOK, search=True))}
    if place.page:
        params["next_token"] = place.page
    answer = _page(work, place, "2/tweets/search/recent", params, _SEARCH)
    if answer is None:
        return
    items, token = work.keep(answer, watch=term.name, industry=term.industry)
    work.x.spend("post_read", len(items))
    if not term.industry:
        work.remember(items)
    if token and place.count + len(items) >= MOST_FOUND:
        token = ""
        work.notices.append(
            f"The watch term {term.name} found more than {MOST_FOUND} posts at once: older ones "
            f"were left out. Make it narrower with exclude."
        )
    place.turn(_ids(items), token)
    work.later(place, work.reconcile)


def direct_messages(work: Round) -> None:
    """One page of direct messages, newest first, until what is known; X names 30 days."""
    place = work.cursor.direct
    params = {"max_results": _PAGE, "event_types": "MessageCreate"}
    params |= work.x.vocabulary.direct_messages
    if place.page:
        params["pagination_token"] = place.page
    answer = _page(work, place, "2/dm_events", params, "GET /2/dm_events")
    if answer is None:
        return
    items, token = work.keep(answer)
    work.x.spend("direct_message_read", len(items))
    ids = _ids(items)
    known = bool(place.since) and any(int(one) <= int(place.since) for one in ids)
    first = not place.since and not place.page
    place.turn(ids, "" if known or first else token)
    # X permits fifteen calls in fifteen minutes, and answering needs some of them.
    wait = timedelta(minutes=2) if work.settings.receive == "poll" else work.reconcile
    work.later(place, wait)


def replies(work: Round) -> None:
    """What others wrote deep inside our recent conversations, where no mention tells of it."""
    place = work.cursor.replies
    talks = work.cursor.conversations
    fresh = [one for one, (_, until) in talks.items() if not until]
    known = [one for one, (_, until) in talks.items() if until]
    for batch in [*conversation_batches(fresh), *conversation_batches(known)]:
        _search_conversations(work, list(batch))
    work.later(place, work.reconcile)


def _search_conversations(work: Round, batch: list[str]) -> None:
    """All pages at once: a conversation counts as searched only when nothing was left out."""
    talks = work.cursor.conversations
    since = min((talks[one][1] or one for one in batch), key=int)
    began = _from(Place(since=since), work.now, HISTORY, search=True)
    params = {
        "query": conversation_query(batch, work.meta.handle),
        **_search(work, began),
    }
    found = [since]
    for _ in range(_PAGES_OF_REPLIES):
        answer = work.x.get("2/tweets/search/recent", params, endpoint=_SEARCH)
        items, token = work.keep(answer)
        work.x.spend("post_read", len(items))
        found += _ids(items)
        work.remember(items)
        if not token:
            break
        params["next_token"] = token
    else:
        work.notices.append(mark("A conversation has more new answers than are read at once."))
    for one in batch:
        if one in talks:
            talks[one][1] = newest(found)


def recheck(work: Round) -> None:
    """Look up to a hundred of the latest posts again: some are edited, some are gone.

    X wants stored posts deleted within 24 hours of their deletion, and tells of deletions of
    other people's posts in no other way.
    """
    cursor = work.cursor
    asked, rest = cursor.recheck[:_LOOKED_UP_AT_ONCE], cursor.recheck[_LOOKED_UP_AT_ONCE:]
    params = {"ids": ",".join(asked), **work.x.vocabulary.posts}
    items, _ = work.keep(work.x.get("2/tweets", params, endpoint="GET /2/tweets"))
    work.x.spend("post_read", len(items))
    there = {*_ids(items), *map(first_version, items)}
    cursor.recent = [one for one in cursor.recent if one not in asked or one in there]
    newer = [_latest_version(one) for one in items]
    cursor.recheck = [*(one for one in newer if one and one not in asked), *rest]


_SEARCH = "GET /2/tweets/search/recent"


def _page(
    work: Round, place: Place, path: str, params: Mapping[str, str], endpoint: str
) -> Response | None:
    """A page; None if X does not know the page's token any more: then the round begins anew."""
    work.x.require_budget()
    try:
        return work.x.get(path, params, endpoint=endpoint)
    except Refusal as refusal:
        if refusal.status != _BAD_REQUEST or not place.page:
            raise
        place.restart()
        return None
    except PayloadError as error:
        raise TemporaryFailure(str(error)) from error


def _from(place: Place, now: datetime, first: timedelta, *, search: bool = False) -> dict[str, str]:
    """Where a list begins: after the newest known, or so long ago as X and costs permit."""
    oldest = now - HISTORY + _EARLY
    moment = time_of(place.since) if place.since else None
    if place.since and (not search or (moment is not None and moment > oldest)):
        return {"since_id": place.since}
    start = oldest if place.since else max(now - first, oldest)
    return {"start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}"}


def _search(work: Round, began: Mapping[str, str]) -> dict[str, str]:
    return {"max_results": _PAGE, "sort_order": "recency", **work.x.vocabulary.posts, **began}


def _ids(items: Iterable[Mapping[str, Any]]) -> list[str]:
    return [found for found in (as_id(one.get("id")) for one in items) if found]


def _latest_version(post: Mapping[str, Any]) -> str:
    """The newest version of an edited post, where it is not this one."""
    versions = either(post, "edit_history_tweet_ids")
    ids = [as_id(one) for one in versions] if isinstance(versions, list) else []
    latest = newest([one for one in ids if one])
    return "" if latest == as_id(post.get("id")) else latest
