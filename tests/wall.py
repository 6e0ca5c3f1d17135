"""A platform in memory, with a plugin of every kind that does what the test wants."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from earful import (
    Account,
    Action,
    Author,
    Badge,
    Capabilities,
    Capability,
    ChannelType,
    ClassifiedMessage,
    ClassifierType,
    FetchResult,
    InboundMessage,
    Label,
    LabelSet,
    Notification,
    NotifierType,
    OutboundReply,
    Parsed,
    Payload,
    PayloadError,
    Receipt,
    ReplyContext,
    ReplyPermission,
    Route,
    RoutedItem,
    RouterType,
    Settings,
    WebhookRequest,
    WebhookResult,
)
from earful.plugins import PluginHost

TONE = LabelSet(namespace="sentiment", title="Tone", values=("negative", "neutral", "positive"))
MOOD = LabelSet(namespace="mood", title="Mood", values=("frustrated",), none="not frustrated")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def post(external_id: str, text: str = "Where is my parcel?", **fields: Any) -> InboundMessage:
    """A message as the platform shows it; `by` names the author, `minute` the time after noon."""
    author = fields.pop("by", "ann")
    sent_at = NOON + timedelta(minutes=fields.pop("minute", 0))
    fields.setdefault("author", Author(external_id=author, name=author.title()))
    fields.setdefault("sent_at", sent_at)
    return InboundMessage(external_id=external_id, text=text, **fields)


def acted(result: Any) -> Any:
    """What the test wants to happen: an error is raised, anything else is given back."""
    if isinstance(result, BaseException):
        raise result
    return result


class NameSettings(Settings):
    """One setting, so that there is one to get wrong."""

    greeting: str = ""


@dataclass
class Wall:
    """What the platform holds, and how it and its plugins behave."""

    payloads: dict[bytes, Any] = field(default_factory=dict)
    fetches: deque[Any] = field(default_factory=deque)
    cursors: list[str] = field(default_factory=list)
    account: Any = field(default_factory=lambda: Account(external_id="1", name="Our wall"))
    sent: list[OutboundReply] = field(default_factory=list)
    sends: deque[Any] = field(default_factory=deque)
    finds: deque[Any] = field(default_factory=deque)
    permission: Any = field(default_factory=lambda: ReplyPermission(allowed=True))
    webhook_answer: Any = field(default_factory=WebhookResult)
    labels: Callable[[Sequence[ClassifiedMessage]], Any] | None = None
    second_labels: Callable[[Sequence[ClassifiedMessage]], Any] | None = None
    routes: Callable[[RoutedItem], Any] = lambda _item: None
    second_routes: Callable[[RoutedItem], Any] = lambda _item: None
    told: list[tuple[str, Notification]] = field(default_factory=list)
    tells: deque[Any] = field(default_factory=deque)
    reply_length: int | None = None
    can: Capabilities | None = None
    connector: Any = None
    acts: deque[Any] = field(default_factory=deque)
    acted: list[Action] = field(default_factory=list)

    def payload(self, *items: Any) -> bytes:
        """A payload that parses to these items; an error among them is raised in its place."""
        body = f"payload {len(self.payloads)}".encode()
        self.payloads[body] = items
        return body

    def parse(self, payload: Payload) -> Iterable[Parsed]:
        if payload.body not in self.payloads:
            raise PayloadError("not from this wall")
        yield from map(acted, self.payloads[payload.body])

    def check(self) -> Account:
        account: Account = acted(self.account)
        return account

    def fetch(self, cursor: str) -> FetchResult:
        self.cursors.append(cursor)
        result = acted(self.fetches.popleft()) if self.fetches else FetchResult(cursor=cursor)
        return result if isinstance(result, FetchResult) else result()

    def receive(self, request: WebhookRequest) -> WebhookResult:
        result: WebhookResult = acted(self.webhook_answer)
        return result

    def send(self, reply: OutboundReply) -> Receipt:
        self.sent.append(reply)
        receipt = acted(self.sends.popleft()) if self.sends else None
        return receipt or Receipt(external_id=f"reply-{len(self.sent)}")

    def act(self, action: Action) -> Receipt:
        self.acted.append(action)
        if self.acts:
            acted(self.acts.popleft())
        return Receipt(external_id=action.external_id)

    def find(self, reply: OutboundReply) -> Receipt | None:
        found: Receipt | None = acted(self.finds.popleft()) if self.finds else None
        return found

    def can_reply(self, _settings: Any, _context: ReplyContext) -> ReplyPermission:
        permission: ReplyPermission = acted(self.permission)
        return permission

    def capabilities(self, _settings: Any) -> Capabilities:
        return self.can or Capabilities(
            reply=Capability(allowed=True), reply_length=self.reply_length
        )

    def host(self) -> PluginHost:
        """The plugins of this wall, as if they were installed."""
        return PluginHost(
            channel_types={"wall": self.channel_type()},
            classifier_types={
                "reader": _classifier("reader", lambda: self.labels, labels=(TONE, MOOD)),
                "second_reader": _classifier("second_reader", lambda: self.second_labels),
            },
            router_types={
                "sorter": _router("sorter", lambda: self.routes),
                "second_sorter": _router("second_sorter", lambda: self.second_routes),
            },
            notifier_types={"teller": self._notifier_type()},
        )

    def channel_type(self) -> ChannelType:
        return ChannelType(
            kind="wall",
            title="Wall",
            settings=NameSettings,
            parse=self.parse,
            badge=Badge(letters="Wa", colour="#336699"),
            capabilities=self.capabilities,
            source=lambda _settings: self,
            webhook=lambda _settings: self,
            sender=lambda _settings: self,
            can_reply=self.can_reply,
            connector=(lambda _settings: self.connector) if self.connector else None,
        )

    def _notifier_type(self) -> NotifierType:
        return NotifierType(
            kind="teller",
            title="Teller",
            settings=NameSettings,
            create=lambda settings: _Teller(self, settings.greeting),
        )


@dataclass
class _Teller:
    wall: Wall
    name: str

    def notify(self, notification: Notification) -> None:
        if self.wall.tells:
            acted(self.wall.tells.popleft())
        self.wall.told.append((self.name, notification))


@dataclass
class _Reader:
    says: Callable[[], Callable[[Sequence[ClassifiedMessage]], Any] | None]

    def classify(self, messages: Sequence[ClassifiedMessage]) -> list[list[Label]]:
        says = self.says()
        labels: list[list[Label]] = says(messages) if says else [[] for _ in messages]
        return labels


@dataclass
class _Sorter:
    says: Callable[[], Callable[[RoutedItem], Any]]

    def route(self, item: RoutedItem) -> Route | None:
        route: Route | None = acted(self.says()(item))
        return route


def _classifier(kind: str, says: Any, labels: tuple[LabelSet, ...] = ()) -> ClassifierType:
    return ClassifierType(
        kind=kind,
        title=kind,
        settings=NameSettings,
        create=lambda _settings: _Reader(says),
        version=f"{kind}-1",
        labels=labels,
    )


def _router(kind: str, says: Callable[[], Callable[[RoutedItem], Any]]) -> RouterType:
    return RouterType(
        kind=kind, title=kind, settings=NameSettings, create=lambda _settings: _Sorter(says)
    )
