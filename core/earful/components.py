"""The objects a plugin provides and the frozen descriptors that announce them.

Core builds one object per configured channel, calls it in the places named here, and contains
every call: what raises is named in `earful.errors`, anything else is treated as a bug of the
plugin and stops nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from pydantic import BaseModel, ConfigDict

from earful.errors import ChannelError
from earful.types import (
    Account,
    Action,
    Capability,
    ClassifiedMessage,
    FetchResult,
    InboundMessage,
    Label,
    Notification,
    OutboundReply,
    Payload,
    Receipt,
    Removal,
    ReplyContext,
    ReplyPermission,
    Route,
    RoutedItem,
    Surface,
    WebhookRequest,
    WebhookResult,
)

__all__ = [
    "Badge",
    "Capabilities",
    "ChannelType",
    "Classifier",
    "ClassifierType",
    "Notifier",
    "NotifierType",
    "Parsed",
    "Router",
    "RouterType",
    "Sender",
    "Settings",
    "Source",
    "Webhook",
]

Parsed = InboundMessage | Removal
"""What parsing a payload may yield."""


class Settings(BaseModel):
    """A component's own table in the configuration; unknown keys are mistakes.

    Subclass it, give every key a type and a default, and use `SecretStr` for what nobody may see.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


@runtime_checkable
class Source(Protocol):
    """Reads a platform. Runs in a worker, one call at a time per channel."""

    def check(self) -> Account:
        """The account behind the settings; raises a `ChannelError` that says what is wrong."""

    def fetch(self, cursor: str) -> FetchResult:
        """What is new since `cursor` ("" at first). Must be quick to stop: bound size and time."""


@runtime_checkable
class Webhook(Protocol):
    """Takes what a platform pushes. Runs in the web process and makes no calls of its own."""

    def receive(self, request: WebhookRequest) -> WebhookResult:
        """Verified payloads. Raises `AuthenticationFailed` for a bad signature: 403, not kept."""


@runtime_checkable
class Sender(Protocol):
    """Writes to a platform. Runs in a worker after the reply's row is claimed."""

    def send(self, reply: OutboundReply) -> Receipt:
        """Place the reply. `DeliveryRejected`, `RateLimited`, `TemporaryFailure`: not accepted.

        `OutcomeUnknown`, or any other error, means it may stand there: it is looked for first.
        """

    def act(self, action: Action) -> Receipt:
        """Like or hide a message, as far as the capabilities promise it."""

    def find(self, reply: OutboundReply) -> Receipt | None:
        """A reply whose outcome is unknown, if it stands on the platform; None if surely not.

        Raises `OutcomeUnknown` where it can't be told: then a person decides.
        """


@runtime_checkable
class Classifier(Protocol):
    """Reads messages and labels them. Runs in a worker, in batches."""

    def classify(self, messages: Sequence[ClassifiedMessage]) -> list[list[Label]]:
        """The labels of each message, in the order of `messages`."""


@runtime_checkable
class Router(Protocol):
    """Decides what no policy decided. Asked in the configured order; the first answer wins."""

    def route(self, item: RoutedItem) -> Route | None:
        """Where the conversation belongs, or None to leave it to the next router."""


@runtime_checkable
class Notifier(Protocol):
    """Tells people outside the screen. One job per notification; only that job is retried."""

    def notify(self, notification: Notification) -> None:
        """Deliver it. `TemporaryFailure` and `RateLimited` are tried again later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Badge:
    """How a channel type is told at a glance: two letters on a colour (`#rrggbb`)."""

    letters: str
    colour: str


def _absent(what: str) -> Capability:
    return Capability(allowed=False, reason=f"This kind of channel cannot {what}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of channel can do, as data; every absence carries its reason.

    `reply_length` is counted by `count_length`. `cost_per_action` is in US dollars.
    """

    surfaces: frozenset[Surface] = frozenset({Surface.PUBLIC_REPLY})
    reply: Capability = field(default_factory=lambda: _absent("send replies"))
    private_reply: Capability = field(default_factory=lambda: _absent("write privately"))
    like: Capability = field(default_factory=lambda: _absent("like messages"))
    hide: Capability = field(default_factory=lambda: _absent("hide messages"))
    media: Capability = field(default_factory=lambda: _absent("send attachments"))
    reply_length: int | None = None
    reply_window: timedelta | None = None
    cost_per_action: Mapping[str, float] = field(default_factory=dict)


def _reply_as_capable(capabilities: Capabilities) -> ReplyPermission:
    return ReplyPermission(allowed=capabilities.reply.allowed, reason=capabilities.reply.reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelType:
    """A kind of channel. `kind` equals the entry point's name and the configuration's `type`.

    The factories get the validated settings of one configured channel, and the channel's name.
    `parse` is pure: no network, no clock, the same messages for the same payload every time.
    """

    kind: str
    title: str
    settings: type[Settings]
    parse: Callable[[Payload], Iterable[Parsed]]
    badge: Badge
    capabilities: Callable[[Any], Capabilities]
    """What a channel with these settings can do."""
    source: Callable[[Any], Source] | None = None
    webhook: Callable[[Any], Webhook] | None = None
    sender: Callable[[Any], Sender] | None = None
    can_reply: Callable[[Any, ReplyContext], ReplyPermission] | None = None
    """Per message; without it the capabilities decide."""
    authors_are_global: bool = False
    """Whether author ids mean the same person on every channel of this kind."""
    count_length: Callable[[str], int] = len
    demo: Callable[[], Iterable[Payload]] | None = None
    """Synthetic payloads that show the channel in a demonstration, in the platform's own form."""

    def permits_reply(self, settings: Any, context: ReplyContext) -> ReplyPermission:
        """Whether this message can be answered: the plugin's word, else the capabilities'."""
        if self.can_reply is not None:
            return self.can_reply(settings, context)
        return _reply_as_capable(self.capabilities(settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierType:
    """A kind of classifier; `version` names model and version, and is stored with each label."""

    kind: str
    title: str
    settings: type[Settings]
    create: Callable[[Any], Classifier]
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterType:
    """A kind of router."""

    kind: str
    title: str
    settings: type[Settings]
    create: Callable[[Any], Router]


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifierType:
    """A kind of notifier."""

    kind: str
    title: str
    settings: type[Settings]
    create: Callable[[Any], Notifier]


def describe(error: BaseException) -> str:
    """One line for people: our own errors speak for themselves, others name their class."""
    if isinstance(error, ChannelError):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error}"
