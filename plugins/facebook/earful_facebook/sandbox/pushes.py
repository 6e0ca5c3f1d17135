"""The platform's pushes: their form, their signature and their escapes; pure."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from earful_facebook.sandbox.people import Account
    from earful_facebook.sandbox.world import Item, Message, World

__all__ = [
    "body",
    "change",
    "message",
    "message_deleted",
    "message_edit",
    "messages_read",
    "signed",
]


def change(world: World, item: Item, verb: str) -> dict[str, Any]:
    """An entry of the Page's feed, of its mentions or of its ratings."""
    now = int(world.now().timestamp())
    if item.kind == "rating":
        return {"id": world.page.id, "time": now, "changes": [_rating(item, verb)]}
    if item.kind == "mention":
        return {"id": world.page.id, "time": now, "changes": [_mention(item, verb)]}
    value = _post(world, item) if item.kind == "post" else _comment(world, item)
    value |= {"verb": verb, "created_time": int(item.at.timestamp())}
    if verb != "remove":
        value["message"] = item.text
    return {"id": world.page.id, "time": now, "changes": [{"field": "feed", "value": value}]}


def _post(world: World, item: Item) -> dict[str, Any]:
    return {
        "item": "status" if item.author == world.page else "post",
        "post_id": item.id,
        "from": {"id": item.author.id, "name": item.author.name},
        "published": 1,
    }


def _comment(world: World, item: Item) -> dict[str, Any]:
    post = world.items[item.post]
    return {
        "item": "comment",
        "comment_id": item.id,
        "post_id": item.post,
        "parent_id": item.parent or item.post,
        "from": {"id": item.author.id, "name": item.author.name},
        "post": {
            "id": post.id,
            "status_type": "mobile_status_update" if post.author == world.page else "wall_post",
            "is_published": True,
            "permalink_url": f"https://www.facebook.com/{post.id}",
        },
    }


def _mention(item: Item, verb: str) -> dict[str, Any]:
    """The notice tells who and where, but not the words."""
    value = {
        "item": "post",
        "verb": verb,
        "post_id": item.id,
        "sender_id": item.author.id,
        "sender_name": item.author.name,
    }
    return {"field": "mention", "value": value}


def _rating(item: Item, verb: str) -> dict[str, Any]:
    value = {
        "item": "rating",
        "verb": verb,
        "reviewer_id": item.author.id,
        "reviewer_name": item.author.name,
        "open_graph_story_id": item.id,
        "created_time": int(item.at.timestamp()),
        "recommendation_type": "POSITIVE",
        "review_text": item.text,
    }
    return {"field": "ratings", "value": value}


def message(world: World, message: Message) -> dict[str, Any]:
    """An entry of Messenger; what the Page wrote comes back as an echo."""
    said: dict[str, Any] = {"mid": message.id, "text": message.text}
    if message.is_ours:
        said["is_echo"] = True
    return _messaging(world, message, {"message": said})


def message_edit(world: World, message: Message) -> dict[str, Any]:
    edit = {"mid": message.id, "text": message.text, "num_edit": message.edits}
    return _messaging(world, message, {"message_edit": edit}, is_now=True)


def message_deleted(world: World, message: Message) -> dict[str, Any]:
    gone = {"mid": message.id, "is_deleted": True}
    return _messaging(world, message, {"message": gone}, is_now=True)


def messages_read(world: World, person: Account) -> dict[str, Any]:
    """Whatever was written until the watermark was read."""
    milliseconds = int(world.read_until[person.id].timestamp() * 1000)
    single = {
        "sender": {"id": person.id},
        "recipient": {"id": world.page.id},
        "timestamp": milliseconds,
        "read": {"watermark": milliseconds},
    }
    return {"id": world.page.id, "time": milliseconds, "messaging": [single]}


def _messaging(
    world: World, message: Message, event: dict[str, Any], *, is_now: bool = False
) -> dict[str, Any]:
    page, person = {"id": world.page.id}, {"id": message.person.id}
    sender, recipient = (page, person) if message.is_ours else (person, page)
    at = world.now() if is_now else message.at
    milliseconds = int(at.timestamp() * 1000)
    single = {"sender": sender, "recipient": recipient, "timestamp": milliseconds, **event}
    return {"id": world.page.id, "time": milliseconds, "messaging": [single]}


def body(*entries: dict[str, Any]) -> bytes:
    """The document as the platform writes it: other letters and slashes escaped."""
    return json.dumps({"object": "page", "entry": entries}).replace("/", "\\/").encode()


def signed(document: bytes, app_secret: str) -> dict[str, str]:
    """The headers of a push."""
    secret = app_secret.encode()
    return {
        "Content-Type": "application/json",
        "User-Agent": "facebookexternalua",
        "X-Hub-Signature": f"sha1={hmac.new(secret, document, hashlib.sha1).hexdigest()}",
        "X-Hub-Signature-256": f"sha256={hmac.new(secret, document, hashlib.sha256).hexdigest()}",
    }
