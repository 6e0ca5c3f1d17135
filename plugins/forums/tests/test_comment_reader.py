"""Reading WordPress's REST interface: complete, and again while comments are recent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from earful import (
    AuthenticationFailed,
    ChannelError,
    InboundMessage,
    Parsed,
    RateLimited,
    Removal,
    RemovalKind,
    TemporaryFailure,
)
from earful_forums import FORUMS
from earful_forums.settings import ForumsSettings
from earful_forums.source import ForumSource


class Reader:
    """A channel on the site, read poll by poll; it keeps what a host would keep."""

    def __init__(self, site: Any, *, signed_in: bool = False, **settings: Any) -> None:
        who = {"username": site.USER, "application_password": site.PASSWORD} if signed_in else {}
        self.settings = ForumsSettings(
            **{"url": site.url, "allow_private_addresses": True, **who, **settings}
        )
        self.site = site
        self.source = ForumSource(self.settings, lambda: site.now)
        self.cursor = ""
        self.texts: dict[str, str] = {}
        self.removed: dict[str, RemovalKind] = {}

    def poll(self) -> list[Parsed]:
        self.site.wait(minutes=5)
        found: list[Parsed] = []
        for _ in range(60):
            result = self.source.fetch(self.cursor)
            self.cursor = result.cursor
            assert len(self.cursor) < 20_000
            for payload in result.payloads:
                found += FORUMS.parse(payload)
            if not result.more:
                break
        else:
            raise AssertionError("the poll does not end")
        for one in found:
            if isinstance(one, Removal):
                self.removed[one.external_id] = one.kind
            else:
                self.texts[one.external_id] = one.text
                self.removed.pop(one.external_id, None)
        return found


def test_check_tells_how_the_site_is_read(wordpress: Any) -> None:
    account = Reader(wordpress).source.check()
    assert account.name == "Larkfield & Bikes"
    assert "comments of the whole site" in account.detail
    assert "nothing can be answered" in account.detail
    signed = Reader(wordpress, signed_in=True).source.check()
    assert signed.external_id.endswith("/1")
    assert "replies are sent as larkfield" in signed.detail


def test_a_wrong_password_is_told_although_wordpress_ignores_it(wordpress: Any) -> None:
    wordpress.comment("hello")
    reader = Reader(wordpress, signed_in=True, application_password="wrong")
    for action in (reader.source.check, lambda: reader.source.fetch("")):
        with pytest.raises(AuthenticationFailed, match="application password of 'larkfield'"):
            action()


def test_a_password_is_not_given_to_another_host_or_in_the_clear(wordpress: Any) -> None:
    wordpress.say(
        "/", "<html></html>", Link='<http://127.0.0.2:9/wp-json/>; rel="https://api.w.org/"'
    )
    with pytest.raises(ChannelError, match="another host"):
        Reader(wordpress, signed_in=True).source.check()


def test_credentials_for_what_is_no_wordpress_are_a_mistake(site: Any) -> None:
    site.say("/", '<rss version="2.0"><channel/></rss>')
    settings = ForumsSettings(
        url=site.url, username="a", application_password="b", allow_private_addresses=True
    )
    with pytest.raises(ChannelError, match="no REST interface"):
        ForumSource(settings).check()


@pytest.mark.parametrize("reader", ["auto", "wordpress"])
def test_the_interface_is_found_where_it_is_not_announced(wordpress: Any, reader: str) -> None:
    feed = '<rss version="2.0"><channel><generator>https://wordpress.org/?v=6</generator></channel></rss>'
    wordpress.say("/", feed)
    wordpress.comment("hello")
    settings = ForumsSettings(url=wordpress.url, reader=reader, allow_private_addresses=True)  # type: ignore[arg-type]
    assert "REST interface" in ForumSource(settings).check().detail


def test_an_interface_that_is_closed_leaves_the_feed(wordpress: Any) -> None:
    link = wordpress.pages["/"].headers["Link"]
    wordpress.say("/", '<rss version="2.0"><channel><title>T</title></channel></rss>', Link=link)
    wordpress.pages["/x"] = wordpress.pages["/"]
    wordpress.refuse = wordpress.pages["/"].__class__(b"{}", 403)
    assert "The feed" in Reader(wordpress).source.check().detail
    with pytest.raises(ChannelError, match="no REST interface"):
        Reader(wordpress, reader="wordpress").source.check()


@pytest.mark.parametrize("signed_in", [False, True])
def test_thirty_comments_of_one_second_all_arrive(wordpress: Any, signed_in: bool) -> None:  # noqa: FBT001
    reader = Reader(wordpress, signed_in=signed_in)
    for n in range(5):
        wordpress.comment(f"before {n}")
    reader.poll()
    moment = wordpress.wait(minutes=3)
    first = [wordpress.comment(f"burst {n}", at=moment) for n in range(15)]
    reader.poll()
    second = [wordpress.comment(f"burst {n}", at=moment) for n in range(15, 30)]
    reader.poll()
    assert {f"comment-{n}" for n in first + second} <= reader.texts.keys()
    assert reader.poll() == []


def test_a_long_history_comes_page_by_page_and_only_its_newest_part(wordpress: Any) -> None:
    for n in range(520):
        wordpress.comment(f"old {n}", at=wordpress.now - timedelta(hours=600 - n))
    reader = Reader(wordpress, max_items=250)
    result = reader.source.fetch("")
    assert result.more
    assert len(result.payloads) == 1
    found = reader.poll()
    assert [one.text for one in found if isinstance(one, InboundMessage)] == [
        f"old {n}" for n in range(200, 520)
    ]
    assert reader.poll() == []


def test_quiet_polls_cost_the_same_however_long_the_history(wordpress: Any) -> None:
    for n in range(900):
        wordpress.comment(f"old {n}", at=wordpress.now - timedelta(hours=1000 - n))
    reader = Reader(wordpress)
    reader.poll()
    for _ in range(4):
        before = len(wordpress.requests)
        assert reader.poll() == []
        assert len(wordpress.requests) - before <= 4


@pytest.mark.parametrize("signed_in", [False, True])
def test_edits_and_removals_arrive_within_two_polls(wordpress: Any, signed_in: bool) -> None:  # noqa: FBT001
    reader = Reader(wordpress, signed_in=signed_in)
    numbers = [wordpress.comment(f"text {n}") for n in range(8)]
    reader.poll()
    ids = [f"comment-{n}" for n in numbers]
    wordpress.edit(numbers[0], "edited")
    for number, status in zip(numbers[1:4], ("spam", "hold", "trash"), strict=True):
        wordpress.comments[number]["status"] = status
    del wordpress.comments[numbers[4]]
    reader.poll()
    reader.poll()
    assert reader.texts[ids[0]] == "edited"
    hidden = RemovalKind.HIDDEN
    expected = [RemovalKind.SPAM, hidden, RemovalKind.DELETED] if signed_in else [hidden] * 3
    assert [reader.removed.get(one) for one in ids] == [
        None,
        *expected,
        RemovalKind.DELETED,
        None,
        None,
        None,
    ]
    assert reader.poll() + reader.poll() == []


def test_a_comment_taken_back_from_spam_comes_back_with_its_moment(wordpress: Any) -> None:
    reader = Reader(wordpress, signed_in=True)
    number = wordpress.comment("ham")
    reader.poll()
    wordpress.comments[number]["status"] = "spam"
    reader.poll()
    reader.poll()
    assert reader.removed == {f"comment-{number}": RemovalKind.SPAM}
    wordpress.comments[number]["status"] = "approved"
    found = reader.poll() + reader.poll()
    (back,) = (one for one in found if isinstance(one, InboundMessage))
    assert back.visible_at is not None
    assert reader.removed == {}


def test_a_comment_approved_days_later_arrives(wordpress: Any) -> None:
    held = wordpress.comment("held", status="hold")
    reader = Reader(wordpress)
    reader.poll()
    wordpress.wait(days=3)
    wordpress.comment("newer")
    reader.poll()
    wordpress.comments[held]["status"] = "approved"
    reader.poll()
    reader.poll()
    assert reader.texts[f"comment-{held}"] == "held"


def test_no_moderator_still_learns_that_comments_vanished(wordpress: Any) -> None:
    wordpress.is_moderator = False
    reader = Reader(wordpress, signed_in=True)
    number = wordpress.comment("x")
    reader.poll()
    del wordpress.comments[number]
    reader.poll()
    reader.poll()
    assert reader.removed == {f"comment-{number}": RemovalKind.DELETED}


def test_many_vanished_comments_are_looked_up_a_few_at_a_time(wordpress: Any) -> None:
    reader = Reader(wordpress)
    numbers = [wordpress.comment(f"text {n}") for n in range(50)]
    wordpress.comment("stays")
    reader.poll()
    for number in numbers:
        del wordpress.comments[number]
    before = len(wordpress.requests)
    reader.poll()
    assert len(wordpress.requests) - before < 30
    for _ in range(6):
        reader.poll()
    assert len(reader.removed) == 50


def test_what_falls_out_of_the_recent_ones_is_not_removed(wordpress: Any) -> None:
    reader = Reader(wordpress)
    for n in range(300):
        wordpress.comment(f"first {n}", at=wordpress.wait(minutes=1))
    reader.poll()
    for n in range(200):
        wordpress.comment(f"second {n}", at=wordpress.wait(minutes=1))
    for _ in range(4):
        reader.poll()
    assert len(reader.texts) == 500
    assert reader.removed == {}


def test_a_comment_missing_from_the_list_but_still_there_is_not_removed(wordpress: Any) -> None:
    reader = Reader(wordpress)
    number = wordpress.comment("still there")
    wordpress.comment("other")
    reader.poll()
    cursor = json.loads(reader.cursor)
    cursor["known"]["999"] = [cursor["known"][str(number)][0], "x"]
    reader.cursor = json.dumps(cursor)
    wordpress.comments[999] = {**wordpress.comments[number], "id": 999}
    shown = wordpress._list

    def without(request: Any) -> Any:
        if "include" in request.params:
            return shown(request)
        kept, wordpress.comments = (
            wordpress.comments,
            {n: c for n, c in wordpress.comments.items() if n != 999},
        )
        answer = shown(request)
        wordpress.comments = kept
        return answer

    wordpress._list = without
    reader.poll()
    reader.poll()
    assert reader.removed == {}


def test_an_empty_blog_is_read_without_complaint(wordpress: Any) -> None:
    reader = Reader(wordpress)
    assert reader.poll() + reader.poll() == []
    wordpress.comment("first")
    reader.poll()
    assert list(reader.texts.values()) == ["first"]


def test_one_post_is_read_if_the_address_is_that_posts(wordpress: Any) -> None:
    header = (
        f'<{wordpress.url}/wp-json/>; rel="https://api.w.org/", '
        f'<{wordpress.url}/wp-json/wp/v2/posts/7>; rel="alternate"; type="application/json"'
    )
    wordpress.say("/post/", "<html></html>", Link=header)
    wordpress.comment("elsewhere")
    wordpress.comment("here", post=7)
    reader = Reader(wordpress, url=wordpress.url + "/post/")
    assert "comments on one post" in reader.source.check().detail
    reader.poll()
    assert list(reader.texts.values()) == ["here"]


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>maintenance</html>", 200), (b'{"a": 1}', 200), (b"", 500)]
)
def test_maintenance_pages_are_temporary(wordpress: Any, body: bytes, status: int) -> None:
    wordpress.comment("x")
    reader = Reader(wordpress)
    reader.poll()
    wordpress.refuse = wordpress.pages["/"].__class__(body, status)
    with pytest.raises(TemporaryFailure):
        reader.poll()


def test_an_interface_that_closes_says_what_to_do(wordpress: Any) -> None:
    wordpress.comment("x")
    reader = Reader(wordpress)
    reader.poll()
    wordpress.refuse = wordpress.pages["/"].__class__(
        b'{"code": "rest_no_route", "message": "No route"}', 404
    )
    with pytest.raises(ChannelError, match=r'No route\. Set reader = "feed"'):
        reader.poll()
    wordpress.refuse = wordpress.pages["/"].__class__(b"", 429, {"Retry-After": "9"})
    with pytest.raises(RateLimited):
        reader.poll()
