"""What X charges for what this plugin does, in US dollars.

Source: https://docs.x.com/x-api/getting-started/pricing, as published on 22 August 2026 (prices of
20 April 2026), and the table of billed webhook events on the same page. X charges reads by item
returned, and the same item once per UTC day; writes by request. The figures are estimates for the
meter: what counts is the bill in X's developer console. Items that come along in `includes` are
not counted, because the page does not say that they are charged.
"""

from __future__ import annotations

import json
from typing import Any

from earful import Payload, Surface, mark

from earful_twitter.links import find_links
from earful_twitter.people import inner
from earful_twitter.settings import TwitterSettings

__all__ = ["EVENTS", "PRICES", "has_link", "push_cost", "reply_action", "reply_cost"]

PRICES = {
    "mention_read": 0.001,  # an "owned read": our own account's mentions and posts
    "own_post_read": 0.001,
    "post_read": 0.005,
    "user_read": 0.010,
    "direct_message_read": 0.010,
    "post_event": 0.005,
    "direct_message_event": 0.010,
    "reply": 0.015,
    "reply_summoned": 0.010,
    "reply_with_link": 0.200,
    "direct_message": 0.015,
    "hide": 0.005,
    "like": 0.015,
    "unlike": 0.010,
}
"""By action, for one item or one request."""

_NAMES = (
    mark("Mention read"),
    mark("Own post read"),
    mark("Post read"),
    mark("User read"),
    mark("Direct message read"),
    mark("Post event"),
    mark("Direct message event"),
    mark("Reply"),
    mark("Reply summoned"),
    mark("Reply with link"),
    mark("Direct message"),
    mark("Hide"),
    mark("Like"),
    mark("Unlike"),
)
"""The actions as the channel's page shows them, for translators."""

EVENTS = {
    "post.create": "post_event",
    "post.mention.create": "post_event",
    "post.reply.create": "post_event",
    "post.quote.create": "post_event",
    "post.repost.create": "post_event",
    "dm.received": "direct_message_event",
}
"""Kinds of pushed events that are billed, and the action they count as; others are free."""

_LONGEST_LOOK = 4000


def push_cost(_settings: Any, payload: Payload) -> dict[str, float]:
    """What a pushed event costs; nothing for pages, whose items are noted when they are read."""
    try:
        document = json.loads(payload.body)
    except (ValueError, RecursionError):
        return {}
    action = EVENTS.get(str(inner(document).get("event_type")))
    return {action: PRICES[action]} if action else {}


def has_link(text: str) -> bool:
    """Whether X will see a link, with or without `https://`: that makes a post dearer."""
    return bool(find_links(text[:_LONGEST_LOOK]))


def reply_action(settings: TwitterSettings, text: str, *, summoned: bool) -> str:
    """The action a public reply counts as.

    Whether a summoned reply with a link costs 0.010 or 0.200 is not published; the dearer is told.
    """
    if has_link(text):
        return "reply_with_link"
    return "reply_summoned" if summoned or settings.tier == "self-serve" else "reply"


def reply_cost(settings: Any, text: str, surface: Surface) -> float:
    """What sending `text` costs. On self-serve tiers every public reply is a summoned one."""
    if surface is Surface.PRIVATE:
        return PRICES["direct_message"]
    return PRICES[reply_action(settings, text, summoned=False)]
