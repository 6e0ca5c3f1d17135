"""Finds out how an address is best read: by WordPress's REST interface, or by which feed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from earful import ChannelError, Payload, PayloadError
from earful.http import Client, Response

from earful_forums import feed, page
from earful_forums.meta import Meta
from earful_forums.settings import ForumsSettings
from earful_forums.text import one_line
from earful_forums.web import expect_page, open_client
from earful_forums.wordpress import WordPress

__all__ = ["Found", "discover"]

MOST_GUESSES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How to read, from where, and what stands there."""

    reader: Literal["feed", "wordpress"]
    url: str
    """The feed's address, or the start of the REST interface."""
    post: str = ""
    """The one WordPress post whose comments are wanted; all of them if empty."""
    name: str = ""
    entries: int = 0


def discover(settings: ForumsSettings) -> Found:
    """The best way to read the configured address; `ChannelError` says why there is none."""
    with open_client(settings) as http:
        response = expect_page(http.get(settings.url, check_auth=False))
        if settings.reader != "feed":
            found = _wordpress(settings, response)
            if found is not None:
                return found
            if settings.reader == "wordpress" or settings.auth is not None:
                raise ChannelError(f"{settings.url} offers no REST interface of WordPress")
        return _feed(http, settings.url, response)


def _wordpress(settings: ForumsSettings, response: Response) -> Found | None:
    header = response.headers.get("link", "")
    named = page.api_root(response.url, header, response.body)
    roots = [named] if named else []
    if not named and (settings.reader == "wordpress" or feed.is_wordpress(response.body)):
        roots = page.guessed_roots(response.url)
    post = page.post_number(response.url, header, response.body) or ""
    for root in roots:
        with WordPress(settings, root, post) as site:
            try:
                count = site.count()
            except ChannelError:
                continue
            return Found(reader="wordpress", url=root, post=post, name=site.name(), entries=count)
    return None


def _feed(http: Client, asked: str, response: Response) -> Found:
    found = _as_feed(asked, response)
    if found is not None:
        return found
    named = page.feeds(response.url, response.body)
    for candidate in _some([*named, *page.guessed_feeds(response.url)]):
        found = _as_feed(candidate, http.get(candidate, check_auth=False))
        if found is not None:
            return found
    raise ChannelError(f"{response.url} is no feed, and no feed was found from there")


def _as_feed(asked: str, response: Response) -> Found | None:
    if not response.ok or not feed.scan_document(response.body):
        return None
    content_type = response.headers.get("content-type", "")
    payload = Payload(body=response.body, content_type=content_type)
    try:
        facts, entries = feed.document(payload, Meta(url=response.url))
    except PayloadError:
        return None
    url = response.moved_to or asked
    return Found(reader="feed", url=url, name=one_line(facts.title), entries=len(entries))


def _some(candidates: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(candidates))[:MOST_GUESSES]
