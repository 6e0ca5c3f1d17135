"""What is not in the fixtures: kinds that are left alone, several at once, and nonsense."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from earful import InboundMessage, Payload, PayloadError, Removal, Seen, UnsupportedPayload
from earful_facebook.messaging import NOT_HANDLED
from earful_facebook.origin import messenger_thread
from earful_facebook.parse import parse

PAGE = "100200300400500"
ANN = {"id": "7001000000000001", "name": "Imke Sollers"}


def push(*entries: Mapping[str, Any], **meta: str) -> Payload:
    return Payload(body=json.dumps({"object": "page", "entry": entries}).encode(), meta=meta)


def change(value: object, field: str = "feed", time: int = 1795254600) -> dict[str, Any]:
    return {"id": PAGE, "time": time, "changes": [{"field": field, "value": value}]}


def event(**content: object) -> dict[str, Any]:
    both = {"sender": {"id": ANN["id"]}, "recipient": {"id": PAGE}, "timestamp": 1795254600000}
    return {"id": PAGE, "time": 1795254600000, "messaging": [{**both, **content}]}


def comment(verb: str = "add", **value: object) -> dict[str, Any]:
    return {"item": "comment", "verb": verb, "comment_id": "1_2", "post_id": "1_1",
            "parent_id": "1_1", "from": ANN, "message": "Hello", **value}  # fmt: skip


def test_a_read_without_a_watermark_counts_from_its_own_time() -> None:
    (seen,) = parse(push(event(read={})))
    assert seen == Seen(
        thread_id=messenger_thread(ANN["id"]), until=datetime.fromtimestamp(1795254600, UTC)
    )


@pytest.mark.parametrize("kind", sorted(NOT_HANDLED))
def test_messenger_events_that_are_no_messages_are_left_alone(kind: str) -> None:
    with pytest.raises(UnsupportedPayload, match=r"\w+ \w+"):
        parse(push(event(**{kind: {"watermark": 1}})))


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (change({"item": "like", "verb": "add", "post_id": "1_1"}), "likes"),
        (change({"item": "reaction", "verb": "edit", "post_id": "1_1"}), "reactions"),
        (change({"item": "album", "verb": "add"}), "album"),
        (change({"item": "event", "verb": "add"}), "events of the Page"),
        (change({"item": "video", "verb": "block", "video_id": 7}), "'block' changes no message"),
        (change({"item": "moon", "verb": "add"}), "'moon'"),
        (change({"item": "comment", "verb": "dance", "comment_id": "1_2"}), "'dance'"),
        (change({"x": 1}, field="parking"), "'parking'"),
        (change(None), "holds nothing"),
        (change({"item": "reaction", "verb": "add"}, field="ratings"), "reactions"),
        (change({"item": "moon", "verb": "add"}, field="ratings"), "no rating"),
        (event(something_new={}), "something_new"),
        (event(sender={"user_ref": "x"}, message={"mid": "m"}), "chat plugin"),
        (event(sender={"id": PAGE}, recipient={}, message={"mid": "m"}), "without an id"),
    ],
)  # fmt: skip
def test_what_is_known_and_no_message_has_its_reason(entry: Any, reason: str) -> None:
    with pytest.raises(UnsupportedPayload, match=reason):
        parse(push(entry))


@pytest.mark.parametrize("verb", ["edit", "edited", "unhide"])
def test_what_comes_without_words_erases_none(verb: str) -> None:
    silent = comment(verb)
    del silent["message"]
    with pytest.raises(UnsupportedPayload, match="without the words"):
        parse(push(change(silent)))
    assert parse(push(change(comment(verb, message=""))))


@pytest.mark.parametrize("about", ["user", "permissions", "instagram", "page_of_a_book"])
def test_pushes_about_something_else_are_left_alone(about: str) -> None:
    body = json.dumps({"object": about, "entry": [{"id": "0", "time": 1, "changes": []}]})
    with pytest.raises(UnsupportedPayload):
        parse(Payload(body=body.encode()))


@pytest.mark.parametrize(
    "entry",
    [
        {"time": 1, "changes": [{"field": "feed", "value": comment()}]},
        {"id": PAGE, "time": 1},
        {"id": PAGE, "time": 1, "changes": []},
        change(comment(comment_id=None)),
        change({"item": "post", "verb": "add"}),
        change({"item": "post", "verb": "add"}, field="mention"),
        change({"item": "rating", "verb": "add"}, field="ratings"),
        event(message={"text": "no id"}),
        event(sender={}, message={"mid": "m"}),
        event(),
    ],
)
def test_what_facebook_would_not_send_is_quarantined(entry: Any) -> None:
    with pytest.raises(PayloadError) as refused:
        parse(push(entry))
    assert not isinstance(refused.value, UnsupportedPayload)


def test_messages_are_kept_though_something_beside_them_is_not() -> None:
    like = change({"item": "like", "verb": "add", "post_id": "1_1"})
    (message,) = parse(push(like, change(comment())))
    assert isinstance(message, InboundMessage)


def test_a_broken_part_is_told_and_spoils_no_other(caplog: pytest.LogCaptureFixture) -> None:
    broken, nameless = change(comment(comment_id=None)), {**change(comment()), "id": ""}
    both = {**broken, "changes": [*broken["changes"], *change(comment())["changes"]]}
    (message,) = parse(push(nameless, both))
    assert isinstance(message, InboundMessage)
    assert "a comment does not say which one" in caplog.text
    assert "which Page" in caplog.text


def test_another_page_is_not_this_channel() -> None:
    with pytest.raises(UnsupportedPayload, match="an app of its own for each Page"):
        parse(push(change(comment()), page_id="42"))
    assert parse(push(change(comment()), page_id=PAGE))


def test_two_strangers_without_an_author_are_two() -> None:
    first, second = parse(
        push(change(comment(**{"from": None})), change(comment(comment_id="1_3", **{"from": None})))
    )
    assert isinstance(first, InboundMessage)
    assert isinstance(second, InboundMessage)
    assert first.author.external_id != second.author.external_id


@pytest.mark.parametrize("time", [0, -5, 10**30, float("inf"), "soon", None, True, [], {}])
def test_impossible_times_are_survived(time: Any) -> None:
    entry = change(comment(created_time=time), time=time)
    (message,) = parse(Payload(body=json.dumps({"object": "page", "entry": [entry]}).encode()))
    assert isinstance(message, InboundMessage)
    assert message.sent_at.tzinfo is UTC


def test_times_come_in_seconds_and_in_milliseconds() -> None:
    (by_change,) = parse(push(change(comment("remove"))))
    (by_event,) = parse(push(event(message={"mid": "m", "is_deleted": True})))
    assert isinstance(by_change, Removal)
    assert isinstance(by_event, Removal)
    assert by_change.at == by_event.at == datetime(2026, 11, 21, 9, 50, tzinfo=UTC)


def test_what_was_read_says_when() -> None:
    body = json.dumps({"data": [{"id": "1_1"}]}).encode()
    with pytest.raises(PayloadError, match="when it was read"):
        parse(Payload(body=body, meta={"read": "posts"}))
    with pytest.raises(PayloadError, match="no list"):
        parse(Payload(body=body, meta={"read": "dreams", "fetched_at": "2026-11-20T12:00:00Z"}))
    with pytest.raises(PayloadError, match="which one"):
        parse(Payload(body=b'{"data": [{}]}', meta={
            "read": "removals", "fetched_at": "2026-11-20T12:00:00Z"}))  # fmt: skip
