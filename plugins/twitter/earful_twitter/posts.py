"""X's posts as messages, in either vocabulary; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from earful import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    PayloadError,
    Surface,
    UnsupportedPayload,
    mark,
)

from earful_twitter.meta import Meta, as_id, time_of, when
from earful_twitter.people import People, inner
from earful_twitter.vocabulary import either

__all__ = [
    "REPOST",
    "Included",
    "expanded",
    "first_version",
    "is_repost",
    "media_attachments",
    "post_message",
    "readable",
    "references",
]

REPOST = mark("A repost has no words of its own.")
_KINDS = {
    "photo": AttachmentKind.IMAGE,
    "video": AttachmentKind.VIDEO,
    "animated_gif": AttachmentKind.VIDEO,
}
_WEB = ("http://", "https://")
_REFERENCE = re.compile(r"&(?:#\d+|#x[0-9a-f]+|\w+);", re.IGNORECASE)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)?")
_NO_LANGUAGES = frozenset({"und", "zxx", "art", "qam", "qct", "qht", "qme", "qst"})
"""X's marks for text without words: links, hashtags, mentions only."""


@dataclass(frozen=True, slots=True)
class Included:
    """What came along with a document: people, media, and the posts that others refer to."""

    people: People
    media: Mapping[str, Mapping[str, Any]]
    posts: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, includes: Any, meta: Meta, users: Iterable[Any] = ()) -> Included:
        """From the `includes` of a document, and further users where they stand elsewhere."""
        found = includes if isinstance(includes, Mapping) else {}
        people = People([*_list(found.get("users")), *users], site=meta.site)
        media = {str(one.get("media_key")): one for one in map(inner, _list(found.get("media")))}
        posts = {str(one.get("id")): one for one in map(inner, _list(either(found, "tweets")))}
        return cls(people, media, posts)

    def named(self, keys: Iterable[Any]) -> Iterable[Mapping[str, Any]]:
        """The media with these keys."""
        return (self.media.get(str(key), {}) for key in keys)


def post_message(
    post: Any, included: Included, meta: Meta, *, quotes_us: bool = False
) -> InboundMessage:
    """A post as it stands now; raises `PayloadError` for what is none.

    A repost raises `UnsupportedPayload`.

    An edited post keeps the id of its first version here, because an edit is a new version of the
    same message; `extra["latest_id"]` is the id that X knows it by now. `quotes_us` tells what the
    kind of event told: that the quoted post is ours.
    """
    post = inner(post)
    identifier, author_id = as_id(post.get("id")), as_id(post.get("author_id"))
    if not identifier or not author_id:
        raise PayloadError(mark("this is no post of X: it has no id or no author"))
    if is_repost(post):
        raise UnsupportedPayload(REPOST)
    first = first_version(post)
    made, told = time_of(first), when(post.get("created_at"))
    sent_at = (made if first != identifier else None) or told or made
    if sent_at is None:
        raise PayloadError(f"the post {identifier} does not say when it was written")
    handle = included.people.handle(author_id)
    parent = _parent(post)
    conversation = as_id(post.get("conversation_id")) or None
    summoned = _summons(post, included, meta, quotes_us=quotes_us)
    from_us = author_id == meta.account
    return InboundMessage(
        external_id=first,
        author=included.people.author(author_id),
        text=expanded(post),
        sent_at=sent_at,
        surface=Surface.PUBLIC_REPLY if parent else Surface.PUBLIC_POST,
        thread_id=conversation,
        parent_id=parent,
        url=f"{meta.site}/{handle or 'i/web'}/status/{identifier}",
        language=_language(post.get("lang")),
        attachments=tuple(_attachments(post, included)),
        from_us=from_us,
        edited_at=told if first != identifier else None,
        opens=not meta.industry or bool(summoned) or from_us,
        labels=(f"watch:{meta.watch}",) if meta.watch else (),
        other_ids=_later_versions(post, first),
        extra=_extra(post, identifier, author_id, summoned, included, meta),
    )


def first_version(post: Mapping[str, Any]) -> str:
    """The id that a post had before it was edited; its own if it never was."""
    return (_ids(either(post, "edit_history_tweet_ids")) or [as_id(post.get("id"))])[0]


def _later_versions(post: Mapping[str, Any], first: str) -> tuple[str, ...]:
    """X may tell of a deletion under the id of any version."""
    ids = (*_ids(either(post, "edit_history_tweet_ids")), as_id(post.get("id")))
    return tuple(dict.fromkeys(one for one in ids if one != first))


def is_repost(post: Mapping[str, Any]) -> bool:
    """Whether it only repeats somebody's post, without words of its own."""
    return any(kind in {"retweeted", "reposted"} for kind, _ in references(post))


def references(post: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The posts it refers to: (`replied_to`, `quoted`, `retweeted` or `reposted`; id)."""
    found = [one for one in _list(either(post, "referenced_tweets")) if isinstance(one, Mapping)]
    return [(str(one.get("type")), as_id(one.get("id"))) for one in found if as_id(one.get("id"))]


def expanded(post: Mapping[str, Any]) -> str:
    """The whole text of a post as people read it: links whole, none to what is attached."""
    note = either(post, "note_tweet")
    long = note if isinstance(note, Mapping) and isinstance(note.get("text"), str) else post
    entities = long.get("entities") if "entities" in long else post.get("entities")
    links = _list(entities.get("urls")) if isinstance(entities, Mapping) else []
    return readable(
        long.get("text"),
        (
            (each.get("url"), "" if each.get("media_key") else each.get("expanded_url"))
            for each in map(inner, links)
        ),
    )


def readable(text: Any, links: Iterable[tuple[Any, Any]]) -> str:
    """A text without markup, and each link as it was written instead of X's short one.

    The links come last: they are not escaped, though `?a=1&lt=5` looks as if it were.
    """
    said = _REFERENCE.sub(lambda found: unescape(found[0]), text) if isinstance(text, str) else ""
    for short, whole in links:
        is_short = isinstance(short, str) and short.startswith("http")
        if is_short and isinstance(whole, str) and (not whole or whole.startswith(_WEB)):
            said = said.replace(short, whole)
    return said.strip()


def _parent(post: Mapping[str, Any]) -> str | None:
    named = as_id(either(post, "in_reply_to_tweet_id"))
    replied = next((i for kind, i in references(post) if kind == "replied_to"), None)
    return named or replied


def _summons(post: Mapping[str, Any], included: Included, meta: Meta, *, quotes_us: bool) -> str:
    """How the author called our account: `mention`, `quote`, or "" for not at all."""
    if _mentions(post, meta, included):
        return "mention"
    quoted = [identifier for kind, identifier in references(post) if kind == "quoted"]
    ours = [i for i in quoted if as_id(included.posts.get(i, {}).get("author_id")) == meta.account]
    return "quote" if quotes_us or (meta.account and ours) else ""


def _mentions(post: Mapping[str, Any], meta: Meta, included: Included) -> bool:
    note = either(post, "note_tweet")
    places = [post.get("entities"), note.get("entities") if isinstance(note, Mapping) else None]
    handle = (meta.handle or included.people.handle(meta.account)).casefold()
    for entities in places:
        for one in _list(entities.get("mentions")) if isinstance(entities, Mapping) else []:
            if not isinstance(one, Mapping):
                continue
            if meta.account and as_id(one.get("id")) == meta.account:
                return True
            if handle and str(one.get("username")).casefold() == handle:
                return True
    return False


def _extra(
    post: Mapping[str, Any],
    identifier: str,
    author_id: str,
    summoned: str,
    included: Included,
    meta: Meta,
) -> dict[str, str]:
    """What decides later whether and how it can be answered."""
    parent = _parent(post)
    to_us = as_id(post.get("in_reply_to_user_id")) == meta.account
    ours = bool(parent and meta.account and to_us and parent == as_id(post.get("conversation_id")))
    reach_by_message = included.people.fact(author_id, "receives_your_dm")
    told = {
        "kind": "post",
        "latest_id": identifier,
        "author_id": author_id,
        "summoned": summoned,
        "reply_settings": str(post.get("reply_settings") or ""),
        "our_conversation": "yes" if ours else "",
        "takes_messages": {True: "yes", False: "no"}.get(reach_by_message, ""),
        "is_reply": "yes" if parent else "",
    }
    return {name: value for name, value in told.items() if value}


def _attachments(post: Mapping[str, Any], included: Included) -> Iterable[Attachment]:
    attached = post.get("attachments")
    keys = _list(attached.get("media_keys")) if isinstance(attached, Mapping) else []
    return media_attachments(included.named(keys))


def media_attachments(found: Iterable[Mapping[str, Any]]) -> Iterable[Attachment]:
    """The attachments among these media whose addresses came along."""
    for media in found:
        url = media.get("url") or media.get("preview_image_url")
        if isinstance(url, str) and url.startswith(_WEB):
            kind = _KINDS.get(str(media.get("type")), AttachmentKind.FILE)
            alt = media.get("alt_text")
            yield Attachment(url=url, kind=kind, alt=alt if isinstance(alt, str) else "")


def _language(value: Any) -> str | None:
    told = isinstance(value, str) and _LANGUAGE.fullmatch(value) and value not in _NO_LANGUAGES
    return value if told else None


def _ids(value: Any) -> list[str]:
    return [found for found in map(as_id, _list(value)) if found]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
