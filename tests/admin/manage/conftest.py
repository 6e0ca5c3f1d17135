"""A small shop's installation: queues, policies, messages, refused payloads, signs of life."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from earful import actions, store
from earful.actions import SYSTEM
from earful.components import Badge, Capabilities
from earful.plugins import PluginHost, PluginRecord, PluginStatus
from earful.runtime import Runtime
from earful.store.models import Channel, Heartbeat, Notification, Payload, PolicyRun
from earful.store.states import Health, NotificationState, PayloadState, Role
from earful.testing.inbox import Inbox
from earful.types import Capability, ConnectableAccount, ConnectionAttempt, Surface

from tests.wall import Wall, post

REFUND = {"fact": "message.text", "op": "contains_any_word", "value": ["refund", "money back"]}
REACH = {"fact": "author.reach", "op": "gte", "value": 10_000}
TEXTS = (
    ("Where is my parcel? It said Tuesday.", "Priya Raman"),
    ("I want my money back, this is the second time.", "Marek Nowak"),
    ("Love the new packaging!", "Yuki Tanaka"),
    ("Any news about my refund? It has been two weeks.", "Noor Rahman"),
    ("The app crashes when I sign in.", "Lukas Meyer"),
)


class Platform:
    """Signs nobody in; enough for the pages about it."""

    def begin(self, redirect_uri: str, state: str) -> ConnectionAttempt:
        return ConnectionAttempt(url=f"https://platform.example/?state={state}")

    def complete(self, *_: object) -> list[ConnectableAccount]:
        return []

    def attach(self, *_: object) -> str:
        return ""


@pytest.fixture
def wall() -> Wall:
    return Wall(connector=Platform())


@pytest.fixture
def earful_plugins(wall: Wall) -> PluginHost:
    host = wall.host()
    kind = host.channel_types["wall"]
    able = Capabilities(
        surfaces=frozenset({Surface.PUBLIC_POST, Surface.PUBLIC_REPLY}),
        reply=Capability(allowed=True),
        like=Capability(allowed=True),
        hide=Capability(allowed=False, reason="Only the page's owner may hide posts."),
        reply_length=500,
        reply_window=timedelta(hours=24),
    )
    host.channel_types["wall"] = type(kind)(
        **{name: getattr(kind, name) for name in kind.__slots__}
        | {"capabilities": lambda _settings: able, "badge": Badge(letters="Wa", colour="#2f6fde")}
    )
    host.records.extend(
        [
            PluginRecord(
                name="broken",
                distribution="earful-broken",
                version="0.3",
                status=PluginStatus.FAILED_IMPORT,
                reason="ModuleNotFoundError: No module named 'onnxruntime'",
            ),
            PluginRecord(
                name="wall",
                distribution="earful-wall",
                version="1.2.0",
                status=PluginStatus.ACTIVE,
                provides=("channel wall", "notifier teller"),
            ),
        ]
    )
    return host


@pytest.fixture
def earful_config() -> str:
    return """
    [server]
    port = 0
    [channels.wall]
    type = "wall"
    title = "Our <b>wall</b> & more"
    [channels.lost]
    type = "broken"
    title = "Video comments"
    [notifiers.team-chat]
    type = "teller"
    """


def save_queues(runtime: Runtime, now: datetime) -> None:
    for at, (name, colour, minutes, text) in enumerate(
        [
            ("General", "grey", None, "Everything no policy decided"),
            ("Billing", "amber", 120, "Charges and refunds"),
            ("Delivery", "blue", 60, "Parcels and tracking"),
            ("Press & PR", "red", 15, "Journalists, creators and crises"),
        ]
    ):
        actions.save_queue(
            runtime,
            SYSTEM,
            None,
            name=name,
            colour=colour,
            description=text,
            first_response_minutes=minutes,
            position=at,
            now=now,
        )


def save_policies(runtime: Runtime, now: datetime) -> list[int]:
    refund = actions.save_policy(
        runtime,
        SYSTEM,
        None,
        name="Refunds to Billing",
        conditions={"all": [REFUND]},
        actions=[{"do": "queue", "value": "Billing"}],
        now=now,
    )
    actions.save_policy(
        runtime,
        SYSTEM,
        refund,
        name="Refunds to Billing",
        conditions={"all": [REFUND]},
        actions=[{"do": "queue", "value": "Billing"}, {"do": "priority", "value": "high"}],
        version=1,
        now=now,
    )
    nested = actions.save_policy(
        runtime,
        SYSTEM,
        None,
        name="Loud voices",
        conditions={"any": [REACH, {"all": [REFUND, {"none": [REACH]}]}]},
        actions=[{"do": "label", "value": "reach:large"}, {"do": "notify", "value": "team-chat"}],
        now=now,
    )
    off = actions.save_policy(
        runtime,
        SYSTEM,
        None,
        name="Praise",
        conditions={"all": [{"fact": "message.text", "op": "contains", "value": "love"}]},
        actions=[{"do": "ignore", "value": "praise"}, {"do": "stop"}],
        once=False,
        enabled=False,
        now=now,
    )
    return [refund, nested, off]


@pytest.fixture
def shop(earful_inbox: Inbox, wall: Wall) -> Inbox:
    """Everything the pages can show. The time of its rows is the real one, as the pages' is."""
    runtime, now = earful_inbox.runtime, datetime.now(UTC).replace(microsecond=0)
    earful_inbox.now = now
    with store.connection():
        save_queues(runtime, now - timedelta(days=3))
        save_policies(runtime, now - timedelta(days=2))
    for at, (text, author) in enumerate(TEXTS):
        earful_inbox.receive("wall", wall.payload(post(f"m{at}", text, by=author)))
    earful_inbox.push("wall", b'{"unknown": "<script>alert(1)</script>"}', b"[]" * 3000)
    earful_inbox.run_jobs()
    with store.connection():
        _trouble(now)
    return earful_inbox


def _trouble(now: datetime) -> None:
    Channel.update(
        health=Health.OK,
        account_name="Our wall",
        account_url="https://wall.example/us",
        last_poll_at=now - timedelta(minutes=4),
        last_success_at=now - timedelta(minutes=4),
        next_poll_at=now + timedelta(minutes=1),
    ).where(Channel.name == "wall").execute()
    Heartbeat.create(process="ticker@here:1", kind="ticker", at=now, memory_kb=41_000)
    Heartbeat.create(
        process="ticker@gone:2", kind="ticker", at=now - timedelta(hours=1), memory_kb=39_000
    )
    Notification.create(
        notifier="team-chat",
        kind="breach",
        key="k1",
        title="Overdue: <i>parcel</i>",
        state=NotificationState.FAILED,
        attempts=5,
        error="TemporaryFailure: the chat answers 503",
        created_at=now - timedelta(hours=2),
        due_at=now,
    )


def refused() -> list[Payload]:
    with store.connection():
        return list(
            Payload.select().where(Payload.state == PayloadState.QUARANTINED).order_by(Payload.id)
        )


def runs() -> int:
    with store.connection():
        return int(PolicyRun.select().count())


ADMIN, LEAD, AGENT, VIEWER = Role.ADMIN, Role.LEAD, Role.AGENT, Role.VIEWER
