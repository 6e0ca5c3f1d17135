"""The plugin as the host sees it: hook, settings, manual, demonstration and cost."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import earful_forums
import feedparser
import pytest
from earful import ChannelType, InboundMessage, Payload, Sender, Source
from earful_forums import FORUMS
from earful_forums.settings import ForumsSettings
from pydantic import ValidationError

FOLDER = Path(__file__).parent.parent


def test_the_hook_brings_one_kind_of_channel() -> None:
    (found,) = earful_forums.register_channels()
    assert isinstance(found, ChannelType)
    assert found.kind == "forums"
    settings = ForumsSettings(url="https://a.example")
    assert found.source
    assert found.sender
    assert isinstance(found.source(settings), Source)
    assert isinstance(found.sender(settings), Sender)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"url": "ftp://a.example"},
        {"url": "a.example"},
        {"url": "https://a.example", "colour": "red"},
        {"url": "https://a.example", "username": "x"},
        {"url": "https://a.example", "application_password": "x"},
        {"url": "https://a.example", "reader": "magic"},
        {
            "url": "https://a.example",
            "reader": "feed",
            "username": "x",
            "application_password": "y",
        },
        {"url": "https://a.example", "max_items": 0},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ForumsSettings(**wrong)


def test_the_password_is_never_shown() -> None:
    settings = ForumsSettings(url="https://a.example", username="x", application_password="s3cret")
    assert "s3cret" not in repr(settings)
    assert settings.auth == ("x", "s3cret")


def test_the_manuals_examples_load() -> None:
    manual = (FOLDER / "README.md").read_text()
    blocks = re.findall(r"```toml\n(.*?)```", manual, re.DOTALL)
    assert blocks
    for block in blocks:
        for channel in tomllib.loads(block)["channels"].values():
            assert channel.pop("type") == "forums"
            channel.pop("name", None)
            channel.pop("poll_every_seconds", None)
            secret = channel.get("application_password")
            if isinstance(secret, dict):
                channel["application_password"] = "from elsewhere"
            ForumsSettings(**channel)


def test_the_manual_names_every_setting() -> None:
    manual = (FOLDER / "README.md").read_text()
    for name in ForumsSettings.model_fields:
        assert f"`{name}`" in manual


def test_the_demonstration_shows_a_lively_channel() -> None:
    assert FORUMS.demo
    found = [one for payload in FORUMS.demo() for one in FORUMS.parse(payload)]
    messages = [one for one in found if isinstance(one, InboundMessage)]
    assert len(messages) == len(found) == 25
    now = datetime.now(UTC)
    assert all(now - timedelta(days=3) < one.sent_at < now for one in messages)
    assert len({one.thread_title for one in messages}) == 6
    assert [one.from_us for one in messages].count(True) == 1
    ids = {one.external_id for one in messages}
    assert len(ids) == 25
    assert all(one.parent_id in ids for one in messages if one.parent_id)
    for place, one in enumerate(messages):
        before = {other.external_id for other in messages[:place]}
        assert one.parent_id is None or one.parent_id in before


def _best(action: Callable[[], object]) -> float:
    times = []
    for _ in range(5):
        began = process_time()
        action()
        times.append(process_time() - began)
    return min(times)


def test_parsing_costs_little_over_feedparser() -> None:
    item = (
        "<item><title>Comment on Spring by G{0}</title><link>https://a.example/x/#comment-{0}</link>"
        "<guid>https://a.example/x/#comment-{0}</guid><description>short</description>"
        "<pubDate>Tue, 10 Mar 2026 10:00:00 GMT</pubDate><content:encoded><![CDATA[<p>I bought "
        "<b>the</b> bike at <a href='https://a.example/'>the shop</a> last week.</p><p>It squeaks "
        "&amp; squeaks, please help.</p>]]></content:encoded></item>"
    )
    items = "".join(item.format(n) for n in range(1, 301))
    body = (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>T</title>{items}</channel></rss>"
    ).encode()
    alone = _best(lambda: feedparser.parse(io.BytesIO(body)))
    ours = _best(lambda: list(FORUMS.parse(Payload(body=body))))
    assert (ours - alone) / 300 < 0.0002
