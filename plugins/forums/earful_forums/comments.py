"""Reads a list of comments, as WordPress's REST interface gives it, into messages; pure."""

from __future__ import annotations

import json
from typing import Any

from earful import (
    Attachment,
    AttachmentKind,
    Author,
    InboundMessage,
    Payload,
    PayloadError,
    Surface,
    UnsupportedPayload,
    mark,
)

from earful_forums.links import slug_title, web_url
from earful_forums.meta import EPOCH, Meta, when
from earful_forums.text import one_line, render

__all__ = ["comment_list", "external_id", "messages"]


def messages(payload: Payload, meta: Meta) -> list[InboundMessage]:
    """The comments in the order WordPress gives; `PayloadError` if these are no comments."""
    return [_message(comment, meta) for comment in comment_list(payload.body)]


def comment_list(body: bytes) -> list[dict[str, Any]]:
    """The body as a list of objects that each have an id."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise PayloadError(mark("This is not JSON, so it is no list of comments")) from error
    if isinstance(found, dict) and isinstance(found.get("code"), str):
        said = one_line(str(found.get("message", "")))
        raise UnsupportedPayload(f"WordPress reports {one_line(found['code'])}: {said}")
    if not isinstance(found, list) or not all(
        isinstance(item, dict) and type(item.get("id")) is int for item in found
    ):
        raise PayloadError(mark("This is JSON, but no list of comments"))
    return found


def external_id(number: int | str) -> str:
    """The id of a comment here: the same from every reader."""
    return f"comment-{number}"


def _message(comment: dict[str, Any], meta: Meta) -> InboundMessage:
    sent_at = when(comment.get("date_gmt"))
    if sent_at is None:
        raise PayloadError(f"Comment {comment['id']} has no date")
    link = web_url(comment.get("link"))
    page = link.partition("#")[0] if link else None
    rendered = render(_content(comment), link or meta.url)
    parent, post = comment.get("parent"), comment.get("post")
    return InboundMessage(
        external_id=external_id(comment["id"]),
        author=_author(comment),
        text=rendered.text,
        sent_at=sent_at,
        surface=Surface.PUBLIC_REPLY,
        thread_title=_post_title(comment) or slug_title(page or ""),
        thread_url=page,
        parent_id=external_id(parent) if isinstance(parent, int) and parent > 0 else None,
        url=link,
        attachments=tuple(
            Attachment(url=address, kind=AttachmentKind.IMAGE, alt=alt)
            for address, alt in rendered.images
        ),
        from_us=_is_ours(comment, meta),
        visible_at=meta.fetched_at if meta.fetched_at > EPOCH else None,
        extra={"comment": str(comment["id"]), **({"post": str(post)} if post else {})},
    )


def _content(comment: dict[str, Any]) -> str:
    content = comment.get("content")
    rendered = content.get("rendered") if isinstance(content, dict) else None
    if not isinstance(rendered, str):
        raise PayloadError(f"Comment {comment['id']} has no content")
    return rendered


def _author(comment: dict[str, Any]) -> Author:
    name = one_line(str(comment.get("author_name") or ""), 120)
    user = comment.get("author")
    avatars = comment.get("author_avatar_urls")
    avatar = avatars.get("96") if isinstance(avatars, dict) else None
    # Those of whom nothing is told are not one person.
    by_name = f"author:{name.casefold() or 'unknown:' + external_id(comment['id'])}"
    return Author(
        external_id=f"user:{user}" if isinstance(user, int) and user > 0 else by_name,
        name=name,
        url=web_url(comment.get("author_url")),
        avatar_url=web_url(avatar),
    )


def _is_ours(comment: dict[str, Any], meta: Meta) -> bool:
    """Anybody may sign with our name; only a signed-in user is believed."""
    user = comment.get("author")
    if not isinstance(user, int) or user <= 0:
        return False
    name = str(comment.get("author_name") or "").strip().casefold()
    return str(user) == meta.own_user or name in meta.own_names


def _post_title(comment: dict[str, Any]) -> str:
    embedded = comment.get("_embedded")
    posts = embedded.get("up") if isinstance(embedded, dict) else None
    post = posts[0] if isinstance(posts, list) and posts else None
    title = post.get("title") if isinstance(post, dict) else None
    rendered = title.get("rendered") if isinstance(title, dict) else None
    return one_line(rendered) if isinstance(rendered, str) else ""
