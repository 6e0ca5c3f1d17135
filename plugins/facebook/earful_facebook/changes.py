"""What a Page's `feed`, `mention` and `ratings` changes mean; pure.

Both spellings of these changes are read: `from` and `sender_id`, `edit` and `edited`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from earful import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    Parsed,
    Removal,
    RemovalKind,
    Surface,
    UnsupportedPayload,
    mark,
)

from earful_facebook.origin import Origin, address_of
from earful_facebook.values import identifier, moment, record, required_id, text, web_url
from earful_facebook.wording import rating_text

__all__ = ["MENTION", "RATING", "parse_change"]

MENTION = "mention"
RATING = "rating"
_POSTS = frozenset(
    {"post", "status", "photo", "video", "share", "link", "note", "question", "offer", "milestone"}
)
_SHOWN = frozenset({"add", "edit", "edited", "unhide", "update"})
_EDITED = frozenset({"edit", "edited", "update"})
_NEEDS_WORDS = _EDITED | {"unhide"}
"""Without words these would erase those that are known."""
_GONE = {"remove": RemovalKind.DELETED, "hide": RemovalKind.HIDDEN}
_NO_MESSAGE = {
    "like": mark("likes are not messages"),
    "reaction": mark("reactions are not messages"),
    "album": mark("an album holds no words; its photos are posts of their own"),
    "event": mark("events of the Page are not messages"),
}
_Value = Mapping[str, Any]


def parse_change(origin: Origin, change: _Value) -> Iterable[Parsed]:
    """The message or removal behind one change. Raises `UnsupportedPayload` with the reason."""
    field = text(change.get("field"))
    reader = _READERS.get(field)
    if reader is None:
        raise UnsupportedPayload(f"changes of the Page's {field or 'unnamed field'!r} are not read")
    value = change.get("value")
    if not isinstance(value, dict):
        raise UnsupportedPayload(f"this change of {field!r} holds nothing")
    return reader(origin, value)


def _feed(origin: Origin, value: _Value) -> Iterable[Parsed]:
    item = text(value.get("item"))
    if item == "comment":
        return _by_verb(origin, value, required_id(value.get("comment_id"), "a comment"), _comment)
    if item in _POSTS:
        return _by_verb(origin, value, _post_id(origin, value, item), _post)
    raise UnsupportedPayload(
        _NO_MESSAGE.get(item, f"what happened to the Page's {item or 'feed'!r} is not a message")
    )


def _mention(origin: Origin, value: _Value) -> Iterable[Parsed]:
    if identifier(value.get("comment_id")):
        return _by_verb(origin, value, identifier(value.get("comment_id")), _mentioned)
    return _by_verb(origin, value, required_id(value.get("post_id"), "a mention"), _mentioned)


def _ratings(origin: Origin, value: _Value) -> Iterable[Parsed]:
    item = text(value.get("item"))
    if item == "comment":
        return _by_verb(origin, value, required_id(value.get("comment_id"), "a comment"), _comment)
    if item == "rating":
        story = required_id(value.get("open_graph_story_id"), "a rating")
        return _by_verb(origin, value, story, _rating)
    raise UnsupportedPayload(_NO_MESSAGE.get(item, f"{item or 'this'!r} is no rating"))


_READERS: dict[str, Callable[[Origin, _Value], Iterable[Parsed]]] = {
    "feed": _feed,
    "mention": _mention,
    "ratings": _ratings,
}


def _post_id(origin: Origin, value: _Value, item: str) -> str:
    """A post's id. What Facebook's own checks say of a video has the video's id only."""
    if identifier(value.get("post_id")):
        return identifier(value.get("post_id"))
    if text(value.get("verb")) not in {*_SHOWN, *_GONE}:
        return origin.page_id
    return required_id(value.get("post_id"), f"a {item}")


def _by_verb(
    origin: Origin,
    value: _Value,
    external_id: str,
    shown: Callable[[Origin, _Value, str], InboundMessage],
) -> Iterable[Parsed]:
    verb = text(value.get("verb"))
    if verb in _GONE:
        return [Removal(external_id=external_id, kind=_GONE[verb], at=origin.at)]
    if verb not in _SHOWN:
        raise UnsupportedPayload(f"{verb or 'no verb'!r} changes no message")
    if verb in _NEEDS_WORDS and "message" not in value and shown is not _rating:
        raise UnsupportedPayload(f"{verb!r} comes without the words; the next look brings them")
    message = shown(origin, value, external_id)
    if value.get("is_hidden") is True and verb != "unhide":
        hidden = Removal(external_id=external_id, kind=RemovalKind.HIDDEN, at=origin.at)
        return [message, hidden]
    return [message]


def _comment(origin: Origin, value: _Value, comment_id: str) -> InboundMessage:
    """A comment. Each one on our own posts is a conversation of its own, with its replies.

    What answers a visitor's post, or comes from the Page itself, belongs to what it answers.
    """
    author = origin.author(value, comment_id)
    post, parent = identifier(value.get("post_id")), identifier(value.get("parent_id"))
    is_reply = parent not in {"", post}
    on_visitor_post = text(record(value.get("post")).get("status_type")) == "wall_post"
    belongs = is_reply or on_visitor_post or origin.is_ours(author)
    return InboundMessage(
        external_id=comment_id,
        author=author,
        text=text(value.get("message")),
        sent_at=moment(value.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_REPLY,
        parent_id=(parent or post or None) if belongs else None,
        thread_url=web_url(record(value.get("post")).get("permalink_url"))
        or (address_of(post) if post else None),
        url=web_url(value.get("permalink_url")) or address_of(comment_id),
        attachments=_attachments(value),
        from_us=origin.is_ours(author),
        extra={"kind": "comment", **({"post": post} if post else {})},
        **_moments(origin, value),
    )


def _post(origin: Origin, value: _Value, post_id: str) -> InboundMessage:
    author = origin.author(value, post_id)
    return InboundMessage(
        external_id=post_id,
        author=author,
        text=text(value.get("message")) or text(value.get("story")),
        sent_at=moment(value.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_POST,
        thread_id=post_id,
        url=web_url(record(value.get("post")).get("permalink_url")) or address_of(post_id),
        attachments=_attachments(value),
        from_us=origin.is_ours(author),
        extra={"kind": "post"},
        **_moments(origin, value),
    )


def _mentioned(origin: Origin, value: _Value, external_id: str) -> InboundMessage:
    """Somebody names the Page elsewhere. Older notices tell who and where, but not the words."""
    author = origin.author(value, external_id)
    is_comment = bool(identifier(value.get("comment_id")))
    return InboundMessage(
        external_id=external_id,
        author=author,
        text=text(value.get("message")),
        sent_at=moment(value.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_REPLY if is_comment else Surface.PUBLIC_POST,
        thread_id=external_id,
        url=web_url(value.get("permalink_url")) or address_of(external_id),
        attachments=_attachments(value),
        from_us=origin.is_ours(author),
        extra={"kind": MENTION},
        **_moments(origin, value),
    )


def _rating(origin: Origin, value: _Value, story_id: str) -> InboundMessage:
    reviewer = identifier(value.get("reviewer_id")) or f"unknown:{story_id}"
    author = origin.account(reviewer, text(value.get("reviewer_name")))
    return InboundMessage(
        external_id=story_id,
        author=author,
        text=rating_text(value),
        sent_at=moment(value.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_POST,
        thread_id=story_id,
        url=address_of(story_id),
        extra={"kind": RATING},
        **_moments(origin, value),
    )


def _moments(origin: Origin, value: _Value) -> dict[str, Any]:
    """An edit dates the text; anything else shows what stood there at that moment."""
    if text(value.get("verb")) in _EDITED:
        return {"edited_at": origin.at}
    return {"visible_at": origin.at}


def _attachments(value: _Value) -> tuple[Attachment, ...]:
    """Photos, videos and links; a photo's own change has its address in `link`."""
    kinds = {"photo": AttachmentKind.IMAGE, "video": AttachmentKind.VIDEO}
    item = text(value.get("item"))
    found: dict[str, AttachmentKind] = {}
    for name, kind in kinds.items():
        if web_url(value.get(name)):
            found[text(value.get(name))] = kind
    photos = value.get("photos")
    for each in photos if isinstance(photos, list) else ():
        if web_url(each):
            found[text(each)] = AttachmentKind.IMAGE
    if web_url(value.get("link")):
        found.setdefault(text(value.get("link")), kinds.get(item, AttachmentKind.FILE))
    return tuple(Attachment(url=url, kind=kind) for url, kind in list(found.items())[:20])
