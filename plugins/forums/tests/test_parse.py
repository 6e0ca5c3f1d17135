"""Documents in, messages out: every fixture, and what makes two copies the same message."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from earful import (
    InboundMessage,
    Payload,
    PayloadError,
    Removal,
    RemovalKind,
    Surface,
    UnsupportedPayload,
)
from earful_forums import FORUMS
from earful_forums.meta import Meta

FIXTURES = Path(__file__).parent / "fixtures"
DOCUMENTS = sorted(path for path in FIXTURES.iterdir() if not path.name.endswith(".expected.json"))
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def plainly(value: Any) -> Any:
    """As JSON, without what says nothing."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        found = {f: plainly(getattr(value, f.name)) for f in dataclasses.fields(value)}
        return {
            f.name: one
            for f, one in found.items()
            if one not in (None, "", [], {}, False) and not (one is True and f.default is True)
        }
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [plainly(one) for one in value]
    return dict(value) if isinstance(value, dict) else value


def parsed(body: str | bytes, **meta: Any) -> list[InboundMessage]:
    data = body.encode() if isinstance(body, str) else body
    found = list(FORUMS.parse(Payload(body=data, meta=Meta(**meta).dump() if meta else {})))
    assert all(isinstance(one, InboundMessage) for one in found)
    return [one for one in found if isinstance(one, InboundMessage)]


def rss(*items: str, channel: str = "") -> str:
    whole = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>T</title>'
        f"{channel}{whole}</channel></rss>"
    )


def atom(*entries: str) -> str:
    whole = "".join(f"<entry>{entry}</entry>" for entry in entries)
    return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>T</title>{whole}</feed>'


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_fixture_gives_what_stands_beside_it(path: Path) -> None:
    payload = Payload(body=path.read_bytes())
    found = [{"type": type(one).__name__, **plainly(one)} for one in FORUMS.parse(payload)]
    assert found == json.loads(path.with_name(f"{path.name}.expected.json").read_text())
    assert list(FORUMS.parse(payload)) == list(FORUMS.parse(payload))


def test_rest_and_feed_give_a_comment_the_same_id_parent_and_thread() -> None:
    by_feed = parsed((FIXTURES / "wordpress-comments.xml").read_bytes())
    by_rest = parsed((FIXTURES / "wordpress-comments.json").read_bytes())
    for one, other in zip(by_feed, by_rest, strict=True):
        assert one.external_id == other.external_id
        assert (one.parent_id, one.thread_id) == (other.parent_id, other.thread_id)
        assert (one.url, one.sent_at) == (other.url, other.sent_at)


def test_a_reused_guid_is_a_new_message_and_a_new_text_an_edit() -> None:
    item = (
        "<guid>5</guid><dc:creator>{}</dc:creator><pubDate>{}</pubDate>"
        "<description>{}</description>"
    )
    first = item.format("nils", "Tue, 10 Mar 2026 10:00:00 GMT", "One")
    ids = {
        name: parsed(rss(text))[0].external_id
        for name, text in {
            "first": first,
            "edited": first.replace("One", "Two"),
            "other author": first.replace("nils", "mira"),
            "other date": first.replace("10:00", "11:00"),
        }.items()
    }
    assert ids["edited"] == ids["first"]
    assert len(set(ids.values())) == 3


def test_atom_without_published_is_one_message_however_often_updated() -> None:
    entry = "<id>urn:1</id><updated>2026-03-0{}T10:00:00Z</updated><content>{}</content>"
    first, second = (parsed(atom(entry.format(day, text)))[0] for day, text in ((1, "a"), (2, "b")))
    assert first.external_id == second.external_id
    assert first.edited_at
    assert second.edited_at
    assert second.edited_at > first.edited_at


def test_without_a_date_the_text_counts() -> None:
    item = "<guid>5</guid><description>{}</description><pubDate>Invalid Date</pubDate>"
    one, two = (parsed(rss(item.format(text)))[0] for text in ("One", "Two"))
    assert one.external_id != two.external_id


def test_without_a_guid_everything_counts() -> None:
    item = "<description>{}</description><link>https://a.example/{}</link>"
    ids = {parsed(rss(item.format(*parts)))[0].external_id for parts in ("ax", "bx", "ay", "ax")}
    assert len(ids) == 3


def test_dates_fall_back_to_the_feed_and_then_to_the_reading_and_never_lie_ahead() -> None:
    undated = rss("<description>x</description>")
    dated = rss(
        "<description>x</description>", channel="<pubDate>Mon, 09 Mar 2026 10:00:00 GMT</pubDate>"
    )
    ahead = rss("<description>x</description><pubDate>Mon, 09 Mar 2099 10:00:00 GMT</pubDate>")
    assert parsed(undated, fetched_at=NOW)[0].sent_at == NOW
    assert parsed(dated, fetched_at=NOW)[0].sent_at == datetime(2026, 3, 9, 10, tzinfo=UTC)
    assert parsed(ahead, fetched_at=NOW)[0].sent_at == NOW


def test_impossible_dates_are_no_dates() -> None:
    for date in (
        "0000-00-00T00:00:00Z",
        "99999-01-01",
        "Tue, 99 Mar 2026 10:00:00 GMT",
        "-1",
        "0001-01-01T00:00:00+23:59",
    ):
        item = f"<description>x</description><pubDate>{date}</pubDate>"
        entry = f"<id>1</id><updated>{date}</updated><summary>x</summary>"
        for document in (rss(item), atom(entry)):
            (message,) = parsed(document, fetched_at=NOW)
            assert message.sent_at.tzinfo is not None


def test_our_own_words_are_known_by_name_in_feeds_and_by_user_in_wordpress() -> None:
    feed = parsed(
        (FIXTURES / "wordpress-comments.xml").read_bytes(), own_names=frozenset({"larkfield bikes"})
    )
    assert [one.from_us for one in feed] == [False, False, True]
    body = (FIXTURES / "wordpress-comments.json").read_bytes()
    assert [one.from_us for one in parsed(body, own_user="1")] == [False, False, True]
    assert [one.from_us for one in parsed(body, own_names=frozenset({"imke"}))] == [False] * 3


def test_removals_ride_on_the_notes_of_a_payload() -> None:
    spam = Removal(external_id="comment-3", kind=RemovalKind.SPAM)
    meta = Meta(reader="wordpress", fetched_at=NOW, removals=(spam,)).dump()
    assert list(FORUMS.parse(Payload(body=b"[]", meta=meta))) == [
        Removal(external_id="comment-3", kind=RemovalKind.SPAM, at=NOW)
    ]


def test_only_the_newest_items_are_taken() -> None:
    items = [
        f"<guid>{n}</guid><description>{n}</description>"
        f"<pubDate>Tue, 10 Mar 2026 10:{n:02}:00 GMT</pubDate>"
        for n in range(60)
    ]
    assert [one.text for one in parsed(rss(*items), max_items=20)] == [
        str(n) for n in range(40, 60)
    ]


@pytest.mark.parametrize("newest_first", [True, False])
def test_a_very_long_feed_loses_its_middle(newest_first: bool) -> None:  # noqa: FBT001
    items = [
        f"<guid>{n}</guid><description>{n}</description>"
        f"<pubDate>Tue, 10 Mar 2026 {n // 60:02}:{n % 60:02}:00 GMT</pubDate>"
        for n in sorted(range(900), reverse=newest_first)
    ]
    texts = [one.text for one in parsed(rss(*items), max_items=20)]
    assert texts == [str(n) for n in range(880, 900)]


def test_a_valid_feed_without_entries_is_no_mistake() -> None:
    assert parsed(rss()) == []
    assert parsed(atom()) == []
    assert parsed("[]", reader="wordpress") == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{}", "JSON"),
        (b"<!DOCTYPE html><html><body>Hi</body></html>", "web page"),
        (b"/etc/passwd", "not a feed"),
        (b"https://a.example/feed", "not a feed"),
        (b"\x00\xff\xfe\x01", "not a feed"),
        (b'<!DOCTYPE r [<!ENTITY a "x">]><rss version="2.0"><channel/></rss>', "entities"),
        ('<!DOCTYPE r [<!ENTITY a "x">]><rss/>'.encode("utf-16"), "entities"),
    ],
)  # fmt: skip
def test_what_is_no_feed_says_so(body: bytes, reason: str) -> None:
    for meta in ({"reader": "feed"}, {}):
        with pytest.raises(PayloadError, match=reason):
            list(FORUMS.parse(Payload(body=body, meta=meta)))


@pytest.mark.parametrize(
    "body", [b"{}", b"<html>", b"[1]", b'[{"id": "x"}]', b'[{"id": 1}]', b"[" * 100_000,
             b'[{"id": 1, "date_gmt": "2026-01-01T00:00:00"}]', b'[{"id": true}]', b"\xff",
             b'[{"id": 1, "date_gmt": "soon", "content": {"rendered": "x"}}]']
)  # fmt: skip
def test_what_is_no_list_of_comments_says_so(body: bytes) -> None:
    with pytest.raises(PayloadError):
        list(FORUMS.parse(Payload(body=body, meta={"reader": "wordpress"})))


def test_an_error_of_wordpress_is_known_and_left_alone() -> None:
    body = b'{"code": "rest_no_route", "message": "No route", "data": {"status": 404}}'
    with pytest.raises(UnsupportedPayload, match="rest_no_route"):
        list(FORUMS.parse(Payload(body=body)))


def test_broken_notes_are_a_payload_error() -> None:
    for meta in (
        {"own_names": "{"},
        {"max_items": "x"},
        {"removals": '[["a", "b"]]'},
        {"removals": "7"},
    ):
        with pytest.raises(PayloadError, match="notes"):
            list(FORUMS.parse(Payload(body=b"[]", meta=meta)))


def test_titles_without_english_words_fall_back_to_the_address() -> None:
    item = "<title>コメント</title><link>https://a.example/big-news/#comment-3</link><description>x</description>"
    assert parsed(rss(item))[0].thread_title == "Big news"


def test_a_feed_of_one_post_names_the_post_in_its_title() -> None:
    item = "<title>By: Imke</title><link>https://a.example/big-news/#comment-3</link><description>x</description>"
    document = rss(item).replace(
        "<title>T</title>", "<title>\n\tComments on: Big &amp; news\t</title>"
    )
    assert parsed(document)[0].thread_title == "Big & news"


def test_a_link_to_another_comment_in_somebodys_own_words_is_no_parent() -> None:
    link = '<a href="https://a.example/x/#comment-1" rel="nofollow ugc">there</a>'
    item = (
        "<link>https://a.example/x/#comment-3</link>"
        f"<content:encoded><![CDATA[<p>See {link}.</p>]]></content:encoded>"
    )
    (message,) = parsed(rss(item))
    assert message.parent_id is None
    assert message.text == "See there (https://a.example/x/#comment-1)."


def test_comments_of_two_pages_with_the_same_number_are_two_messages() -> None:
    pages = ("https://a.example/p/", "https://b.example/other/")
    items = [f"<guid>{page}#comment-1</guid><description>{page}</description>" for page in pages]
    wordpress = "<generator>https://wordpress.org/?v=6.5</generator>"

    plain = parsed(rss(*items), url="https://a.example/feed/")
    assert sorted(one.text for one in plain) == sorted(pages)
    assert len({one.external_id for one in plain}) == 2

    ids = {
        one.text: one.external_id
        for one in parsed(rss(*items, channel=wordpress), url="https://www.a.example/feed/")
    }
    assert ids[pages[0]] == "comment-1"
    assert not ids[pages[1]].startswith("comment-")


def test_an_answer_finds_its_parent_where_numbers_are_not_enough() -> None:
    first = "<link>https://a.example/p/?b=1&amp;c=2#comment-1</link><description>x</description>"
    second = (
        "<link>https://a.example/p/?b=1&amp;c=2#comment-2</link><content:encoded>"
        '<![CDATA[<p>In reply to <a href="https://a.example/p/?b=1&#038;c=2#comment-1">Ann</a>.</p><p>Yes.</p>]]>'
        "</content:encoded>"
    )
    parent, answer = parsed(rss(second, first), url="https://a.example/feed/")
    assert answer.parent_id == parent.external_id


def test_two_of_whom_nothing_is_told_are_two_people() -> None:
    items = [f"<guid>{n}</guid><description>{n}</description>" for n in (1, 2)]
    comment = {"date_gmt": "2026-03-10T08:00:00", "content": {"rendered": "x"}}
    comments = json.dumps([{"id": n, **comment} for n in (1, 2)])

    for body in (rss(*items), comments):
        messages = parsed(body)
        assert len({one.author.external_id for one in messages}) == 2
        assert messages == parsed(body)


def test_replies_are_told_from_first_posts() -> None:
    first = "<guid>1</guid><title>Brakes</title><description>x</description>"
    reply = "<guid>2</guid><title>Re: Brakes</title><description>x</description>"
    one, other = parsed(rss(reply, first))
    assert [one.surface, other.surface] == [Surface.PUBLIC_POST, Surface.PUBLIC_REPLY]
    assert one.thread_id == other.thread_id == "title:brakes"
