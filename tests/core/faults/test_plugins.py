"""A plugin that fails anywhere stops nothing but itself, and its reason is kept for the pages."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from earful import Label, PayloadError, PluginError, RoutedItem, Surface, actions
from earful.actions import Actor
from earful.config import load
from earful.errors import ActionRefused, ConfigError
from earful.inbox.labelling import try_out
from earful.plugins import PluginHost, PluginRecord, PluginStatus
from earful.runtime import Runtime
from earful.store.models import Channel, Event, MessageLabel, Notification, Payload, Reply
from earful.store.states import ChannelState, Health
from earful.testing.inbox import Inbox
from earful.testing.job_queue import MemoryJobQueue

from tests.wall import Wall, post


def boom(*_: Any) -> Any:
    raise ZeroDivisionError("boom")


def opened(earful_config: str, database: str, folder: Path, host: PluginHost) -> Runtime:
    file = folder / "other.toml"
    file.write_text(f'[store]\nurl = "{database}"\n{earful_config}')
    return Runtime.open(load(file, {}), jobs=MemoryJobQueue(), plugins=host)


def without_wall(wall: Wall, status: PluginStatus) -> PluginHost:
    host = wall.host()
    del host.channel_types["wall"]
    host.records.append(
        PluginRecord(name="wall", distribution="", version="", status=status, reason="boom")
    )
    return host


@pytest.mark.parametrize("status", [PluginStatus.FAILED_IMPORT, PluginStatus.FAILED_REGISTER])
def test_channels_of_a_plugin_that_did_not_load_are_disabled_until_it_does(
    inbox: Inbox,
    wall: Wall,
    earful_config: str,
    database: str,
    tmp_path: Path,
    status: PluginStatus,
) -> None:
    broken = opened(earful_config, database, tmp_path, without_wall(wall, status))
    actions.sync_channels(broken, now=inbox.now)

    assert [(trouble.section, trouble.name) for trouble in broken.troubles] == [
        ("channels", "wall"),
        ("channels", "fence"),
    ]
    assert "boom" in broken.troubles[0].reason
    assert {row.state for row in Channel.select()} == {ChannelState.DISABLED}

    actions.sync_channels(inbox.runtime, now=inbox.now)
    assert {row.state for row in Channel.select()} == {ChannelState.LIVE}


def test_a_channel_that_was_paused_is_paused_still_when_its_plugin_comes_back(
    inbox: Inbox, wall: Wall, admin: Actor, earful_config: str, database: str, tmp_path: Path
) -> None:
    row = Channel.get(Channel.name == "wall")
    actions.pause_channel(inbox.runtime, admin, row.id, "strike", now=inbox.now)
    config = f'{earful_config}\n[channels.late]\ntype = "wall"\npaused = true\n'
    broken = opened(config, database, tmp_path, without_wall(wall, PluginStatus.FAILED_IMPORT))
    actions.sync_channels(broken, now=inbox.now)
    actions.sync_channels(broken, now=inbox.now)

    whole = opened(config, database, tmp_path, wall.host())
    actions.sync_channels(whole, now=inbox.now)

    assert {row.name: (str(row.state), row.state_reason) for row in Channel.select()} == {
        "wall": ("paused", "strike"),
        "fence": ("live", ""),
        "late": ("paused", "the configuration says so"),
    }

    actions.resume_channel(whole, admin, row.id, now=inbox.now)
    actions.sync_channels(broken, now=inbox.now)
    actions.sync_channels(whole, now=inbox.now)
    assert Channel.get_by_id(row.id).state is ChannelState.LIVE


def test_a_type_that_nobody_brings_is_a_mistake_with_a_suggestion(
    wall: Wall, database: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="did you mean 'wall'"):
        opened('[channels.x]\ntype = "wal"', database, tmp_path, wall.host())


@pytest.mark.parametrize("kind", ["classifier", "router", "notifier"])
def test_a_component_that_cannot_be_made_is_left_out_with_its_reason(
    inbox: Inbox, wall: Wall, earful_config: str, database: str, tmp_path: Path, kind: str
) -> None:
    host = wall.host()
    types = getattr(host, f"{kind}_types")
    first = next(iter(types))
    types[first] = replace(types[first], create=boom)
    runtime = opened(earful_config, database, tmp_path, host)
    broken = Inbox(runtime, inbox.now)

    (message,) = broken.receive("wall", wall.payload(post("m1")))
    assert (list(runtime.notifiers) == []) == (kind == "notifier")

    assert message.queue == "General"
    assert {trouble.section for trouble in runtime.troubles} == {f"{kind}s"}
    assert all("boom" in trouble.reason for trouble in runtime.troubles)


def test_check(inbox: Inbox, wall: Wall) -> None:
    wall.account = ZeroDivisionError("boom")
    row = Channel.get(Channel.name == "wall")

    inbox.jobs.enqueue("check_channel", row.id, on="fetch")
    inbox.run_jobs()

    assert Channel.get_by_id(row.id).health is Health.DEGRADED
    assert "boom" in Channel.get_by_id(row.id).health_detail


def test_fetch(inbox: Inbox, wall: Wall) -> None:
    wall.fetches.append(ZeroDivisionError("boom"))

    inbox.tick()

    wall_row, fence_row = (Channel.get(Channel.name == name) for name in ("wall", "fence"))
    assert {wall_row.health, fence_row.health} == {Health.DEGRADED, Health.OK}
    assert "boom" in wall_row.health_detail + fence_row.health_detail


def test_parse(inbox: Inbox, wall: Wall) -> None:
    inbox.receive(
        "wall",
        wall.payload(ZeroDivisionError("boom")),
        wall.payload(PayloadError("bad")),
        b"nonsense",
    )

    assert [reason for _, reason in inbox.refused_payloads()] == [
        "ZeroDivisionError: boom",
        "bad",
        "not from this wall",
    ]
    assert len(inbox.receive("wall", wall.payload(post("m1")))) == 1


def test_a_quarantined_payload_can_be_replayed(inbox: Inbox, wall: Wall, admin: Actor) -> None:
    inbox.receive("wall", body := wall.payload(ZeroDivisionError("boom")))
    wall.payloads[body] = [post("m1")]

    actions.replay_payloads(inbox.runtime, admin, now=inbox.now)
    inbox.run_jobs()

    assert [message.external_id for message in inbox.messages()] == ["m1"]
    assert inbox.refused_payloads() == []
    assert Payload.get().error == ""


def test_classify(inbox: Inbox, wall: Wall) -> None:
    wall.labels = wall.second_labels = boom

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.queue == "General"
    reasons = [
        row.data["reason"] for row in Event.select().where(Event.kind == "classifier_failed")
    ]
    assert reasons == ["reader: ZeroDivisionError: boom", "second: ZeroDivisionError: boom"]


def test_a_plugin_that_ends_the_process_is_a_plugin_that_failed(inbox: Inbox, wall: Wall) -> None:
    def leave(_: Any) -> Any:
        sys.exit(2)

    wall.labels = wall.routes = leave
    wall.fetches.append(SystemExit(2))

    (message,) = inbox.receive("wall", wall.payload(SystemExit(2)), wall.payload(post("m1")))
    inbox.tick()

    said = "it tried to end the process, with 2"
    assert message.queue == "General"
    assert inbox.refused_payloads() == [("quarantined", said)]
    reasons = [row.data["reason"] for row in Event.select() if row.data.get("reason")]
    assert reasons == [f"reader: {said}", f"sorter: {said}"]
    assert said in [row.health_detail for row in Channel.select()]


def test_route(inbox: Inbox, wall: Wall) -> None:
    wall.routes = wall.second_routes = boom

    (message,) = inbox.receive("wall", wall.payload(post("m1")))

    assert message.queue == "General"
    reasons = [row.data["reason"] for row in Event.select().where(Event.kind == "router_failed")]
    assert reasons == ["sorter: ZeroDivisionError: boom", "second: ZeroDivisionError: boom"]


def test_notify(inbox: Inbox, wall: Wall) -> None:
    for name in ("pager", "chat"):
        Notification.create(
            notifier=name,
            kind="policy",
            key=name,
            title="t",
            created_at=inbox.now,
            due_at=inbox.now,
        )
    wall.tells.append(ZeroDivisionError("boom"))

    inbox.tick()

    errors = sorted(row.error for row in Notification.select())
    assert errors == ["", "ZeroDivisionError: boom"]
    assert len(wall.told) == 1


def test_send(inbox: Inbox, wall: Wall) -> None:
    first, second = inbox.receive("wall", wall.payload(post("m1"), post("m2")))
    wall.sends.append(ZeroDivisionError("boom"))

    assert inbox.reply(first, "One").state == "unconfirmed"
    assert inbox.reply(second, "Two").state == "sent"
    assert Reply.select().order_by(Reply.id).get().error == "ZeroDivisionError: boom"


def test_find(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    wall.sends.append(ZeroDivisionError("boom"))
    wall.finds.append(ZeroDivisionError("boom"))
    reply = inbox.reply(message, "One")

    inbox.advance(minutes=1)
    inbox.tick()

    assert inbox.sent(reply.id).state == "unconfirmed"
    assert len(wall.sent) == 1


def test_a_sender_that_cannot_be_made(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    channel = inbox.runtime.channels["wall"]
    channel.type = replace(channel.type, sender=boom)

    reply = inbox.reply(message, "One")

    assert (reply.state, reply.error) == ("queued", "ZeroDivisionError: boom")


def test_can_reply(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    wall.permission = ZeroDivisionError("boom")

    with pytest.raises(ActionRefused, match="boom"):
        inbox.reply(message, "One")


def test_capabilities(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    channel = inbox.runtime.channels["wall"]
    channel.type = replace(channel.type, capabilities=boom, can_reply=None)

    assert "boom" in channel.capabilities.like.reason
    with pytest.raises(ActionRefused, match="boom"):
        inbox.reply(message, "One")


def test_count_length(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    wall.reply_length = 5
    channel = inbox.runtime.channels["wall"]
    channel.type = replace(channel.type, count_length=boom)

    with pytest.raises(ActionRefused, match="6 of 5"):
        inbox.reply(message, "Longer")
    assert inbox.reply(message, "Short").state == "sent"


def test_what_is_no_answer_is_a_failure_too(inbox: Inbox, wall: Wall) -> None:
    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    channel = inbox.runtime.channels["wall"]
    nothing = {"capabilities": lambda _: None, "count_length": lambda _: None}
    nothing["push_cost"] = lambda *_: None
    channel.type = replace(channel.type, reply_cost=lambda *_: "dear", **nothing)
    wall.permission = "yes"

    assert "it gave NoneType, not Capabilities" in channel.capabilities.like.reason
    assert channel.count_length("abc", Surface.PUBLIC_REPLY) == 3
    assert channel.reply_cost("abc", Surface.PRIVATE) is None
    assert channel.push_cost(wall.payload(post("m2"))) == {}
    with pytest.raises(ActionRefused, match="it gave str, not ReplyPermission"):
        inbox.reply(message, "One")


def test_a_plugin_cannot_change_what_is_kept(inbox: Inbox, wall: Wall) -> None:
    seen: list[RoutedItem] = []
    wall.routes = seen.append

    inbox.receive("wall", wall.payload(post("m1")))

    with pytest.raises(AttributeError):
        seen[0].text = "changed"  # type: ignore[misc]


def test_a_model_that_cannot_be_used_is_told_and_messages_go_on(
    inbox: Inbox, wall: Wall, earful_plugins: PluginHost
) -> None:
    def without_model(_: Any) -> str:
        raise PluginError("The model is not on this machine.")

    types = earful_plugins.classifier_types
    types["reader"] = replace(types["reader"], check=without_model)
    wall.labels = without_model

    (trouble,) = inbox.runtime.model_troubles()
    assert (trouble.section, trouble.name) == ("classifiers", "reader")
    assert trouble.reason == "The model is not on this machine."
    assert try_out(inbox.runtime) == {"reader": "The model is not on this machine."}

    (message,) = inbox.receive("wall", wall.payload(post("m1")))
    assert message.queue == "General"
    assert (
        Event.get(Event.kind == "classifier_failed").data["reason"].startswith("reader: The model")
    )


def test_a_label_keeps_the_version_that_the_settings_choose(
    inbox: Inbox, wall: Wall, earful_plugins: PluginHost
) -> None:
    types = earful_plugins.classifier_types
    types["reader"] = replace(types["reader"], version_of=lambda _: "ours 2")
    wall.labels = lambda messages: [[Label(name="a:b")] for _ in messages]

    inbox.receive("wall", wall.payload(post("m1")))

    assert MessageLabel.get().version == "ours 2"
