"""The sandbox's objects as X's API and X's events write them, in either vocabulary."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any

from earful_twitter.links import find_links
from earful_twitter.sandbox.world import Message, Person, Picture, Post, World

__all__ = ["Asked", "direct_event", "moment", "page_of_messages", "page_of_posts", "post_event"]

_ALWAYS = {"id", "text"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which fields and expansions a request asked for, and in which spelling."""

    spelling: str = "tweet"
    fields: frozenset[str] = frozenset()
    expansions: frozenset[str] = frozenset()
    user_fields: frozenset[str] = frozenset()

    def spelt(self, name: str) -> str:
        """An older name in the spelling of the request."""
        return name.replace("tweet", "post") if self.spelling == "post" else name


EVERYTHING = Asked(
    fields=frozenset(
        {"attachments", "author_id", "conversation_id", "created_at", "display_text_range",
         "edit_history_tweet_ids", "entities", "in_reply_to_user_id", "lang", "note_tweet",
         "referenced_tweets", "reply_settings"}
    ),
    expansions=frozenset({"attachments.media_keys", "author_id"}),
    user_fields=frozenset(
        {"created_at", "description", "profile_image_url", "public_metrics", "verified",
         "verified_type"}
    ),
)  # fmt: skip


def moment(at: datetime) -> str:
    """A time as X writes it: ISO 8601 with milliseconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def page_of_posts(
    world: World, posts: Iterable[Post], asked: Asked, errors: Iterable[dict[str, Any]] = ()
) -> dict[str, Any]:
    """A list of posts with what was asked to come along."""
    shown = list(posts)
    found: dict[str, Any] = {"data": [post_object(world, one, asked) for one in shown]}
    includes = _includes(world, shown, asked)
    if includes:
        found["includes"] = includes
    problems = list(errors)
    if problems:
        found["errors"] = problems
    if not shown:
        del found["data"]
    return found


def page_of_messages(world: World, messages: Iterable[Message], asked: Asked) -> dict[str, Any]:
    """A list of direct messages."""
    shown = list(messages)
    found: dict[str, Any] = {"data": [_listed(one, asked) for one in shown]}
    pictures = [each for one in shown for each in one.pictures]
    if pictures and "attachments.media_keys" in asked.expansions:
        found["includes"] = {"media": _media(world, pictures)}
    if "sender_id" in asked.expansions and shown:
        people = {one.sender_id for one in shown}
        users = [user_object(world.people[p], asked) for p in people]
        found["includes"] = {**found.get("includes", {}), "users": users}
    if not shown:
        del found["data"]
    return found


def post_object(world: World, post: Post, asked: Asked) -> dict[str, Any]:
    """One post, with the fields that were asked for."""
    text, entities = _written(world, post)
    parent = world.posts.get(post.parent_id)
    long = len(text) > 280  # noqa: PLR2004 - the length of a post
    whole: dict[str, Any] = {
        "id": post.id,
        "text": f"{text[:270]}…" if long else text,
        "author_id": post.author_id,
        "conversation_id": post.conversation_id,
        "created_at": moment(post.at),
        "edit_history_tweet_ids": post.versions,
        "entities": entities,
        "lang": post.language,
        "reply_settings": "everyone",
        "display_text_range": [0, len(text)],
    }
    if long:
        whole["note_tweet"] = {"text": text, "entities": entities}
    if post.pictures:
        whole["attachments"] = {"media_keys": [each.key for each in post.pictures]}
    if post.parent_id:
        whole["in_reply_to_user_id"] = parent.author_id if parent else ""
    references = _references(post)
    if references:
        whole["referenced_tweets"] = references
    return {asked.spelt(name): one for name, one in whole.items() if _is_asked(name, asked)}


def user_object(person: Person, asked: Asked, *, strings: bool = False) -> dict[str, Any]:
    """One account; events write every counter twice."""
    metrics: dict[str, Any] = {
        "followers_count": person.followers,
        "following_count": 42,
        "tweet_count": 310,
        "listed_count": 2,
    }
    if strings:
        metrics |= {f"{name}_str": str(count) for name, count in list(metrics.items())}
    whole = {
        "id": person.id,
        "name": person.name,
        "username": person.username,
        "description": person.about,
        "created_at": moment(person.created_at),
        "verified": person.verified,
        "verified_type": "business" if person.verified else "none",
        "public_metrics": metrics,
        "receives_your_dm": person.takes_messages,
    }
    always = {"id", "name", "username"}
    return {n: one for n, one in whole.items() if n in always or n in asked.user_fields}


def post_event(world: World, post: Post, kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Payload and includes of an event about a post."""
    if kind == "post.delete":
        return {"id": post.id, "author_id": post.author_id}, {}
    payload = post_object(world, post, EVERYTHING)
    if post.parent_id:
        payload["in_reply_to_tweet_id"] = post.parent_id
    people = {post.author_id, world.account.id}
    users = [user_object(world.people[one], EVERYTHING, strings=True) for one in sorted(people)]
    media = {"media": _media(world, post.pictures)} if post.pictures else {}
    return payload, {"users": users, **media}


def direct_event(world: World, message: Message) -> dict[str, Any]:
    """The payload of an event about a direct message, in its older form."""
    people = (message.sender_id, message.recipient_id)
    said: dict[str, Any] = {"text": _with_picture(message), "entities": {}}
    if message.pictures:
        said["attachment"] = _attached(world, message.pictures[0])
    return {
        "direct_message_events": [
            {
                "type": "message_create",
                "id": message.id,
                "created_timestamp": str(int(message.at.timestamp() * 1000)),
                "message_create": {
                    "target": {"recipient_id": message.recipient_id},
                    "sender_id": message.sender_id,
                    "message_data": said,
                },
            }
        ],
        "users": {
            one: {"data": user_object(world.people[one], EVERYTHING, strings=True)}
            for one in people
        },
    }


def _attached(world: World, picture: Picture) -> dict[str, Any]:
    (listed,) = _media(world, [picture])
    media = {
        "id": int(picture.id),
        "media_url_https": listed["url"],
        "type": listed["type"],
        "ext_alt_text": listed.get("alt_text"),
    }
    return {"type": "media", "media": media}


def _listed(message: Message, asked: Asked) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": message.id,
        "event_type": "MessageCreate",
        "text": _with_picture(message),
        "sender_id": message.sender_id,
        "dm_conversation_id": message.conversation,
        "created_at": moment(message.at),
    }
    if message.pictures:
        whole["attachments"] = {"media_keys": [each.key for each in message.pictures]}
    always = {"id", "event_type", "text"}
    wanted = asked.fields | asked.expansions
    return {name: one for name, one in whole.items() if name in always or name in wanted}


def _with_picture(message: Message) -> str:
    """X puts a link to the picture behind the words of a direct message."""
    link = "".join(f" https://t.co/{each.id[-10:]}" for each in message.pictures[:1])
    return f"{escape(message.text, quote=False)}{link}"


def _is_asked(name: str, asked: Asked) -> bool:
    """In the newer spelling some fields come only by asking for what they lead to."""
    spelt = asked.spelt(name)
    wanted: Collection[str] = asked.fields | asked.expansions
    return name in _ALWAYS or spelt in wanted or f"{spelt}.id" in wanted


def _includes(world: World, posts: list[Post], asked: Asked) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if asked.expansions & {"referenced_tweets.id", "referenced_posts"}:
        ids = [one for post in posts for one in (post.parent_id, post.quoted_id) if one]
        others = [world.posts[one] for one in dict.fromkeys(ids) if one in world.posts]
        if others:
            found[asked.spelt("tweets")] = [post_object(world, one, asked) for one in others]
    pictures = [each for post in posts for each in post.pictures]
    if pictures and "attachments.media_keys" in asked.expansions:
        found["media"] = _media(world, pictures)
    people = {post.author_id for post in posts} if "author_id" in asked.expansions else set()
    if people:
        found["users"] = [user_object(world.people[one], asked) for one in sorted(people)]
    return found


def _media(world: World, pictures: Iterable[Picture]) -> list[dict[str, str]]:
    return [
        {
            "media_key": each.key,
            "type": "photo",
            "url": f"{world.address}/pictures/{each.id}",
            **({"alt_text": each.alt} if each.alt else {}),
        }
        for each in pictures
    ]


def _references(post: Post) -> list[dict[str, str]]:
    kinds = {"replied_to": post.parent_id, "quoted": post.quoted_id}
    return [{"type": kind, "id": one} for kind, one in kinds.items() if one]


def _written(world: World, post: Post) -> tuple[str, dict[str, Any]]:
    """The text as X stores it: links shortened, three characters escaped; and its entities."""
    text = escape(post.text, quote=False)
    entities: dict[str, Any] = {}
    for link in find_links(post.text):
        short = f"https://t.co/{hashlib.sha256(link.encode()).hexdigest()[:10]}"
        whole = link if link.startswith("http") else f"https://{link}"
        text = text.replace(escape(link, quote=False), short)
        entities.setdefault("urls", []).append({"url": short, "expanded_url": whole})
    for each in post.pictures:
        short = f"https://t.co/{each.id[-10:]}"
        text = f"{text} {short}" if each is post.pictures[0] else text
        entities.setdefault("urls", []).append(
            {"url": f"https://t.co/{post.pictures[0].id[-10:]}", "media_key": each.key,
             "expanded_url": f"https://x.com/i/status/{post.id}/photo/1"}
        )  # fmt: skip
    for person in world.mentioned(post.text):
        mention = {"username": person.username, "id": person.id}
        entities.setdefault("mentions", []).append(mention)
    return text, entities
