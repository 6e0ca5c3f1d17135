"""Finds what a web page or its headers point to: feeds and WordPress's REST interface; pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

from earful_forums.links import web_url

__all__ = ["api_root", "feeds", "guessed_feeds", "guessed_roots", "post_number"]

_LARGEST_HEAD = 512 * 1024
_LINK_TAG = re.compile(r"<link\s([^>]{1,4000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)
_LINK_HEADER = re.compile(r"<([^<>]{1,2000})>\s*((?:;[^,;<]{1,300})+)")
_FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml", "application/rdf+xml"})
_API = "https://api.w.org/"
_POST = re.compile(r"wp/v2/(?:posts|pages)/(\d{1,18})/?$")

Link = dict[str, str]


def api_root(url: str, header: str, body: bytes) -> str | None:
    """Where the site says that its REST interface starts."""
    for link in _links(url, header, body):
        if link.get("rel") == _API and link["href"].endswith("/"):
            return link["href"]
    return None


def post_number(url: str, header: str, body: bytes) -> str | None:
    """The number of the one WordPress post that this page shows, if it shows one."""
    for link in _links(url, header, body):
        if link.get("rel") == "alternate" and link.get("type") == "application/json":
            match = _POST.search(link["href"])
            if match:
                return match.group(1)
    return None


def feeds(url: str, body: bytes) -> list[str]:
    """The feeds that a page names: this page's comments first, then other comments, then all."""
    found = [
        link
        for link in _links(url, "", body)
        if "alternate" in link.get("rel", "").split() and link.get("type") in _FEED_TYPES
    ]
    page = url.partition("#")[0].partition("?")[0].rstrip("/")

    def rank(link: Link) -> int:
        says = link["href"].lower() + link.get("title", "").lower()
        if "comment" not in says and "replies" not in says:
            return 2
        deeper = urlsplit(page).path and link["href"].startswith(page)
        return 0 if deeper else 1

    return list(dict.fromkeys(link["href"] for link in sorted(found, key=rank)))


def guessed_feeds(url: str) -> list[str]:
    """Where feeds usually lie, for a page that names none."""
    page = url.partition("#")[0].partition("?")[0]
    slashed = page if page.endswith("/") else page + "/"
    guesses = [slashed + "comments/feed/", slashed + "feed/"]
    if urlsplit(page).path.strip("/"):
        guesses.append(page.rstrip("/") + ".rss")
    return guesses


def guessed_roots(url: str) -> list[str]:
    """Where a WordPress keeps its REST interface if it does not say so."""
    top = urljoin(url, "/")
    return [top + "wp-json/", top + "?rest_route=/"]


def _links(url: str, header: str, body: bytes) -> Iterator[Link]:
    for match in _LINK_HEADER.finditer(header[:16384]):
        yield from _checked(url, {**_attributes(match.group(2)), "href": match.group(1)})
    head = body[:_LARGEST_HEAD].decode("utf-8", "replace")
    for match in _LINK_TAG.finditer(head):
        yield from _checked(url, _attributes(match.group(1)))


def _attributes(text: str) -> Link:
    return {
        name.lower(): unescape(value.strip("\"'")).strip()
        for name, value in _ATTRIBUTE.findall(text)
    }


def _checked(url: str, link: Link) -> Iterator[Link]:
    try:
        address = web_url(urljoin(url, link.get("href", "")))
    except ValueError:
        return
    if address:
        rel = link.get("rel", "")
        yield {**link, "href": address, "rel": rel if rel == _API else rel.lower()}
