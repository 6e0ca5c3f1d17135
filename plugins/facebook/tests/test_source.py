"""Looking through the Page: what pushes missed, what changed, what went wrong."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from earful import (
    AuthenticationFailed,
    InboundMessage,
    KnownMessage,
    PayloadError,
    RateLimited,
    Removal,
    RemovalKind,
    Surface,
    TemporaryFailure,
)
from earful_facebook.parse import parse
from earful_facebook.sandbox.nodes import Nodes
from earful_facebook.sandbox.people import PAGES, PEOPLE
from earful_facebook.sandbox.refusals import Refusal, missing_permission
from earful_facebook.sandbox.world import World
from earful_facebook.webhook import PUSHED_FLAG

IMKE, TOMAS, PRIYA, _, _, GRETE = PEOPLE
PAGE = PAGES[0]

HOUR = timedelta(hours=1)


def texts(found: list[Any]) -> set[str]:
    return {each.text for each in found if isinstance(each, InboundMessage)}


def remember(facebook: Any, found: list[Any]) -> None:
    """The inbox takes in what was found."""
    for each in found:
        if isinstance(each, InboundMessage):
            facebook.state.messages[each.external_id] = KnownMessage(
                text=each.text, extra=each.extra
            )
        else:
            before = facebook.state.messages[each.external_id]
            text = "" if each.kind is RemovalKind.DELETED else before.text
            known = KnownMessage(text=text, removal=each.kind)
            facebook.state.messages[each.external_id] = known


@pytest.fixture
def cursor(facebook: Any) -> str:
    """The cursor behind a first round that the inbox has taken in."""
    found, result = facebook.look()
    remember(facebook, found)
    facebook.state.set_flag(PUSHED_FLAG, "yes")
    cursor: str = result.cursor
    return cursor


@pytest.fixture
def silent(facebook: Any) -> Any:
    """A Facebook that pushes nothing."""
    facebook.stage.webhook = ""
    return facebook


def test_the_first_round_brings_what_stands_there(facebook: Any) -> None:
    found, result = facebook.look()
    assert {type(each) for each in found} == {InboundMessage}
    assert len(found) == len(facebook.world.items) + len(facebook.world.messages)
    by_page = {each.text for each in found if each.from_us}
    assert len(by_page) == 2
    assert {each.surface for each in found} == set(Surface)
    assert result.notice == ""
    assert not result.more
    (grete,) = [each for each in found if each.surface is Surface.PRIVATE]
    assert (grete.author.name, grete.thread_id) == (GRETE.name, f"messenger-{GRETE.id}")


def test_a_second_round_brings_nothing(facebook: Any, cursor: str) -> None:
    found, result = facebook.look(cursor)
    assert (found, result.notice) == ([], "")
    assert facebook.calls()[-2:] == [
        ("GET", f"{PAGE.id}/feed"), ("GET", f"{PAGE.id}/conversations")]  # fmt: skip


def test_what_is_older_stays_on_facebook(facebook: Any) -> None:
    found, _ = facebook.look(history_days=1)
    assert all(facebook.stage.now() - each.sent_at < timedelta(days=1) for each in found)
    assert 0 < len(found) < len(facebook.world.items)


def test_what_was_not_pushed_is_found_and_counted(silent: Any, cursor: str) -> None:
    post = silent.world.posts()[-1]
    missed = silent.world.write_comment(IMKE.id, post.id, "Is anybody there?")
    silent.world.write_message(TOMAS.id, "Hello?")
    silent.stage.passed += HOUR
    found, result = silent.look(cursor)
    assert texts(found) == {"Is anybody there?", "Hello?"}
    assert "did not push 2 messages" in result.notice
    assert found[0].external_id == missed.id
    remember(silent, found)
    assert silent.look(result.cursor)[1].notice == ""


def test_what_is_still_on_its_way_is_not_missed(silent: Any, cursor: str) -> None:
    silent.world.write_comment(IMKE.id, silent.world.posts()[-1].id, "Just now")
    found, result = silent.look(cursor)
    assert texts(found) == {"Just now"}
    assert result.notice == ""


def test_without_any_push_nothing_is_missed(silent: Any, cursor: str) -> None:
    silent.state.flags.clear()
    silent.world.write_comment(IMKE.id, silent.world.posts()[-1].id, "Hello")
    silent.stage.passed += HOUR
    assert "did not push" not in silent.look(cursor)[1].notice


def test_edits_are_noticed(silent: Any, cursor: str) -> None:
    comment = next(each for each in silent.world.items.values() if each.author == PRIYA)
    silent.world.edit(comment.id, "It works again")
    found, result = silent.look(cursor)
    assert texts(found) == {"It works again"}
    assert found[0].visible_at is not None
    assert result.notice == ""


def test_hiding_and_showing_again_are_noticed(silent: Any, cursor: str) -> None:
    comment = next(each for each in silent.world.items.values() if each.author == PRIYA)
    silent.world.hide(comment.id, is_hidden=True)
    found, result = silent.look(cursor)
    assert [each for each in found if isinstance(each, Removal)] == [
        Removal(external_id=comment.id, kind=RemovalKind.HIDDEN, at=found[1].at)]  # fmt: skip
    remember(silent, found)
    assert silent.look(result.cursor)[0] == []
    silent.world.hide(comment.id, is_hidden=False)
    (back,) = silent.look(result.cursor)[0]
    assert back.visible_at is not None


def test_deletions_are_noticed_and_asked_for(silent: Any, cursor: str) -> None:
    comment = next(each for each in silent.world.items.values() if each.author == PRIYA)
    silent.world.remove(comment.id)
    found, result = silent.look(cursor)
    assert [(each.external_id, each.kind) for each in found] == [(comment.id, RemovalKind.DELETED)]
    assert ("GET", comment.id) in silent.calls()
    remember(silent, found)
    assert silent.look(result.cursor)[0] == []


def test_a_deleted_post_takes_its_comments_with_it(silent: Any, cursor: str) -> None:
    post = silent.world.posts()[-1]
    below = {each.id for each in silent.world.comments(post.id)}
    silent.world.remove(post.id)
    found, _ = silent.look(cursor)
    assert {each.external_id for each in found} == {post.id, *below}
    assert {each.kind for each in found} == {RemovalKind.DELETED}


def test_what_may_not_be_read_any_more_is_not_deleted(
    silent: Any, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without Advanced Access lists are empty, and each object "does not exist"."""
    for post in silent.world.posts():
        silent.world.write_comment(IMKE.id, post.id, "Hello")
    found, result = silent.look(cursor)
    remember(silent, found)
    there = World.there
    with monkeypatch.context() as lost:
        lost.setattr(Nodes, "comments", lambda *_: {"data": []})
        lost.setattr(World, "there", lambda self, key: there(self, key if "_" not in key else ""))
        found, result = silent.look(result.cursor)
        assert found == []
        assert "a permission that is missing" in result.notice
        found, result = silent.look(result.cursor)
        assert (found, result.notice) == ([], "")
    comment = next(each for each in silent.world.items.values() if each.author == PRIYA)
    silent.world.remove(comment.id)
    found, result = silent.look(result.cursor)
    assert [each.external_id for each in found] == [comment.id]
    remember(silent, found)
    assert silent.look(result.cursor)[0] == []


def test_posts_that_may_not_be_read_any_more_are_not_deleted(
    silent: Any, cursor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lost:
        lost.setattr(World, "posts", lambda _: [])
        found, result = silent.look(cursor)
        assert found == []
        assert "a permission that is missing" in result.notice
    silent.world.remove(silent.world.posts()[0].id)
    assert len(silent.look(result.cursor)[0]) == 1


def test_comments_that_others_push_out_of_sight_are_not_gone(silent: Any, cursor: str) -> None:
    post = silent.world.posts()[-1]
    silent.stage.passed += HOUR
    for number in range(30):
        silent.world.write_comment(IMKE.id, post.id, f"Number {number}")
    found, result = silent.look(cursor)
    assert {type(each) for each in found} == {InboundMessage}
    assert texts(found) == {f"Number {number}" for number in range(30)}
    assert not [path for _, path in silent.calls() if path in silent.world.items]
    remember(silent, found)
    assert silent.look(result.cursor)[0] == []


def push(facebook: Any, *written: Any) -> None:
    """The inbox hears of these at once."""
    for each in written:
        facebook.state.messages[each.id] = KnownMessage(text=each.text)


def test_what_was_missed_is_found_below_what_was_pushed(silent: Any, cursor: str) -> None:
    post = silent.world.posts()[-1]
    silent.stage.passed += HOUR
    for number in range(30):
        silent.world.write_comment(IMKE.id, post.id, f"Missed {number}")
        silent.world.write_message(IMKE.id, f"Missed, too {number}")
    silent.stage.passed += HOUR
    for number in range(25):
        silent.stage.passed += timedelta(seconds=1)
        push(silent, silent.world.write_comment(TOMAS.id, post.id, f"Pushed {number}"))
        push(silent, silent.world.write_message(IMKE.id, f"Pushed, too {number}"))
    found, result = silent.look(cursor)
    assert {each.split()[0] for each in texts(found)} == {"Missed", "Missed,"}
    assert len(found) == 60
    assert "did not push 60 messages" in result.notice
    calls = len(silent.calls())
    remember(silent, found)
    assert silent.look(result.cursor)[0] == []
    assert len(silent.calls()) == calls + 2


def test_a_missed_message_is_found_below_talks_that_were_pushed(silent: Any, cursor: str) -> None:
    silent.stage.passed += HOUR
    silent.world.write_message(IMKE.id, "Nobody hears me")
    silent.stage.passed += HOUR
    for person in (TOMAS, PRIYA):
        push(silent, silent.world.write_message(person.id, "Hello"))
    small = json.dumps({**json.loads(cursor), "page_size": 2})
    assert texts(silent.look(small)[0]) == {"Nobody hears me"}


def test_long_lists_are_read_page_by_page(silent: Any) -> None:
    for number in range(27):
        silent.world.write_post(IMKE.id, f"Post {number}")
    post = silent.world.posts()[0]
    for number in range(140):
        silent.world.write_comment(TOMAS.id, post.id, f"Comment {number}")
        silent.world.write_message(TOMAS.id, f"Message {number}")
    found, _ = silent.look()
    assert {f"Post {number}" for number in range(27)} <= texts(found)
    assert {f"Comment {number}" for number in range(140)} <= texts(found)
    assert {f"Message {number}" for number in range(140)} <= texts(found)


def test_only_the_newest_posts_are_looked_through(silent: Any) -> None:
    for number in range(5):
        silent.stage.passed += HOUR
        silent.world.write_post(IMKE.id, f"Post {number}")
    found, _ = silent.look(recent_posts=3, recent_conversations=1)
    posts = {each.text for each in found if each.extra["kind"] == "post"}
    assert posts == {"Post 4", "Post 3", "Post 2"}


def test_a_fetch_is_bounded_and_the_next_goes_on(silent: Any) -> None:
    for number in range(60):
        silent.world.write_comment(TOMAS.id, silent.world.posts()[0].id, f"Comment {number}")
    first = silent.source(calls_per_fetch=3).fetch("")
    assert first.more
    assert len(silent.calls()) == 3
    second = silent.source(calls_per_fetch=3).fetch(first.cursor)
    assert len(silent.calls()) <= 7
    bodies = [each.body for each in (*first.payloads, *second.payloads)]
    assert len(bodies) == len(set(bodies))


def test_a_fetch_that_died_is_made_again(silent: Any) -> None:
    first = silent.source(calls_per_fetch=3).fetch("")
    again = silent.source(calls_per_fetch=3).fetch("")
    bodies = [[json.loads(each.body) for each in one.payloads] for one in (first, again)]
    assert bodies[0] == bodies[1]


@pytest.mark.parametrize(
    "cursor", ["nonsense", "[]", "7", '{"page":"9"}', '{"page": 1, "todo": 3}']
)
def test_a_cursor_of_another_form_begins_anew(facebook: Any, cursor: str) -> None:
    assert len(facebook.look(cursor)[0]) == len(facebook.look()[0])


def test_what_the_page_listed_is_kept_though_the_token_ends(silent: Any) -> None:
    source = silent.source()
    taken = silent.stage.access.valid
    calls = 0

    def valid(text: str) -> Any:
        nonlocal calls
        calls += 1
        if calls > 1:
            silent.stage.access.revoke_all()
        return taken(text)

    silent.stage.access.valid = valid  # type: ignore[method-assign]
    first = source.fetch("")
    assert first.payloads
    assert first.more
    with pytest.raises(AuthenticationFailed, match="changed their password"):
        source.fetch(first.cursor)


def test_without_a_page_nothing_is_called(facebook: Any) -> None:
    facebook.state.credentials.set({})
    for call in (facebook.source().check, lambda: facebook.source().fetch("")):
        with pytest.raises(AuthenticationFailed, match="not connected"):
            call()
    assert facebook.calls() == []


def test_near_the_limit_the_page_is_read_less(silent: Any, cursor: str) -> None:
    silent.stage.passed += 2 * HOUR
    for percent, seconds in ((76, 900), (86, 1800), (97, 3600)):
        silent.stage.trouble.usage_percent = percent
        result = silent.source().fetch(cursor)
        assert (result.more, result.next_poll_seconds) == (False, seconds)
        assert json.loads(result.cursor)["todo"]
    silent.stage.trouble.usage_percent = 10
    assert silent.source().fetch(result.cursor).next_poll_seconds is None


def test_a_used_up_limit_is_kept_for_everybody(silent: Any, cursor: str) -> None:
    silent.stage.trouble.usage_percent, silent.stage.trouble.regain_minutes = 100, 12
    with pytest.raises(RateLimited) as limited:
        silent.source().fetch(cursor)
    assert limited.value.retry_after == timedelta(minutes=12)
    calls = len(silent.calls())
    with pytest.raises(RateLimited):
        silent.source().fetch(cursor)
    assert len(silent.calls()) == calls
    silent.stage.passed += timedelta(minutes=13)
    silent.stage.trouble.usage_percent, silent.stage.trouble.regain_minutes = 3, 0
    assert silent.look(cursor)[0] == []


def test_a_limit_without_headers_is_left_to_the_host(silent: Any) -> None:
    silent.stage.trouble.tells_usage = False
    silent.stage.trouble.refusal = Refusal(400, 32, "(#32) Page request limit reached")
    with pytest.raises(RateLimited) as limited:
        silent.source().fetch("")
    assert limited.value.retry_after is None


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (Refusal(429, 0, "slow down"), RateLimited),
        (Refusal(400, 4, "(#4) Application request limit reached"), RateLimited),
        (Refusal(400, 17, "(#17) User request limit reached"), RateLimited),
        (Refusal(400, 613, "(#613) Calls to this API have exceeded the rate limit"), RateLimited),
        (Refusal(500, 1, "An unknown error occurred"), TemporaryFailure),
        (Refusal(503, 2, "(#2) Service temporarily unavailable"), TemporaryFailure),
        (Refusal(400, 2, "(#2) Service temporarily unavailable"), TemporaryFailure),
        (Refusal(400, 190, "Invalid OAuth access token"), AuthenticationFailed),
        (Refusal(400, 190, "Session has expired", subcode=463), AuthenticationFailed),
        (Refusal(400, 102, "Session key invalid"), AuthenticationFailed),
        (Refusal(400, 100, "Invalid appsecret_proof provided"), AuthenticationFailed),
    ],
)
def test_trouble_has_its_name(facebook: Any, refusal: Refusal, error: type[Exception]) -> None:
    facebook.stage.trouble.refusal = refusal
    with pytest.raises(error):
        facebook.source().fetch("")


def test_what_may_not_be_read_is_told_once_and_the_rest_goes_on(facebook: Any) -> None:
    facebook.stage.trouble.refusal = missing_permission("pages_read_user_content")
    found, result = facebook.look()
    assert {each.surface for each in found} == {Surface.PRIVATE, Surface.PUBLIC_POST}
    assert "list of posts cannot be read" in result.notice
    assert "pages_read_user_content" in result.notice
    facebook.stage.trouble.refusal = missing_permission("pages_read_user_content")
    assert facebook.look(result.cursor)[1].notice == ""


def test_too_much_at_once_is_asked_for_in_parts(facebook: Any) -> None:
    said = "Please reduce the amount of data you're asking for, then retry your request"
    facebook.stage.trouble.refusal = Refusal(500, 1, said)
    found, result = facebook.look()
    assert len(found) == len(facebook.world.items) + len(facebook.world.messages)
    assert json.loads(result.cursor)["page_size"] == 5


def test_the_connection_is_looked_at_hourly(facebook: Any, cursor: str) -> None:
    facebook.stage.subscribed[PAGE.id] = ("feed",)
    assert facebook.look(cursor)[1].notice == ""
    facebook.stage.passed += 2 * HOUR
    _, result = facebook.look(cursor)
    assert "does not push mention, ratings, messages" in result.notice
    assert facebook.look(result.cursor)[1].notice == ""


def test_what_cannot_be_read_is_kept_by_itself_and_once(
    facebook: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("One", "Two", "Three"):
        facebook.world.write_rating(IMKE.id, name)
    show = Nodes.rating

    def without_story(nodes: Nodes, item: Any, fields: Any) -> dict[str, Any]:
        shown = show(nodes, item, fields)
        if item.text == "Two":
            del shown["open_graph_story"]
        return shown

    monkeypatch.setattr(Nodes, "rating", without_story)
    payloads = [each for each in facebook.source().fetch("").payloads
                if each.meta["read"] == "ratings"]  # fmt: skip
    (unread,) = [each for each in payloads if each.key]
    with pytest.raises(PayloadError):
        parse(unread)
    payloads.remove(unread)
    read = " ".join(texts([item for each in payloads for item in parse(each)]))
    assert "One" in read
    assert "Three" in read
    facebook.stage.passed += 2 * HOUR
    assert unread.key in {each.key for each in facebook.source().fetch("").payloads}


def test_the_check_names_the_page(facebook: Any, ingress: Any) -> None:
    account = facebook.source().check()
    assert (account.external_id, account.name) == (PAGE.id, PAGE.name)
    assert "No push has arrived yet" in account.detail
    facebook.world.write_post(IMKE.id, "Hello")
    assert facebook.hooks.settle()
    assert "pushes what happens" in facebook.source().check().detail


def test_the_check_tells_what_is_missing(facebook: Any) -> None:
    token = facebook.stage.access.tokens[facebook.state.credentials.kept["access_token"]]
    token.permissions -= {"pages_messaging"}
    assert "pages_messaging (to read and answer private messages)" in (
        facebook.source().check().detail
    )
    facebook.stage.passed += timedelta(days=80)
    assert "no more data from" in facebook.source().check().detail


def test_every_call_proves_the_secret(facebook: Any) -> None:
    with pytest.raises(AuthenticationFailed, match="app_secret"):
        facebook.source(app_secret="another").fetch("")
