"""Synthetic posts and messages of invented people, in X's own form, for a demonstration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from earful import Payload

from earful_twitter.meta import Meta

__all__ = ["demo"]

_SHOP = ("7001", "larkfieldbikes", "Larkfield Bikes", 5310)
_PEOPLE = (
    ("7201", "carlaonwheels", "Carla Weiss", 212),
    ("7202", "deshawn_rides", "Deshawn Cole", 3890),
    ("7203", "nordwind_anna", "Anna Nordwind", 57),
    ("7204", "theobaker", "Theo Baker", 24_600),
)
_POSTS = (
    # minutes ago, author, text, id of the post it answers
    (2900, 0, "@larkfieldbikes is the Brook 7 back in stock in medium?", ""),
    (2700, 3, "Three weeks for a brake cable, @larkfieldbikes? Is anybody working there?", ""),
    (1500, 1, "@larkfieldbikes best service I have had in years. Thank you, Sam!", ""),
    (600, 2, "@larkfieldbikes your checkout takes my card and then shows an error.", ""),
    (590, 1, "@nordwind_anna @larkfieldbikes same here since this morning.", "3"),
    (45, 0, "@larkfieldbikes I was charged twice for order 5120. Please help.", ""),
)
_MESSAGES = (
    (480, 2, "Hello, the error happens with two different cards. Do you see my order?"),
    (30, 0, "I can send you the bank statement here if that helps."),
)
_FIRST_ID = 1990000000000000000


def demo() -> Iterator[Payload]:
    """A page of mentions and a page of direct messages, as the API gives them."""
    now = datetime.now(UTC).replace(microsecond=0)
    meta = Meta(account=_SHOP[0], handle=_SHOP[1]).dump()
    for document in (_mentions(now), _messages(now)):
        yield Payload(
            body=json.dumps(document).encode(), content_type="application/json", meta=meta
        )


def _mentions(now: datetime) -> dict[str, Any]:
    posts = [_post(place, now) for place in range(len(_POSTS))]
    return {
        "data": posts[::-1],
        "includes": {"users": [_user(one) for one in _PEOPLE]},
        "meta": {"result_count": len(posts)},
    }


def _post(place: int, now: datetime) -> dict[str, Any]:
    minutes, author, text, answers = _POSTS[place]
    identifier = str(_FIRST_ID + place)
    parent = str(_FIRST_ID + int(answers)) if answers else ""
    post: dict[str, Any] = {
        "id": identifier,
        "edit_history_tweet_ids": [identifier],
        "author_id": _PEOPLE[author][0],
        "conversation_id": parent or identifier,
        "created_at": _at(now, minutes),
        "text": text,
        "lang": "en",
        "reply_settings": "everyone",
        "entities": {"mentions": [{"username": _SHOP[1], "id": _SHOP[0]}]},
    }
    if parent:
        post["referenced_tweets"] = [{"type": "replied_to", "id": parent}]
    return post


def _messages(now: datetime) -> dict[str, Any]:
    events = [
        {
            "id": str(_FIRST_ID + 100 + place),
            "event_type": "MessageCreate",
            "text": text,
            "sender_id": _PEOPLE[author][0],
            "dm_conversation_id": f"{_SHOP[0]}-{_PEOPLE[author][0]}",
            "created_at": _at(now, minutes),
        }
        for place, (minutes, author, text) in enumerate(_MESSAGES)
    ]
    people = [_user(one) for one in _PEOPLE]
    return {
        "data": events[::-1],
        "includes": {"users": people},
        "meta": {"result_count": len(events)},
    }


def _user(facts: tuple[str, str, str, int]) -> dict[str, Any]:
    identifier, username, name, followers = facts
    return {
        "id": identifier,
        "username": username,
        "name": name,
        "verified": False,
        "public_metrics": {"followers_count": followers, "following_count": 120,
                           "tweet_count": 900, "listed_count": 3},
    }  # fmt: skip


def _at(now: datetime, minutes: int) -> str:
    return f"{now - timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}.000Z"
