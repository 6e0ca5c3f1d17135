"""Which addresses may pass, and what an address tells about thread and comment; pure."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

__all__ = [
    "comment_number",
    "is_inside_thread",
    "safe_url",
    "same_host",
    "slug_title",
    "thread_of",
    "web_url",
]

_LONGEST = 2000
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\"<>\\^`{|}\ud800-\udfff]")
_COMMENT = re.compile(r"#comment-(\d{1,18})$")
_PAGING = frozenset({"page", "paged", "start", "st", "cpage", "offset"})
_PLACE = frozenset({"p", "pid", "post", "msg", "view", "sid"})
_TOPIC = frozenset({"t", "tid", "topic", "thread", "showtopic", "id"})
_PAGE_TAIL = re.compile(r"/(?:comment-page|page|seite)[-/]?\d+/?$", re.IGNORECASE)
_DISCOURSE = re.compile(r"(/t/[^/]+/\d+)/(\d{1,9})/?$")
_NODEBB = re.compile(r"(/topic/\d+/[^/]+)/(\d{1,9})/?$")


def safe_url(url: object) -> str | None:
    """The address if a person may be offered it: http, https or mailto, and nothing odd in it."""
    if not isinstance(url, str):
        return None
    url = url.strip()
    if not url or len(url) > _LONGEST or _UNSAFE.search(url):
        return None
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    if parts.scheme == "mailto":
        return url if "@" in parts.path else None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None


def web_url(url: object) -> str | None:
    """Like `safe_url`, but only what can be opened as a page."""
    safe = safe_url(url)
    return safe if safe and not safe.startswith("mailto:") else None


def same_host(one: str, other: str) -> bool:
    """Whether two addresses are on one host, with or without `www.`."""
    return _bare(urlsplit(one).hostname) == _bare(urlsplit(other).hostname)


def _bare(host: str | None) -> str:
    return (host or "").lower().removeprefix("www.")


def comment_number(address: str) -> str | None:
    """The number of a comment, if the address ends in one."""
    match = _COMMENT.search(address)
    return match.group(1) if match else None


def thread_of(url: str) -> str | None:
    """The address of the whole topic: no fragment, page number or place of a single post.

    None if the address names a post alone, so that nothing tells the topic.
    """
    parts = urlsplit(url)
    query = parse_qsl(parts.query, keep_blank_values=True)
    names = {name for name, _ in query}
    if names & _PLACE and not names & _TOPIC and _only_a_post(parts.path):
        return None
    drop = _PAGING | (_PLACE if names & _TOPIC else frozenset())
    kept = [(name, value) for name, value in query if name not in drop]
    path = _PAGE_TAIL.sub("/", parts.path)
    path = _NODEBB.sub(r"\1", _DISCOURSE.sub(r"\1", path))
    if re.fullmatch(r"/post/\d+/?", path):
        return None
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode(kept), ""))


def is_inside_thread(url: str) -> bool:
    """Whether an address names a place behind the first one of a topic, as only replies have."""
    match = _DISCOURSE.search(urlsplit(url).path) or _NODEBB.search(urlsplit(url).path)
    return match is not None and int(match.group(2)) > 1


def slug_title(url: str) -> str:
    """Words from the last part of an address, for want of a better title."""
    path = unquote(urlsplit(url).path).rstrip("/")
    return re.sub(r"[-_]+", " ", path.rpartition("/")[2]).strip()[:200].capitalize()


def _only_a_post(path: str) -> bool:
    return path.endswith((".php", ".cgi", ".asp", ".aspx"))
