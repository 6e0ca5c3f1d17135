"""What documents of X become, in either vocabulary, and why other events are left alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from earful import InboundMessage, Payload, PayloadError, Removal, RemovalKind, UnsupportedPayload
from earful_twitter.parse import parse
from earful_twitter.texts import says

HERE = Path(__file__).parent
EVENTS = sorted((HERE / "events").glob("*.json"))
SAMPLES = sorted((HERE.parents[3] / "shared" / "data" / "x-activity").glob("*.json"))
META = {"account": "7001", "handle": "larkfieldbikes"}


def page(*posts: dict[str, Any], **more: Any) -> Payload:
    return Payload(body=json.dumps({"data": list(posts), **more}).encode(), meta=META)


def post(**changes: Any) -> dict[str, Any]:
    return {
        "id": "2123735605048246290",
        "author_id": "7102",
        "conversation_id": "2123735605048246290",
        "created_at": "2026-11-20T11:10:00.000Z",
        "text": "Hello",
        **changes,
    }


def only(payload: Payload) -> InboundMessage:
    (message,) = parse(payload)
    assert isinstance(message, InboundMessage)
    return message


@pytest.mark.parametrize("event", EVENTS, ids=lambda path: path.stem)
def test_other_events_are_left_alone_with_a_reason(event: Path) -> None:
    with pytest.raises(UnsupportedPayload) as told:
        parse(Payload(body=event.read_bytes()))
    assert str(told.value).endswith(".")
    assert event.stem.partition(".")[0] or told


def test_an_unknown_kind_of_event_is_left_alone() -> None:
    body = json.dumps({"data": {"event_type": "hologram.wave", "payload": {"id": "1"}}}).encode()
    with pytest.raises(UnsupportedPayload, match=r"hologram\.wave"):
        parse(Payload(body=body))


def event(kind: str, payload: Any, **more: Any) -> Payload:
    told = {"event_uuid": "1", "filter": {"user_id": "7001"}, "event_type": kind}
    return Payload(body=json.dumps({"data": {**told, "payload": payload, **more}}).encode())


OLDER = ("tweet_create_events", "direct_message_events", "favorite_events", "tweet_delete_events",
         "follow_events", "user_event")  # fmt: skip


@pytest.mark.parametrize("name", OLDER)
def test_events_of_the_older_api_are_left_alone(name: str) -> None:
    body = json.dumps({"for_user_id": "7001", name: [{"id": "5"}]}).encode()
    with pytest.raises(UnsupportedPayload, match="Account Activity"):
        parse(Payload(body=body))
    with pytest.raises(UnsupportedPayload, match="Account Activity"):
        parse(Payload(body=json.dumps({name: {}}).encode()))


@pytest.mark.parametrize("kind", ["post.create", "post.mention.create"])
def test_a_repost_is_left_alone_however_it_is_pushed(kind: str) -> None:
    repost = post(referenced_tweets=[{"type": "retweeted", "id": "2123735605048246200"}])
    with pytest.raises(UnsupportedPayload, match="repost"):
        parse(event(kind, repost))
    assert parse(page(repost)) == []


def test_who_joins_a_group_is_left_alone() -> None:
    joined = {"direct_message_events": [{"type": "participants_join", "id": "5"}]}
    with pytest.raises(UnsupportedPayload, match="joins or leaves"):
        parse(event("dm.received", joined))
    listed = {"data": {"id": "5", "event_type": "ParticipantsJoin"}}
    with pytest.raises(UnsupportedPayload, match="joins or leaves"):
        parse(Payload(body=json.dumps(listed).encode()))


def test_an_event_with_an_id_is_an_event() -> None:
    assert parse(event("post.create", post(), id="7"))
    with pytest.raises(UnsupportedPayload):
        parse(event("like.create", {"x": 1}, id="7"))


@pytest.mark.parametrize("odd", [{"resource_type": {}}, {"resource_type": "tweet", "parameter": []},
                                 {"type": {}}])  # fmt: skip
def test_odd_errors_remove_nothing(odd: dict[str, Any]) -> None:
    body = json.dumps({"errors": [{"resource_id": "5", **odd}]}).encode()
    assert parse(Payload(body=body)) == []


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.stem)
def test_the_platforms_own_samples_are_messages_or_left_alone(sample: Path) -> None:
    try:
        assert parse(Payload(body=sample.read_bytes()))
    except UnsupportedPayload as reason:
        assert str(reason)  # noqa: PT017 - either is right, a crash is not


def test_both_vocabularies_say_the_same() -> None:
    old, new = (
        parse(Payload(body=(HERE / "fixtures" / name).read_bytes(), meta=META))
        for name in ("mentions-page.json", "mentions-page-post-vocabulary.json")
    )
    assert old == new
    assert len(old) == 3


def test_an_edit_is_a_new_version_of_the_same_message() -> None:
    versions = ["2123735605048246290", "2123736000000000001"]
    edited = only(page(post(id=versions[1], edit_history_tweet_ids=versions, text="Hello!",
                            created_at="2026-11-20T11:12:00.000Z")))  # fmt: skip
    first = only(page(post(edit_history_tweet_ids=versions[:1])))

    assert edited.external_id == first.external_id
    assert edited.edited_at is not None
    assert abs((edited.sent_at - first.sent_at).total_seconds()) < 1
    assert edited.extra["latest_id"] == versions[1]


def test_two_versions_on_one_page_are_one_message() -> None:
    versions = ["2123735605048246290", "2123736000000000001"]
    newer = post(id=versions[1], edit_history_tweet_ids=versions, text="Hello!")
    older = post(edit_history_tweet_ids=versions[:1])
    assert only(page(newer, older)).text == "Hello!"


def test_who_quotes_our_post_summons_us_where_the_quoted_post_came_along() -> None:
    quoting = post(referenced_tweets=[{"type": "quoted", "id": "2123295203128246272"}])
    ours = {"id": "2123295203128246272", "author_id": "7001", "text": "x"}
    assert only(page(quoting, includes={"tweets": [ours]})).extra["summoned"] == "quote"
    assert "summoned" not in only(page(quoting)).extra


def test_a_name_in_the_text_of_another_account_summons_nobody() -> None:
    entities = {"mentions": [{"username": "larkfieldbikesfan", "id": "9"}]}
    assert "summoned" not in only(page(post(entities=entities))).extra


def test_our_own_posts_are_ours() -> None:
    assert only(page(post(author_id="7001"))).from_us


def test_links_lead_where_they_say_and_nowhere_else() -> None:
    links = [
        {"url": "https://t.co/a", "expanded_url": "javascript:alert(1)"},
        {"url": "https://t.co/b", "expanded_url": "https://b.example/"},
    ]
    text = only(page(post(text="https://t.co/a https://t.co/b", entities={"urls": links}))).text
    assert text == "https://t.co/a https://b.example/"


LINKS = [
    "https://shop.example/?a=1&region=eu",
    "https://shop.example/?a=1&lt=5&copy;=2",
    "https://bit.ly/3xyz",
]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_stays_as_it_was_written(link: str) -> None:
    urls = [{"url": "https://t.co/a", "expanded_url": link, "unwound_url": "https://www.a.example"}]
    said = {"text": "5 &lt; 6 &amp; AT&amp;lt; https://t.co/a", "entities": {"urls": urls}}
    event = {"id": "2123735605048246290", "event_type": "MessageCreate", "sender_id": "7105",
             "dm_conversation_id": "7001-7105", **said}  # fmt: skip
    assert only(page(post(**said))).text == f"5 < 6 & AT&lt; {link}"
    assert only(page(event)).text == f"5 < 6 & AT&lt; {link}"
    assert says(said, f"5 < 6 & AT&lt; {link}")


@pytest.mark.parametrize(
    "broken",
    [
        {"id": None},
        {"id": "abc"},
        {"author_id": None},
        {"id": "5", "created_at": "yesterday"},
        {"id": True},
    ],
)
def test_a_post_without_its_facts_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(PayloadError):
        parse(page(post(**broken)))


@pytest.mark.parametrize(
    "odd",
    [
        {"entities": []},
        {"entities": {"urls": [None, 1, {"url": 5}]}},
        {"attachments": {"media_keys": [1, None]}},
        {"referenced_tweets": [None, {"type": 1}]},
        {"note_tweet": {"text": 5}},
        {"edit_history_tweet_ids": "x"},
        {"lang": 7},
        {"text": None},
    ],
)
def test_odd_values_do_not_stop_the_rest(odd: dict[str, Any]) -> None:
    assert only(page(post(**odd))).external_id == "2123735605048246290"


def test_posts_that_are_gone_lose_their_text_and_hidden_ones_may_come_back() -> None:
    body = (HERE / "fixtures" / "lookup-gone.json").read_bytes()
    gone = [one for one in parse(Payload(body=body, meta=META)) if isinstance(one, Removal)]
    assert [one.kind for one in gone] == [RemovalKind.DELETED, RemovalKind.HIDDEN]


def test_errors_about_other_things_remove_nothing() -> None:
    error = {"resource_type": "user", "resource_id": "7102", "parameter": "author_id",
             "type": "https://api.twitter.com/2/problems/resource-not-found"}  # fmt: skip
    (message,) = parse(page(post(), errors=[error]))
    assert isinstance(message, InboundMessage)


def test_people_without_a_page_keep_their_id() -> None:
    author = only(page(post())).author
    assert (author.external_id, author.name, author.reach) == ("7102", "", None)
    assert author.url == "https://x.com/i/user/7102"
