"""Reading feeds: finding them, asking politely, and noticing what was missed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from earful import ChannelError, InboundMessage, RateLimited, TemporaryFailure
from earful_forums import FORUMS
from earful_forums.pace import next_poll, skipped_hours, wish
from earful_forums.settings import ForumsSettings
from earful_forums.source import ForumSource

NOW = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)


class Reader:
    """A channel with its cursor, read again and again."""

    def __init__(self, url: str, **settings: Any) -> None:
        self.now = NOW
        self.settings = ForumsSettings(url=url, allow_private_addresses=True, **settings)
        self.source = ForumSource(self.settings, lambda: self.now)
        self.cursor = ""
        self.wait: int | None = None
        self.gaps: list[str] = []

    def read(self) -> list[str]:
        """The texts of one poll, with all its pages."""
        texts: list[str] = []
        for _ in range(20):
            result = self.source.fetch(self.cursor)
            self.cursor, self.wait = result.cursor, result.next_poll_seconds
            self.gaps += [result.notice] if result.notice else []
            assert len(self.cursor) < 40_000
            for payload in result.payloads:
                for one in FORUMS.parse(payload):
                    assert isinstance(one, InboundMessage)
                    texts.append(one.text)
            if not result.more:
                return texts
        raise AssertionError("the poll does not end")


def feed(numbers: Iterable[int], extra: str = "", text: str = "n") -> str:
    items = "".join(
        f"<item><guid>{n}</guid><description>{text}{n}</description>"
        f"<pubDate>{format_datetime(NOW + timedelta(seconds=n))}</pubDate></item>"
        for n in sorted(numbers, reverse=True)
    )
    channel = f"<channel><title>News</title>{extra}{items}</channel>"
    return f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'


def window(newest: int) -> range:
    return range(newest - 9, newest + 1)


def texts(numbers: Iterable[int]) -> list[str]:
    return [f"n{n}" for n in numbers]


def test_a_feed_is_read_once_and_then_only_its_changes(site: Any) -> None:
    site.say("/feed", feed(window(10)), ETag='"1"', Last_Modified="Mon, 09 Mar 2026 10:00:00 GMT")
    reader = Reader(site.url + "/feed")
    assert reader.read() == texts(window(10))
    assert reader.read() == []
    last = site.requests[-1].headers
    assert last["if-none-match"] == '"1"'
    assert last["if-modified-since"] == "Mon, 09 Mar 2026 10:00:00 GMT"
    site.say("/feed", feed(window(12)), ETag='"2"')
    assert reader.read() == texts(window(12))
    assert reader.gaps == []


def test_a_new_date_on_the_same_entries_is_no_news(site: Any) -> None:
    site.say(
        "/feed", feed(window(10), "<lastBuildDate>Tue, 10 Mar 2026 10:00:00 GMT</lastBuildDate>")
    )
    reader = Reader(site.url + "/feed")
    reader.read()
    site.say(
        "/feed", feed(window(10), "<lastBuildDate>Tue, 10 Mar 2026 11:00:00 GMT</lastBuildDate>")
    )
    assert reader.read() == []
    site.say("/feed", feed(window(10), text="edited "))
    assert len(reader.read()) == 10


def test_a_window_that_shows_other_known_entries_is_no_news(site: Any) -> None:
    reader = Reader(site.url + "/feed")
    for newest in (10, 14):
        site.say("/feed", feed(window(newest)))
        reader.read()
    site.say("/feed", feed([3, 14, 9, 2]))
    assert reader.read() == []


def test_validators_of_this_very_second_are_not_trusted(site: Any) -> None:
    site.say("/feed", feed(window(10)), ETag='"1"', Last_Modified=format_datetime(NOW, usegmt=True))
    reader = Reader(site.url + "/feed")
    reader.read()
    reader.read()
    assert "if-none-match" not in site.requests[-1].headers


def test_wordpress_is_not_believed_twice_that_nothing_changed(site: Any) -> None:
    made_by = "<generator>https://wordpress.org/?v=6.1</generator>"
    site.say("/feed", feed(window(10), made_by), ETag='"1"')
    reader = Reader(site.url + "/feed", reader="feed")
    reader.read()
    site.say("/feed", feed(window(10), made_by, text="edited "), ETag='"1"')
    assert reader.read() == []
    assert len(reader.read()) == 10


def test_a_gap_is_told_and_ends_the_patience(site: Any, caplog: pytest.LogCaptureFixture) -> None:
    site.say("/feed", feed(window(10), "<ttl>60</ttl>"))
    reader = Reader(site.url + "/feed")
    reader.read()
    assert reader.wait == 3600
    for newest in (30, 50, 70):
        site.say("/feed", feed(window(newest), "<ttl>60</ttl>"))
        assert reader.read() == texts(window(newest))
        assert reader.wait is None  # as often as is configured, whatever the feed asks
    assert len(reader.gaps) == 3
    assert all("All 10 entries" in gap for gap in reader.gaps)
    assert len([record for record in caplog.records if "unseen" in record.message]) == 3
    reader.read()
    assert reader.wait == 3600


def test_a_gap_is_closed_by_further_pages(site: Any) -> None:
    newest = 10

    def paged(request: Any) -> Any:
        page = int(request.params.get("paged", 1))
        site.say("/page", feed(window(newest - 10 * (page - 1))))
        return site.pages["/page"]

    site.pages["/feed"] = paged
    reader = Reader(site.url + "/feed")
    reader.read()
    newest = 35
    assert sorted(reader.read()) == sorted(texts(range(6, 36)))
    assert reader.gaps == []


def test_a_site_that_ignores_pages_is_asked_once(site: Any) -> None:
    site.say("/feed", feed(window(10)))
    reader = Reader(site.url + "/feed")
    reader.read()
    site.say("/feed", feed(window(40)))
    reader.read()
    assert len([r for r in site.asked("/feed") if r.params]) == 1
    assert len(reader.gaps) == 1


def test_a_gap_in_a_wordpress_feed_leads_to_its_rest_interface(wordpress: Any) -> None:
    wordpress.pages.clear()
    wordpress.say("/feed", feed(window(10)))
    reader = Reader(wordpress.url + "/feed")
    reader.read()
    numbers = [wordpress.comment(f"c{n}") for n in range(30)]
    link = f'<{wordpress.url}/wp-json/>; rel="https://api.w.org/"'
    wordpress.say("/feed", feed(window(40)), Link=link)
    found = reader.read()
    assert [text for text in found if text.startswith("c")] == [
        f"c{n}" for n in range(len(numbers))
    ]
    assert reader.gaps == []
    assert json.loads(reader.cursor)["reader"] == "WordPressCursor"


def test_a_permanent_move_is_remembered_and_a_short_one_is_not(site: Any) -> None:
    site.say("/old", "", 301, Location="/new")
    site.say("/new", "", 302, Location="/today")
    site.say("/today", feed(window(10)))
    reader = Reader(site.url + "/old")
    reader.read()
    reader.read()
    reader.read()
    assert [r.path for r in site.requests][-2:] == ["/new", "/today"]


def test_another_address_in_the_settings_starts_anew(site: Any) -> None:
    site.say("/a", feed(window(10)))
    site.say("/b", feed(window(20)))
    first = Reader(site.url + "/a")
    first.read()
    second = Reader(site.url + "/b")
    second.cursor = first.cursor
    assert second.read() == texts(window(20))


@pytest.mark.parametrize("cursor", ["", "{", "[]", "7", '{"v": 99}', '{"v": 1, "reader": "Other"}'])
def test_a_cursor_that_is_not_ours_starts_anew(site: Any, cursor: str) -> None:
    site.say("/feed", feed(window(10)))
    reader = Reader(site.url + "/feed")
    reader.cursor = cursor
    assert reader.read() == texts(window(10))


RSS_LINK = '<link rel="alternate" type="application/rss+xml" href="{}">'
ATOM_LINK = "<link rel='alternate' type='application/atom+xml' title='Comments' href='/talk.xml'/>"
GUESSED = "/page/comments/feed/"


@pytest.mark.parametrize(
    ("links", "found"),
    [
        (RSS_LINK.format("/all.xml") + ATOM_LINK, "/talk.xml"),
        ('<link href="/all.xml" type="application/rss+xml" rel="alternate nofollow">', "/all.xml"),
        ("", GUESSED),
        (RSS_LINK.format("javascript:alert(1)"), GUESSED),
    ],
)
def test_a_page_leads_to_its_feed(site: Any, links: str, found: str) -> None:
    site.say("/page", f"<html><head>{links}</head><body>Hi</body></html>")
    site.say("/all.xml", feed([1]))
    site.say("/talk.xml", feed([1]))
    site.say("/page/comments/feed/", feed([1]))
    account = Reader(site.url + "/page").source.check()
    assert f"The feed {site.url}{found} is read" in account.detail
    assert account.name == "News"


def test_a_dot_rss_is_tried_last(site: Any) -> None:
    site.say("/category/2", "<html></html>")
    site.say("/category/2.rss", feed([1]))
    assert "/category/2.rss is read" in Reader(site.url + "/category/2").source.check().detail


@pytest.mark.parametrize(
    ("status", "word"), [(404, "no such page"), (403, "does not let us"), (410, "gone")]
)
def test_a_page_that_is_not_there_is_explained(site: Any, status: int, word: str) -> None:
    site.say("/feed", "", status)
    with pytest.raises(ChannelError, match=word):
        Reader(site.url + "/feed").source.check()


def test_no_feed_far_and_wide_is_explained(site: Any) -> None:
    site.say("/page", "<html>Hi</html>")
    with pytest.raises(ChannelError, match="no feed was found"):
        Reader(site.url + "/page").source.check()


def test_a_feed_that_turned_into_a_page_stops_the_reading(site: Any) -> None:
    site.say("/feed", feed([1]))
    reader = Reader(site.url + "/feed")
    reader.read()
    site.say("/feed", "<html>Sorry</html>")
    with pytest.raises(ChannelError, match="cannot be read as a feed"):
        reader.read()


def test_waiting_and_trouble_are_passed_on(site: Any) -> None:
    site.say("/feed", feed([1]))
    reader = Reader(site.url + "/feed")
    reader.read()
    site.say("/feed", "", 429, Retry_After="90")
    with pytest.raises(RateLimited) as caught:
        reader.read()
    assert caught.value.retry_after == timedelta(seconds=90)
    site.say("/feed", "", 502)
    with pytest.raises(TemporaryFailure):
        reader.read()


def test_private_addresses_are_refused_unless_allowed(site: Any) -> None:
    site.say("/feed", feed([1]))
    with pytest.raises(ChannelError, match="not a public address"):
        ForumSource(ForumsSettings(url=site.url + "/feed")).check()
    assert site.requests == []


def test_a_bomb_and_an_endless_feed_end(site: Any) -> None:
    site.say(
        "/feed", gzip.compress(feed([1]).encode() + b" " * 100_000_000), Content_Encoding="gzip"
    )
    with pytest.raises(ChannelError, match="more than"):
        Reader(site.url + "/feed").read()


def test_the_wish_of_a_feed_is_bounded() -> None:
    assert wish({}, b"<ttl>30</ttl>") == 1800
    assert wish({"cache-control": "public, max-age=7200"}, b"<ttl>30</ttl>") == 7200
    assert wish({"cache-control": "max-age=999999999, s-maxage=3"}, b"") == 86400
    assert wish({"cache-control": "no-cache"}, b"<ttl>soon</ttl>") == 0


def test_skipped_hours_are_slept_through() -> None:
    body = b"<skipHours><hour>13</hour><hour>14</hour><hour>24</hour></skipHours>"
    hours = skipped_hours(body)
    assert hours == [0, 13, 14]
    assert next_poll(0, hours, NOW) is None
    assert next_poll(1800, hours, NOW) == 9000
    assert next_poll(600, hours, NOW) == 600
    assert next_poll(600, range(24), NOW) == 600
