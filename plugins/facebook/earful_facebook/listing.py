"""What the Graph API's lists hold: posts, comments, recommendations, private messages; pure.

A list is read as it stands at one moment (`Origin.at`): what it shows is visible then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from earful import (
    Attachment,
    AttachmentKind,
    InboundMessage,
    Parsed,
    PayloadError,
    Removal,
    RemovalKind,
    Surface,
)

from earful_facebook.changes import MENTION, RATING
from earful_facebook.messaging import private_message
from earful_facebook.origin import Origin, address_of
from earful_facebook.values import identifier, items, moment, record, required_id, text, web_url
from earful_facebook.wording import UNSUPPORTED, rating_text

__all__ = ["LISTS", "parse_list"]

_Object = Mapping[str, Any]


def parse_list(origin: Origin, read: str, document: _Object) -> Iterable[Parsed]:
    """The messages of one list. `read` names the kind of list; see `LISTS`."""
    parser = LISTS.get(read)
    if parser is None or not isinstance(document.get("data"), list):
        raise PayloadError(f"this is no list of the Graph API ({read!r})")
    context = record(document.get("context"))
    return [found for each in items(document["data"]) for found in parser(origin, each, context)]


def _post(origin: Origin, post: _Object, _context: _Object) -> Iterable[Parsed]:
    return _shown(origin, post, _post_message(origin, post, kind="post"))


def _tagged(origin: Origin, post: _Object, _context: _Object) -> Iterable[Parsed]:
    return _shown(origin, post, _post_message(origin, post, kind=MENTION))


def _post_message(origin: Origin, post: _Object, *, kind: str) -> InboundMessage:
    post_id = required_id(post.get("id"), "a post")
    author = origin.author(post, post_id)
    return InboundMessage(
        external_id=post_id,
        author=author,
        text=text(post.get("message")) or text(post.get("story")),
        sent_at=moment(post.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_POST,
        thread_id=post_id,
        url=web_url(post.get("permalink_url")) or address_of(post_id),
        attachments=_picture(post.get("full_picture")),
        from_us=origin.is_ours(author),
        visible_at=origin.at,
        extra={"kind": kind},
    )


def _comment(origin: Origin, comment: _Object, post: _Object) -> Iterable[Parsed]:
    comment_id = required_id(comment.get("id"), "a comment")
    author = origin.author(comment, comment_id)
    parent = identifier(record(comment.get("parent")).get("id"))
    post_id = identifier(post.get("id"))
    by_visitor = identifier(record(post.get("from")).get("id")) not in {"", origin.page_id}
    belongs = bool(parent) or by_visitor or origin.is_ours(author)
    message = InboundMessage(
        external_id=comment_id,
        author=author,
        text=text(comment.get("message")),
        sent_at=moment(comment.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_REPLY,
        parent_id=(parent or post_id or None) if belongs else None,
        thread_url=web_url(post.get("permalink_url")) or (address_of(post_id) or None),
        url=web_url(comment.get("permalink_url")) or address_of(comment_id),
        attachments=_media(record(comment.get("attachment"))),
        from_us=origin.is_ours(author),
        visible_at=origin.at,
        extra={
            "kind": "comment",
            **({"post": post_id} if post_id else {}),
            **_told(comment, "can_reply_privately", "can_hide", "can_comment"),
        },
    )
    return _shown(origin, comment, message)


def _shown(origin: Origin, item: _Object, message: InboundMessage) -> Iterable[Parsed]:
    """The message, and that it is hidden if it is: a list shows that to the Page only."""
    if item.get("is_hidden") is True:
        yield InboundMessage(**{**_fields(message), "visible_at": None})
        yield Removal(external_id=message.external_id, kind=RemovalKind.HIDDEN, at=origin.at)
    else:
        yield message


def _fields(message: InboundMessage) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}


def _rating(origin: Origin, rating: _Object, _context: _Object) -> Iterable[Parsed]:
    story_id = required_id(record(rating.get("open_graph_story")).get("id"), "a rating")
    reviewer = record(rating.get("reviewer"))
    yield InboundMessage(
        external_id=story_id,
        author=origin.author({"from": reviewer}, story_id),
        text=rating_text(rating),
        sent_at=moment(rating.get("created_time")) or origin.at,
        surface=Surface.PUBLIC_POST,
        thread_id=story_id,
        url=address_of(story_id),
        visible_at=origin.at,
        extra={"kind": RATING},
    )


def _message(origin: Origin, message: _Object, conversation: _Object) -> Iterable[Parsed]:
    person = required_id(conversation.get("person"), "a conversation's person")
    writer = record(message.get("from"))
    attachments = [
        _as_pushed(each) for each in items(record(message.get("attachments")).get("data"))
    ]
    sticker = web_url(message.get("sticker"))
    if sticker:
        attachments.append({"type": "image", "payload": {"url": sticker}})
    said = text(message.get("message"))
    yield private_message(
        origin,
        mid=required_id(message.get("id"), "a message"),
        writer=identifier(writer.get("id")) or person,
        name=text(writer.get("name")),
        person=person,
        said=said if said or attachments else UNSUPPORTED,
        attachments=attachments,
        at=moment(message.get("created_time")) or origin.at,
        visible_at=origin.at,
    )


def _as_pushed(attachment: _Object) -> _Object:
    """An attachment in the form in which a push has it."""
    for name, kind in (("image_data", "image"), ("video_data", "video")):
        url = web_url(record(attachment.get(name)).get("url"))
        if url:
            return {"type": kind, "payload": {"url": url}}
    is_audio = text(attachment.get("mime_type")).startswith("audio/")
    return {
        "type": "audio" if is_audio else "file",
        "title": text(attachment.get("name")),
        "payload": {"url": attachment.get("file_url")},
    }


def _picture(value: object) -> tuple[Attachment, ...]:
    url = web_url(value)
    return (Attachment(url=url, kind=AttachmentKind.IMAGE),) if url else ()


def _media(attachment: _Object) -> tuple[Attachment, ...]:
    """The photo or video of a comment, by the address that shows it."""
    source = web_url(record(attachment.get("media")).get("source"))
    if source:
        return (Attachment(url=source, kind=AttachmentKind.VIDEO),)
    return _picture(record(record(attachment.get("media")).get("image")).get("src"))


def _told(item: _Object, *names: str) -> dict[str, str]:
    return {name: str(item[name]).lower() for name in names if isinstance(item.get(name), bool)}


LISTS: dict[str, Callable[[Origin, _Object, _Object], Iterable[Parsed]]] = {
    "posts": _post,
    "tagged": _tagged,
    "comments": _comment,
    "ratings": _rating,
    "messages": _message,
}
