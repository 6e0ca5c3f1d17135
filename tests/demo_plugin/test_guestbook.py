"""A stranger's plugin: found by its entry point, and keeping every promise of the plugin API."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distributions
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from earful import (
    Action,
    ActionKind,
    AuthenticationFailed,
    ChannelType,
    ClassifiedMessage,
    DeliveryRejected,
    InboundMessage,
    Notification,
    OutboundReply,
    OutcomeUnknown,
    Payload,
    PayloadError,
    RateLimited,
    Removal,
    RoutedItem,
    Surface,
    TemporaryFailure,
    UnsupportedPayload,
    WebhookRequest,
)
from earful.plugins import GROUP, PluginHost, PluginStatus
from pydantic import ValidationError

from tests.demo_plugin.install import install

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
ENTRY = {"id": "17", "name": "Ann", "text": "Lovely!", "at": "2026-11-22T09:30:00Z", "page": "p"}


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    target = install(tmp_path / "site")
    monkeypatch.syspath_prepend(target)
    yield target
    for name in [name for name in sys.modules if name.partition(".")[0] == "guestbook_channel"]:
        del sys.modules[name]


def load(target: Path) -> PluginHost:
    (distribution,) = distributions(path=[str(target)])
    return PluginHost.load(found=distribution.entry_points.select(group=GROUP))


@pytest.fixture
def host(installed: Path) -> PluginHost:
    return load(installed)


@pytest.fixture
def channel(host: PluginHost) -> ChannelType:
    return host.channel_types["guestbook"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "entries"
    path.mkdir()
    return path


def payload(document: object, **meta: str) -> Payload:
    return Payload(body=json.dumps(document).encode(), meta=meta)


def parts(channel: ChannelType, part: str, **settings: object) -> Any:
    return getattr(channel, part)(channel.settings.model_validate(settings))


def reply(text: str = "Thank you!", key: str = "reply-1") -> OutboundReply:
    return OutboundReply(
        idempotency_key=key,
        text=text,
        surface=Surface.PUBLIC_REPLY,
        in_reply_to="17",
        thread_id="p",
        url=None,
        extra={"page": "p"},
        submitted_at=NOW,
    )


def test_it_is_found_by_its_entry_point_and_brings_four_things(host: PluginHost) -> None:
    (record,) = host.records
    assert record.status is PluginStatus.ACTIVE, record.reason
    assert (record.name, record.distribution) == ("guestbook", "earful-guestbook")
    assert record.provides == (
        "channel guestbook",
        "classifier guestbook",
        "router guestbook",
        "notifier guestbook",
    )


@pytest.mark.parametrize(
    ("place", "status"),
    [("import", PluginStatus.FAILED_IMPORT), ("register", PluginStatus.FAILED_REGISTER)],
)
def test_it_can_fail_at_start(
    installed: Path, monkeypatch: pytest.MonkeyPatch, place: str, status: PluginStatus
) -> None:
    monkeypatch.setenv("GUESTBOOK_FAIL_IN", place)
    (record,) = load(installed).records
    assert record.status is status
    assert place in record.reason


def test_files_are_read_once_and_again_when_they_change(channel: ChannelType, folder: Path) -> None:
    source = parts(channel, "source", folder=folder)
    first = folder / "1.json"
    first.write_text(json.dumps(ENTRY))
    (folder / "2.json").write_text(json.dumps([ENTRY | {"id": "18"}]))
    result = source.fetch("")
    assert len(result.payloads) == 2
    assert source.fetch(result.cursor).payloads == ()
    first.write_text(json.dumps(ENTRY | {"text": "Very lovely!"}))
    os.utime(first, ns=(0, 1))
    (changed,) = source.fetch(result.cursor).payloads
    assert b"Very lovely!" in changed.body
    assert "2 files" in source.check().detail


def test_many_files_are_read_in_steps(channel: ChannelType, folder: Path) -> None:
    for number in range(120):
        (folder / f"{number:03}.json").write_text(json.dumps(ENTRY | {"id": str(number)}))
    source, cursor, counts, more = parts(channel, "source", folder=folder), "", [], True
    while more:
        result = source.fetch(cursor)
        cursor, more = result.cursor, result.more
        counts.append(len(result.payloads))
    assert counts == [50, 50, 20]


def test_a_folder_that_is_not_there_is_temporary_trouble(
    channel: ChannelType, tmp_path: Path
) -> None:
    with pytest.raises(TemporaryFailure):
        parts(channel, "source", folder=tmp_path / "none").check()


def test_an_address_is_read_when_its_answer_changes(channel: ChannelType) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps([ENTRY]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/"
        source = parts(channel, "source", url=url, allow_private_address=True)
        result = source.fetch("")
        assert len(result.payloads) == 1
        assert source.fetch(result.cursor).payloads == ()
        assert source.check().detail == "1 entries found"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_an_entry_becomes_a_message(channel: ChannelType) -> None:
    (message,) = channel.parse(payload(ENTRY | {"answers": "12", "page_title": "The garden"}))
    assert isinstance(message, InboundMessage)
    assert (message.external_id, message.text, message.parent_id) == ("17", "Lovely!", "12")
    assert (message.thread_id, message.thread_title) == ("p", "The garden")
    assert message.surface is Surface.PUBLIC_REPLY
    assert message.sent_at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def test_a_removed_entry_becomes_a_removal(channel: ChannelType) -> None:
    assert list(channel.parse(payload({"id": "17", "removed": True}))) == [
        Removal(external_id="17")
    ]


def test_the_same_payload_parses_to_the_same_messages(channel: ChannelType) -> None:
    assert channel.demo is not None
    for each in channel.demo():
        assert list(channel.parse(each)) == list(channel.parse(each)) != []


@pytest.mark.parametrize(
    ("document", "error"),
    [
        ("text", PayloadError),
        ({"id": "1"}, PayloadError),
        (ENTRY | {"at": "yesterday"}, PayloadError),
        (ENTRY | {"at": "2026-11-22T09:30:00"}, PayloadError),
        ({"kind": "visit"}, UnsupportedPayload),
    ],
)
def test_what_is_no_entry_is_refused(
    channel: ChannelType, document: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        list(channel.parse(payload(document)))


def test_a_push_needs_its_signature(channel: ChannelType) -> None:
    webhook = parts(channel, "webhook", secret="shared")
    body = json.dumps(ENTRY).encode()
    signature = hmac.new(b"shared", body, hashlib.sha256).hexdigest()

    def push(**headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        request = WebhookRequest(method="POST", query={}, headers=named, body=body)
        return webhook.receive(request)

    assert push(x_guestbook_signature=signature).payloads[0].body == body
    for wrong in ({}, {"x_guestbook_signature": "ü"}, {"x_guestbook_signature": signature[1:]}):
        with pytest.raises(AuthenticationFailed):
            push(**wrong)


def test_a_guestbook_without_secret_takes_no_pushes(channel: ChannelType, folder: Path) -> None:
    with pytest.raises(AuthenticationFailed):
        parts(channel, "webhook", folder=folder).receive(
            WebhookRequest(method="POST", query={}, headers={}, body=b"{}")
        )


def test_an_answer_is_written_once_however_often_it_is_sent(
    channel: ChannelType, folder: Path, tmp_path: Path
) -> None:
    outbox = tmp_path / "outbox"
    sender = parts(channel, "sender", folder=folder, outbox=outbox)
    assert sender.find(reply()) is None
    receipt = sender.send(reply())
    assert sender.send(reply("Changed")) == receipt
    assert sender.find(reply()) == receipt
    (path,) = outbox.iterdir()
    assert json.loads(path.read_text())["text"] == "Thank you!"
    assert sender.send(reply(key="../../reply-2")) != receipt
    assert len(list(outbox.iterdir())) == 2


def test_an_answer_that_is_shown_at_once_comes_back_as_ours(
    channel: ChannelType, folder: Path, tmp_path: Path
) -> None:
    settings = {"folder": folder, "outbox": tmp_path / "outbox", "echo": True}
    receipt = parts(channel, "sender", **settings).send(reply())
    (kept,) = parts(channel, "source", **settings).fetch("").payloads
    (message,) = channel.parse(kept)
    assert isinstance(message, InboundMessage)
    assert (message.external_id, message.from_us) == (receipt.external_id, True)


def test_what_cannot_be_done_is_refused_with_a_reason(
    channel: ChannelType, folder: Path, tmp_path: Path
) -> None:
    silent = channel.settings.model_validate({"folder": folder})
    assert "outbox" in channel.capabilities(silent).reply.reason
    sender = parts(channel, "sender", folder=folder, outbox=tmp_path / "outbox")
    with pytest.raises(DeliveryRejected, match="500"):
        sender.send(reply("x" * 501))
    with pytest.raises(DeliveryRejected):
        sender.act(Action(kind=ActionKind.HIDE, external_id="17"))


def test_a_like_can_be_taken_back(channel: ChannelType, folder: Path, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    sender = parts(channel, "sender", folder=folder, outbox=outbox)
    like = Action(kind=ActionKind.LIKE, external_id="17")
    sender.act(like)
    assert len(list(outbox.glob("*.like.json"))) == 1
    sender.act(Action(kind=ActionKind.LIKE, external_id="17", undo=True))
    assert list(outbox.iterdir()) == []


@pytest.mark.parametrize("settings", [{}, {"folder": "x", "url": "http://x"}, {"fodler": "x"}])
def test_settings_without_one_source_are_mistakes(
    channel: ChannelType, settings: dict[str, object]
) -> None:
    with pytest.raises(ValidationError):
        channel.settings.model_validate(settings)


@pytest.mark.parametrize(
    ("manner", "error"),
    [
        ("bug", ZeroDivisionError),
        ("authentication", AuthenticationFailed),
        ("temporary", TemporaryFailure),
        ("rate_limit", RateLimited),
        ("payload", PayloadError),
    ],
)
def test_it_can_fail_in_every_place_of_the_channel(
    channel: ChannelType, folder: Path, tmp_path: Path, manner: str, error: type[Exception]
) -> None:
    def failing(part: str, place: str) -> Any:
        return parts(channel, part, folder=folder, fail_in=place, fail_with=manner,
                     outbox=tmp_path / "outbox")  # fmt: skip

    (folder / "1.json").write_text(json.dumps(ENTRY))
    (travelling,) = failing("source", "parse").fetch("").payloads
    calls = [
        lambda: failing("source", "check").check(),
        lambda: failing("source", "fetch").fetch(""),
        lambda: list(channel.parse(travelling)),
        lambda: failing("sender", "send").send(reply()),
        lambda: failing("sender", "find").find(reply()),
    ]
    for call in calls:
        with pytest.raises(error):
            call()
    assert not (tmp_path / "outbox").exists()


def test_an_answer_whose_outcome_is_unknown_can_be_found(
    channel: ChannelType, folder: Path, tmp_path: Path
) -> None:
    sender = parts(channel, "sender", folder=folder, outbox=tmp_path / "outbox",
                   fail_in="after_send", fail_with="unknown")  # fmt: skip
    with pytest.raises(OutcomeUnknown):
        sender.send(reply())
    assert sender.find(reply()) is not None


def test_visitors_wishes_are_labelled(host: PluginHost) -> None:
    kind = host.classifier_types["guestbook"]
    texts = ["The bench is BROKEN", "When are you open?", "Thank you", "Hello"]
    found = kind.create(kind.settings()).classify(
        [
            ClassifiedMessage(
                id=number,
                text=text,
                surface=Surface.PUBLIC_POST,
                language=None,
                channel="guestbook",
                author_name="Ann",
            )
            for number, text in enumerate(texts)
        ]
    )
    names = [[label.name for label in labels] for labels in found]
    assert names == [["intent:complaint"], ["intent:question"], ["intent:praise"], []]


def test_complaints_are_routed_and_the_rest_is_left_to_others(host: PluginHost) -> None:
    (message,) = host.channel_types["guestbook"].parse(payload(ENTRY))
    assert isinstance(message, InboundMessage)

    def item(*labels: str) -> RoutedItem:
        return RoutedItem(message_id=1, conversation_id=1, channel="guestbook", title="p",
                          channel_type="guestbook", surface=message.surface, text=message.text,
                          author=message.author, language=None, labels=labels,
                          conversation_is_new=True)  # fmt: skip

    kind = host.router_types["guestbook"]
    router = kind.create(kind.settings())
    route = router.route(item("intent:complaint"))
    assert route is not None
    assert route.queue == "Complaints"
    assert router.route(item("intent:praise")) is None


def test_notifications_are_appended_to_a_file(host: PluginHost, tmp_path: Path) -> None:
    kind = host.notifier_types["guestbook"]
    log = tmp_path / "log.jsonl"
    notifier = kind.create(kind.settings.model_validate({"file": log}))
    for number in (1, 2):
        notifier.notify(
            Notification(id=number, kind="policy", title="t", body="b", url="http://x", at=NOW)
        )
    assert [json.loads(line)["id"] for line in log.read_text().splitlines()] == [1, 2]


@pytest.mark.parametrize("part", ["classifier", "router", "notifier"])
def test_it_can_fail_at_the_desk(host: PluginHost, tmp_path: Path, part: str) -> None:
    kind = getattr(host, f"{part}_types")["guestbook"]
    method = {"classifier": "classify", "router": "route", "notifier": "notify"}[part]
    settings = {"fail_in": method} | ({"file": tmp_path / "x"} if part == "notifier" else {})
    with pytest.raises(ZeroDivisionError):
        getattr(kind.create(kind.settings.model_validate(settings)), method)([])
