"""The plugin as the host sees it: hook, settings, and what it shows in a demonstration."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import earful_twitter
import pytest
from earful import ChannelType, Connector, InboundMessage, Sender, Source, Surface, Webhook
from earful.sandbox import Sandbox
from earful_twitter import TWITTER
from earful_twitter.searches import LONGEST_QUERY, WatchTerm, watch_query
from earful_twitter.settings import TwitterSettings
from pydantic import ValidationError

TERM = {"name": "t", "include": ["a"]}


def test_starting_does_not_wait_for_the_text_parsers_patterns() -> None:
    look = "import sys, earful_twitter.sandbox; print('twitter_text' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert told.stdout == "False\n"


def test_the_hook_brings_one_kind_of_channel() -> None:
    (found,) = earful_twitter.register_channels()
    settings = TwitterSettings(client_id="c")
    assert isinstance(found, ChannelType)
    assert found.source
    assert found.webhook
    assert found.sender
    assert found.connector
    assert found.sandbox
    assert isinstance(found.source(settings), Source)
    assert isinstance(found.webhook(settings), Webhook)
    assert isinstance(found.sender(settings), Sender)
    assert isinstance(found.connector(settings), Connector)
    assert isinstance(found.sandbox(), Sandbox)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": None},
        {"receive": "webhook", "bearer_token": "b"},
        {"receive": "webhook", "consumer_secret": "c"},
        {"receive": "stream"},
        {"receive": "pigeon"},
        {"tier": "gold"},
        {"base_url": "ftp://x.example"},
        {"monthly_cap_usd": -1},
        {"watch": [TERM, TERM]},
        {"watch": [{**TERM, "name": "Not a label"}]},
        {"watch": [{**TERM, "include": []}]},
        {"watch": [{**TERM, "include": ['say "no"']}]},
        {"watch": [{**TERM, "include": ["  "]}]},
        {"watch": [{**TERM, "language": "English"}]},
        {"watch": [{**TERM, "include": [f"{'word ' * 12}{n}" for n in range(15)]}]},
        {"stream_seconds": 0},
        {"colour": "red"},
    ],
    ids=str,
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TwitterSettings.model_validate({"client_id": "c", **wrong})


def test_a_search_cannot_be_broken_out_of() -> None:
    term = WatchTerm(name="t", include=("a b", "from:everyone", "#tag"), exclude=("OR",))
    query = watch_query(term, "larkfieldbikes")
    assert query == ('("a b" OR "from:everyone" OR #tag) -"OR" -is:retweet -from:larkfieldbikes')
    assert len(query) < LONGEST_QUERY


def test_the_demonstration_shows_a_lively_channel() -> None:
    assert TWITTER.demo
    found = [one for payload in TWITTER.demo() for one in TWITTER.parse(payload)]
    messages = [one for one in found if isinstance(one, InboundMessage)]
    now = datetime.now(UTC)
    assert len(messages) == 8
    assert all(now - timedelta(days=3) < one.sent_at < now for one in messages)
    assert {one.surface for one in messages} == set(Surface)
    assert all(one.author.reach for one in messages)
    assert all(one.extra.get("summoned") for one in messages if one.surface is not Surface.PRIVATE)
