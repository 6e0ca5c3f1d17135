"""The objects a plugin provides and the frozen descriptors that announce them.

Core builds one object per configured channel, calls it in the places named here, and contains
every call: what raises is named in `earful.errors`, anything else is treated as a bug of the
plugin and stops nothing but itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, PrivateAttr

from earful.errors import ChannelError, PluginError
from earful.sandbox import Sandbox
from earful.types import (
    Account,
    Action,
    Capability,
    ClassifiedMessage,
    ConnectableAccount,
    ConnectionAttempt,
    FetchResult,
    InboundMessage,
    KnownMessage,
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
    Seen,
    Surface,
    WebhookRequest,
    WebhookResult,
)
from earful.wording import gettext as _
from earful.wording import mark

__all__ = [
    "Badge",
    "Capabilities",
    "ChannelSettings",
    "ChannelState",
    "ChannelType",
    "Classifier",
    "ClassifierType",
    "Connector",
    "Costs",
    "Credentials",
    "LabelSet",
    "Limits",
    "Media",
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

Parsed = InboundMessage | Removal | Seen
"""What parsing a payload may yield."""


class Settings(BaseModel):
    """A component's own table in the configuration; unknown keys are mistakes.

    Subclass it, give every key a type and a default, and use `SecretStr` for what nobody may see.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class Credentials(Protocol):
    """What one channel signs in with: kept encrypted, shared by all processes, never logged."""

    def get(self) -> Mapping[str, str]:
        """The credentials as they are now; empty while the channel is not connected."""

    def renew(
        self,
        stale: Mapping[str, str],
        refresh: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> Mapping[str, str]:
        """Credentials newer than `stale`, got by one process for all of them.

        If somebody has renewed them meanwhile, theirs are returned and nobody is called. Else
        `refresh` is called with what is kept, and what it returns is kept before it is returned.
        It must take less than a minute: then another process may call the platform, too.
        Raises what `refresh` raises, and `TemporaryFailure` while another process takes too long.
        Must not be called inside a transaction.
        """


class Limits(Protocol):
    """What a platform has told about its rate limits, by endpoint; shared by all processes."""

    def check(self, endpoint: str) -> None:
        """Raise `RateLimited` while the endpoint is used up or blocked."""

    def note(self, endpoint: str, *, limit: int | None, remaining: int, reset_at: datetime) -> None:
        """Keep what an answer's headers say: so many calls remain until `reset_at`."""

    def block(self, endpoint: str, until: datetime, reason: str = "") -> None:
        """Call this endpoint no more until then; `reason` is for people."""


class Costs(Protocol):
    """What a channel has spent this month (UTC), by action, in US dollars."""

    def require(self, cap_usd: float | None) -> None:
        """Raise `SpendingCapReached` once the month's costs have reached the cap. None: no cap."""

    def spend(self, action: str, usd: float, *, count: int = 1) -> None:
        """Note that `count` actions cost `usd` together. Kept in millionths of a dollar."""

    def this_month(self) -> Mapping[str, tuple[int, float]]:
        """What was done and what it cost, by action: (count, US dollars)."""


class ChannelState(Protocol):
    """What the host keeps for one channel. Everything in it outlives the process."""

    @property
    def name(self) -> str:
        """The channel's name."""

    @property
    def credentials(self) -> Credentials:
        """What it signs in with."""

    @property
    def limits(self) -> Limits:
        """What it may call."""

    @property
    def costs(self) -> Costs:
        """What it has spent."""

    def flag(self, name: str) -> str:
        """A short text of the plugin's own, such as a webhook's id; "" where none was set."""

    def set_flag(self, name: str, value: str) -> None:
        """Keep such a text; an empty one removes it."""

    def known(self, external_ids: Collection[str]) -> Mapping[str, KnownMessage]:
        """What the inbox holds of these messages, by id; replies sent from here count, too.

        Lets a source that looks again tell what is new or has changed, and what was never pushed.
        Ask for at most a few hundred at once.
        """


class ChannelSettings(Settings):
    """Settings of a channel that keeps state with the host: credentials, limits, costs."""

    _state: ChannelState | None = PrivateAttr(default=None)

    @property
    def state(self) -> ChannelState:
        """What the host keeps for this channel. Raises `RuntimeError` where there is no host."""
        if self._state is None:
            message = "these settings belong to no configured channel; see with_state()"
            raise RuntimeError(message)
        return self._state

    def with_state(self, state: ChannelState) -> Self:
        """The same settings, with a place to keep state. The host calls it, and tests do."""
        settings = self.model_copy()
        settings._state = state  # noqa: SLF001 - a copy of our own
        return settings


@runtime_checkable
class Connector(Protocol):
    """Signs a channel in through the browser (OAuth). Runs in the web process; a person waits."""

    def begin(self, redirect_uri: str, state: str) -> ConnectionAttempt:
        """Where to send the browser. The platform must bring `state` back to `redirect_uri`."""

    def complete(
        self, query: Mapping[str, str], secrets: Mapping[str, str], redirect_uri: str
    ) -> Sequence[ConnectableAccount]:
        """The accounts that may be connected, from what the browser came back with.

        Raises a `ChannelError` in words for the person. The host has checked `state`.
        """

    def attach(self, account: ConnectableAccount, webhook_url: str | None) -> str:
        """Make the account ready (subscribe to its pushes), with its own credentials.

        `webhook_url` is None where the installation cannot be reached from outside. Returns one
        sentence for the operator; raises a `ChannelError` if it cannot be connected.
        """


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
    """Reads messages and labels them. Runs in a worker, in batches.

    Creating it must be cheap: what is heavy is loaded when it is first asked, and what fails to
    load may be tried again. A worker asks once before the first message waits for it.
    """

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


def _absent(reason: str) -> Callable[[], Capability]:
    return lambda: Capability(allowed=False, reason=_(reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """What may be attached to one answer on one surface.

    `largest` says how many bytes a file may have, by content type; what it does not name is not
    taken. `alt_length` is the longest description the platform keeps; 0 where it keeps none.
    """

    largest: Mapping[str, int]
    most: int = 1
    alt_length: int = 0
    needs_words: bool = False
    """Whether an answer must say something beside its attachments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of channel can do, as data; every absence carries its reason.

    Where `media` is allowed, `public_media` and `private_media` say what is taken there; None
    takes nothing on that surface.

    `reply_length` is counted by `count_length`; `private_reply_length` is the limit of what is
    written privately, None where it is the same, and counted by `count_private_length`.
    `cost_per_action` is in US dollars.
    """

    surfaces: frozenset[Surface] = frozenset({Surface.PUBLIC_REPLY})
    reply: Capability = field(
        default_factory=_absent(mark("This kind of channel cannot send replies."))
    )
    private_reply: Capability = field(
        default_factory=_absent(mark("This kind of channel cannot write privately."))
    )
    like: Capability = field(
        default_factory=_absent(mark("This kind of channel cannot like messages."))
    )
    hide: Capability = field(
        default_factory=_absent(mark("This kind of channel cannot hide messages."))
    )
    media: Capability = field(
        default_factory=_absent(mark("This kind of channel cannot send attachments."))
    )
    public_media: Media | None = None
    private_media: Media | None = None
    reply_length: int | None = None
    private_reply_length: int | None = None
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
    count_private_length: Callable[[str], int] | None = None
    """How what is written privately is counted; None where it is the same."""
    demo: Callable[[], Iterable[Payload]] | None = None
    """Synthetic payloads that show the channel in a demonstration, in the platform's own form."""
    connector: Callable[[Any], Connector] | None = None
    """How it is connected in the browser; None where the configuration says it all."""
    reply_cost: Callable[[Any, str, Surface], float] | None = None
    """What sending this text on that surface costs, in US dollars; the composer shows it."""
    push_cost: Callable[[Any, Payload], Mapping[str, float]] | None = None
    """What the platform charges for having pushed this payload, in US dollars, by action.

    Asked in a worker and noted in the meter once, however often the payload was delivered.
    """
    sandbox: Callable[[], Sandbox] | None = None
    """A stand-in for the platform, for `earful sandbox KIND` and the demonstration."""

    def counter(self, surface: Surface) -> Callable[[str], int]:
        """How the platform counts a reply on this surface."""
        private = self.count_private_length if surface is Surface.PRIVATE else None
        return private or self.count_length

    def permits_reply(self, settings: Any, context: ReplyContext) -> ReplyPermission:
        """Whether this message can be answered: the plugin's word, else the capabilities'."""
        if self.can_reply is not None:
            return self.can_reply(settings, context)
        return _reply_as_capable(self.capabilities(settings))


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelSet:
    """The labels of one namespace, of which at most one is right for a message.

    People choose among them to correct the classifier. `none` is what people call it when no
    label of the set is right ("not frustrated"); without it one of `values` always is.
    """

    namespace: str
    values: tuple[str, ...]
    title: str = ""
    """What people call the question: "Tone"."""
    none: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierType:
    """A kind of classifier; `version` names model and version, and is stored with each label."""

    kind: str
    title: str
    settings: type[Settings]
    create: Callable[[Any], Classifier]
    version: str
    labels: tuple[LabelSet, ...] = ()
    """The labels that people may correct, a set per namespace."""
    card: Callable[[Any], str] | None = None
    """The card of the model that these settings name, in Markdown: its data, figures, limits."""
    version_of: Callable[[Any], str] | None = None
    """Where the settings choose the model: its name and version, instead of `version`."""
    check: Callable[[Any], str] | None = None
    """One line on the model that these settings name; raises what is wrong with it.

    The web process asks, too: it uses no network and loads no model.
    """

    def version_with(self, settings: Any) -> str:
        """What is stored with the labels of a classifier with these settings."""
        return self.version if self.version_of is None else self.version_of(settings)


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
    if isinstance(error, ChannelError | PluginError):
        return str(error) or type(error).__name__
    return f"{type(error).__name__}: {error}"
