"""Reading X, against the sandbox: pages, places, gaps, limits, costs, and trouble in the middle."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from earful import (
    AuthenticationFailed,
    InboundMessage,
    RateLimited,
    Removal,
    SpendingCapReached,
    Surface,
    TemporaryFailure,
)
from earful_twitter.cursor import Cursor
from earful_twitter.recovery import WEBHOOK_ID
from earful_twitter.webhook import REVOKED

if TYPE_CHECKING:
    from conftest import Shop

MENTIONS = "/2/users/7001/mentions"
SEARCH = "/2/tweets/search/recent"
WATCH = {"name": "our-name", "include": ["Larkfield Bikes", "larkfield"]}
TRADE = {"name": "trade", "include": ["flat tyre"], "industry": True}


def texts(messages: list[InboundMessage]) -> list[str]:
    return [one.text for one in messages]


def test_check_says_who_we_are_and_what_it_has_cost(shop: Shop) -> None:
    account = shop.source().check()
    assert (account.external_id, account.name) == ("7001", "@larkfieldbikes")
    assert "@larkfieldbikes" in account.detail
    assert "$0.01 of $25.00" in account.detail


def test_check_says_whether_x_pushes(shop: Shop) -> None:
    shop.set(receive="webhook")
    assert "does not push" in shop.source().check().detail
    shop.activity.webhooks["77"] = {"id": "77", "url": "https://inbox.example", "valid": True}
    shop.state.set_flag(WEBHOOK_ID, "77")
    assert "does not push" not in shop.source().check().detail
    shop.activity.webhooks["77"]["valid"] = False
    assert "does not push" in shop.source().check().detail


def test_a_slow_x_does_not_hold_a_fetch_for_ever(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful_twitter.source.MOST_SECONDS", -1.0)
    result = shop.source().fetch("")
    assert result.more
    assert result.payloads == ()


def test_an_unconnected_channel_says_so(shop: Shop) -> None:
    shop.state.credentials.set({})
    for call in (shop.source().check, lambda: shop.source().fetch("")):
        with pytest.raises(AuthenticationFailed, match="not connected"):
            call()


def test_mentions_arrive_once_with_their_authors_reach(shop: Shop) -> None:
    first = [one for one in shop.messages() if one.surface is not Surface.PRIVATE]
    assert len(first) == 3
    mira = next(one for one in first if one.author.handle == "mirabrand")
    assert mira.author.reach == 184
    assert mira.extra["summoned"] == "mention"
    assert shop.messages() == []

    shop.clock.wait(minutes=1)
    shop.world.write(shop.person("jonas_feld"), "@larkfieldbikes hello & <hi>")
    (new,) = shop.messages()
    assert new.text == "@larkfieldbikes hello & <hi>"
    assert shop.server.asked("GET", MENTIONS)[-1].query["since_id"]


@pytest.mark.parametrize("vocabulary", ["tweet", "post"])
def test_both_spellings_bring_the_same(shop: Shop, vocabulary: str) -> None:
    shop.set(vocabulary=vocabulary)
    shop.world.write(shop.person("priya_cycles"), "@larkfieldbikes " + "long story " * 60)
    found = shop.messages()
    assert {one.thread_id for one in found} >= {"dm-7001-7105"}
    assert any(len(one.text) > 600 for one in found)
    reply = next(one for one in found if one.author.handle == "wheelsofayla")
    assert reply.surface is Surface.PUBLIC_REPLY
    assert reply.extra["our_conversation"] == "yes"
    assert all(one.author.name for one in found)


def many_mentions(shop: Shop, count: int) -> None:
    author = shop.person("jonas_feld")
    for number in range(count):
        shop.world.write(author, f"@larkfieldbikes number {number}")


def test_pages_are_read_to_the_end_and_a_crash_between_them_loses_nothing(shop: Shop) -> None:
    shop.set(direct_messages=False)
    shop.poll()
    shop.clock.wait(minutes=1)
    many_mentions(shop, 1500 // 2 - 1)
    before = shop.cursor
    lost = shop.source().fetch(before)
    assert lost.more is False or lost.payloads
    found = shop.messages()
    assert len({one.external_id for one in found}) == 749
    assert shop.messages() == []


def test_a_fetch_is_bounded_and_goes_on(shop: Shop) -> None:
    shop.set(direct_messages=False, watch=[{"name": "all", "include": ["number"]}])
    shop.poll()
    shop.clock.wait(minutes=20)
    many_mentions(shop, 799)
    first = shop.source().fetch(shop.cursor)
    assert first.more
    assert len(first.payloads) == 12
    assert len(shop.messages()) == 799 + 799


def test_more_than_eight_hundred_mentions_are_told_as_a_gap(shop: Shop) -> None:
    shop.set(direct_messages=False)
    shop.poll()
    shop.clock.wait(minutes=1)
    many_mentions(shop, 810)
    assert len(shop.messages()) == 800
    assert "newest 800" in shop.notice


def test_a_page_that_x_does_not_know_any_more_begins_the_round_anew(shop: Shop) -> None:
    shop.set(direct_messages=False)
    cursor = Cursor.load("", "7001")
    cursor.mentions.page = "from-last-week"
    shop.cursor = cursor.dump()
    assert shop.messages() == []
    assert len(shop.messages()) == 3


def test_another_accounts_cursor_begins_anew(shop: Shop) -> None:
    shop.poll()
    place = Cursor.load(shop.cursor, "9999")
    assert place.mentions.since == ""


ODD = '{"v":1,"account":"7001","mentions":7,"watch":[1],"conversations":{"5":3},"recent":["x"]}'


@pytest.mark.parametrize("stored", ["", "nonsense", "[]", '{"v":1}', ODD])
def test_any_stored_cursor_is_survived(stored: str) -> None:
    assert Cursor.load(Cursor.load(stored, "7001").dump(), "7001").account == "7001"


def test_watch_terms_find_what_does_not_mention_us(shop: Shop) -> None:
    shop.set(watch=[WATCH], direct_messages=False)
    found = [one for one in shop.messages() if one.labels]
    jonas = next(one for one in found if one.author.handle == "jonas_feld")
    assert jonas.labels == ("watch:our-name",)
    assert jonas.opens
    assert "summoned" not in jonas.extra


def test_industry_terms_never_open_a_conversation_unless_we_are_called(shop: Shop) -> None:
    shop.set(watch=[TRADE], direct_messages=False)
    shop.world.write(shop.person("priya_cycles"), "@larkfieldbikes I have a flat tyre")
    found = {one.author.handle: one for one in shop.messages() if one.labels}
    assert not found["jonas_feld"].opens
    assert found["priya_cycles"].opens
    assert found["jonas_feld"].labels == ("watch:trade",)


def test_excluded_words_rule_out(shop: Shop) -> None:
    shop.set(watch=[{**WATCH, "exclude": ["not amused"]}], direct_messages=False)
    assert not [one for one in shop.messages() if one.labels]


def test_searches_wait_for_their_time_and_a_changed_term_begins_anew(shop: Shop) -> None:
    shop.set(watch=[TRADE], direct_messages=False, reconcile_minutes=15)
    shop.poll()
    shop.poll()
    assert len(shop.server.asked("GET", SEARCH)) == 1
    shop.clock.wait(minutes=15)
    shop.poll()
    assert "since_id" in shop.server.asked("GET", SEARCH)[-1].query
    shop.set(watch=[{**TRADE, "include": ["order"]}])
    shop.clock.wait(minutes=15)
    shop.poll()
    assert "start_time" in shop.server.asked("GET", SEARCH)[-1].query


def test_a_search_never_reaches_back_further_than_x_permits(shop: Shop) -> None:
    shop.set(watch=[TRADE], direct_messages=False)
    shop.poll()
    shop.clock.wait(days=9)
    shop.world.write(shop.person("jonas_feld"), "Another flat tyre")
    assert "Another flat tyre" in texts(shop.messages())


def test_direct_messages_arrive_ours_too(shop: Shop) -> None:
    (hello,) = [one for one in shop.messages() if one.surface is Surface.PRIVATE]
    assert hello.thread_id == "dm-7001-7105"
    tom = shop.person("oldtomharrow")
    shop.world.message(shop.world.account, tom, "Yes, you can.")
    shop.world.message(tom, shop.world.account, "Great!")
    assert shop.messages() == []
    shop.clock.wait(minutes=2)
    found = {one.text: one.from_us for one in shop.messages()}
    assert found == {"Yes, you can.": True, "Great!": False, hello.text: False}


def test_many_direct_messages_are_read_page_by_page_until_what_is_known(shop: Shop) -> None:
    shop.poll()
    tom = shop.person("oldtomharrow")
    for number in range(250):
        shop.world.message(tom, shop.world.account, f"message {number}")
    shop.clock.wait(minutes=3)
    assert len({one.external_id for one in shop.messages()}) == 251
    shop.clock.wait(minutes=3)
    assert len(shop.messages()) == 100  # one page, all of it known


def test_deeper_replies_are_found(shop: Shop) -> None:
    shop.set(deep_replies=True, reconcile_minutes=1)
    found = shop.messages()
    ayla = next(one for one in found if one.author.handle == "wheelsofayla")
    shop.clock.wait(minutes=2)
    shop.world.write(shop.person("jonas_feld"), "Me too", parent_id=ayla.external_id)
    deep = [one for one in shop.messages() if one.author.handle == "jonas_feld"]
    assert texts(deep) == ["@wheelsofayla Me too"]
    assert deep[0].thread_id == ayla.thread_id
    assert "summoned" not in deep[0].extra


def test_posts_that_were_deleted_or_edited_are_seen_at_the_next_days_look(shop: Shop) -> None:
    shop.set(recheck_posts=100)
    found = {one.author.handle: one for one in shop.messages()}
    shop.world.delete(found["mirabrand"].external_id)
    shop.world.edit(found["priya_cycles"].external_id, "@larkfieldbikes thanks again")
    assert not [one for one in shop.poll() if isinstance(one, Removal)]
    shop.clock.wait(days=1)
    again = shop.poll()
    assert [one.external_id for one in again if isinstance(one, Removal)] == [
        found["mirabrand"].external_id
    ]
    (edited,) = [
        one for one in again
        if isinstance(one, InboundMessage) and one.text == "@larkfieldbikes thanks again"
        and one.external_id == found["priya_cycles"].external_id
    ][:1]  # fmt: skip
    assert edited.edited_at
    shop.clock.wait(days=1)
    assert not [one for one in shop.poll() if isinstance(one, Removal)]


def test_a_post_that_was_edited_before_it_was_read_is_missed_when_it_goes(shop: Shop) -> None:
    shop.set(recheck_posts=100)
    shop.poll()
    written = shop.world.write(shop.person("jonas_feld"), "@larkfieldbikes first words")
    first = written.id
    shop.clock.wait(minutes=2)
    shop.world.edit(first, "@larkfieldbikes second words")
    assert [one.external_id for one in shop.messages() if "second" in one.text] == [first]
    shop.clock.wait(days=1)
    assert not shop.removals()
    shop.world.delete(written.id)
    shop.clock.wait(days=1)
    assert [one.external_id for one in shop.removals()] == [first]


def test_costs_are_noted_by_action(shop: Shop) -> None:
    shop.set(watch=[WATCH])
    shop.poll()
    spent = shop.state.costs.this_month()
    assert spent["mention_read"] == (3, 0.003)
    assert spent["direct_message_read"] == (1, 0.01)
    assert spent["post_read"] == (1, 0.005)


def test_the_cap_stops_what_costs_and_says_so(shop: Shop) -> None:
    shop.set(monthly_cap_usd=0.5)
    shop.state.costs.spend("reply_with_link", 0.5)
    with pytest.raises(SpendingCapReached, match="cap"):
        shop.source().fetch("")
    assert shop.server.calls == []
    shop.clock.wait(days=15)
    assert shop.messages()


def test_a_limit_that_is_used_up_is_not_called_again_until_it_resets(shop: Shop) -> None:
    shop.sandbox.gate.limits["GET /2/users/:id/mentions"] = 1
    shop.set(direct_messages=False)
    shop.poll()
    with pytest.raises(RateLimited) as told:
        shop.source().fetch(shop.cursor)
    assert told.value.retry_after == timedelta(minutes=15)
    assert len(shop.server.asked("GET", MENTIONS)) == 1
    shop.clock.wait(minutes=16)
    shop.poll()
    assert len(shop.server.asked("GET", MENTIONS)) == 2


def test_one_lists_limit_does_not_stop_the_others(shop: Shop) -> None:
    shop.sandbox.gate.limits["GET /2/dm_events"] = 0
    assert len(shop.messages()) == 3
    assert "dm_events" in shop.notice or "wait" in shop.notice


def test_a_429_without_headers_waits_a_whole_window(shop: Shop) -> None:
    shop.set(direct_messages=False)
    target = shop.server.target
    assert target

    def bare(_environ: Any, start: Any) -> list[bytes]:
        start("429 Too Many Requests", [("Content-Type", "text/plain")])
        return [b"slow down"]

    shop.server.target = bare
    with pytest.raises(RateLimited) as told:
        shop.source().fetch("")
    assert told.value.retry_after == timedelta(minutes=15)
    shop.server.target = target
    with pytest.raises(RateLimited):
        shop.source().fetch("")
    shop.clock.wait(minutes=15)
    assert shop.messages()


@pytest.mark.parametrize("status", [500, 502, 503])
def test_xs_own_trouble_is_temporary(shop: Shop, status: int) -> None:
    shop.sandbox.gate.fail_next = [status]
    with pytest.raises(TemporaryFailure):
        shop.source().fetch("")
    assert shop.messages()


def test_what_was_read_before_trouble_came_is_kept(shop: Shop) -> None:
    many_mentions(shop, 150)
    shop.sandbox.gate.fail_next = []
    shop.sandbox.gate.limits["GET /2/users/:id/mentions"] = 1
    shop.set(direct_messages=False)
    first = shop.source().fetch("")
    assert len(first.payloads) == 1
    shop.cursor = first.cursor
    shop.clock.wait(minutes=16)
    shop.sandbox.gate.limits["GET /2/users/:id/mentions"] = 300
    assert len(shop.messages()) == 53


def test_a_permission_that_is_withdrawn_in_mid_poll_keeps_what_came_and_then_pauses(
    shop: Shop,
) -> None:
    shop.set(direct_messages=False, watch=[WATCH])
    target = shop.server.target
    assert target

    def revoking(environ: Any, start: Any) -> Any:
        if environ["PATH_INFO"] == SEARCH:
            shop.sandbox.gate.revoke()
        return target(environ, start)

    shop.server.target = revoking
    result = shop.source().fetch("")
    assert len(result.payloads) == 1
    with pytest.raises(AuthenticationFailed):
        shop.source().fetch(result.cursor)


def test_a_revocation_that_was_pushed_pauses_until_connected_again(shop: Shop) -> None:
    shop.clock.wait(minutes=5)
    shop.state.set_flag(REVOKED, f"7001 {shop.clock.now.isoformat()}")
    with pytest.raises(AuthenticationFailed, match="withdrawn"):
        shop.source().fetch("")
    again = {**shop.state.credentials.get(), "connected_at": shop.clock.wait(minutes=1).isoformat()}
    shop.state.credentials.set(again)
    assert shop.messages()
    assert shop.state.flag(REVOKED) == ""


def test_anothers_revocation_is_none_of_ours(shop: Shop) -> None:
    shop.state.set_flag(REVOKED, f"4242 {shop.clock.now.isoformat()}")
    assert shop.messages()


def test_in_webhook_mode_lists_are_only_compared_now_and_then(shop: Shop) -> None:
    shop.set(receive="webhook", reconcile_minutes=15)
    shop.poll()
    shop.poll()
    assert len(shop.server.asked("GET", MENTIONS)) == 1
    shop.clock.wait(minutes=15)
    shop.poll()
    assert len(shop.server.asked("GET", MENTIONS)) == 2


def test_after_a_pause_missed_pushes_are_asked_for_again(shop: Shop) -> None:
    shop.set(receive="webhook")
    shop.state.set_flag(WEBHOOK_ID, "77")
    shop.poll()
    shop.clock.wait(minutes=9)
    shop.poll()
    assert not shop.server.asked("POST", "/2/webhooks/replay")
    shop.clock.wait(hours=30)
    shop.poll()
    assert "could not be asked for again" in shop.notice  # the sandbox knows no webhook 77
    assert shop.server.asked("PUT", "/2/webhooks/77")
    assert shop.state.flag(WEBHOOK_ID) == "77"


REPLAY = "/2/webhooks/replay"


def pushing(shop: Shop) -> None:
    shop.set(receive="webhook", reconcile_minutes=1440)
    shop.activity.webhooks["77"] = {"id": "77", "url": shop.server.url, "valid": True}
    shop.activity.challenge = lambda _url: None
    shop.state.set_flag(WEBHOOK_ID, "77")
    shop.fetch()
    shop.clock.wait(minutes=5)
    shop.fetch()


def test_what_could_not_be_asked_for_again_is_asked_for_until_it_can(shop: Shop) -> None:
    pushing(shop)
    gone = shop.clock.now
    shop.clock.wait(minutes=40)
    told = []
    for _ in range(3):
        shop.sandbox.gate.fail_next = [503]
        shop.fetch()
        told.append(shop.notice)
        shop.clock.wait(minutes=5)
    assert ["asked for again" in one for one in told] == [True, False, False]
    for _ in range(3):
        shop.fetch()
        shop.clock.wait(minutes=5)
    (call,) = shop.server.asked("POST", REPLAY)
    assert json.loads(call.body)["from_date"] == f"{gone - timedelta(minutes=1):%Y%m%d%H%M}"


def test_who_reads_seldom_is_not_taken_for_one_who_was_away(shop: Shop) -> None:
    pushing(shop)
    for _ in range(5):
        shop.clock.wait(minutes=20)
        shop.fetch()
    assert len(shop.server.asked("POST", REPLAY)) == 1  # for the first longer pause
    shop.clock.wait(hours=1)
    shop.fetch()
    assert len(shop.server.asked("POST", REPLAY)) == 2


def test_the_stream_brings_events_within_its_time(shop: Shop) -> None:
    shop.set(receive="stream", stream_seconds=1, direct_messages=False, reconcile_minutes=15)
    for kind in ("post.mention.create", "dm.received"):
        shop.activity.subscribe(kind, {"user_id": "7001"}, "", "")
    shop.fetch()
    shop.clock.wait(minutes=1)
    shop.world.write(shop.person("jonas_feld"), "@larkfieldbikes from the stream")
    payloads = shop.fetch()
    assert [one.key != "" for one in payloads] == [True]
    assert b"from the stream" in payloads[0].body
    assert shop.server.asked("GET", "/2/activity/stream")[-1].query == {"backfill_minutes": "2"}
    assert "post_event" not in shop.state.costs.this_month()  # the host notes it, once


def test_a_stream_that_is_full_leaves_the_lists(shop: Shop) -> None:
    shop.set(receive="stream", stream_seconds=1)
    shop.sandbox.gate.fail_next = [429]
    assert len(shop.messages()) == 4
    assert shop.notice
