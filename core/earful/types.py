"""What crosses the boundary between core and plugins: frozen values, no rows, no behaviour.

All times are aware and in UTC. Identifiers are the platform's own, as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

__all__ = [
    "Account",
    "Action",
    "ActionKind",
    "Attachment",
    "AttachmentKind",
    "Author",
    "Capability",
    "ClassifiedMessage",
    "ConnectableAccount",
    "ConnectionAttempt",
    "FetchResult",
    "InboundMessage",
    "KnownMessage",
    "Label",
    "Notification",
    "OutboundAttachment",
    "OutboundReply",
    "Payload",
    "Priority",
    "Receipt",
    "Removal",
    "RemovalKind",
    "ReplyContext",
    "ReplyPermission",
    "Route",
    "RoutedItem",
    "Seen",
    "Surface",
    "WebhookRequest",
    "WebhookResult",
]


class Surface(StrEnum):
    """Where a message stands: who can read it, and what it hangs on."""

    PUBLIC_POST = "public_post"
    PUBLIC_REPLY = "public_reply"
    PRIVATE = "private"


class Priority(StrEnum):
    """How soon a conversation deserves attention."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


class AttachmentKind(StrEnum):
    """What an attachment is, as far as a reader must know."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    FILE = "file"


class RemovalKind(StrEnum):
    """Why a message is no longer shown on the platform."""

    DELETED = "deleted"
    """Gone for good: its text is erased here too."""
    HIDDEN = "hidden"
    """Hidden or held back by the platform or its moderators; it may come back."""
    SPAM = "spam"
    """Marked as spam by the platform or its moderators; it may come back."""


class ActionKind(StrEnum):
    """What can be done to a message on its platform beside answering it."""

    LIKE = "like"
    HIDE = "hide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """Raw bytes from a platform, kept before anything reads them, so that nothing is lost.

    `meta` holds what is needed beside the bytes to parse them: an address, chosen headers.
    `key` is the platform's own id of this delivery, if it has one: a second payload of the same
    channel and key is acknowledged and not kept.
    """

    body: bytes
    content_type: str = ""
    meta: Mapping[str, str] = field(default_factory=dict)
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """What one fetch brought: payloads, and the cursor from which the next fetch goes on.

    `more` asks the host to fetch again at once, because the platform holds further pages.
    `cursor` is any text of the plugin's own; it is stored in one transaction with the payloads.
    `next_poll_seconds` asks for a longer pause than configured, at a platform's own wish.
    `notice` is a sentence for the operator, shown with the channel: what may have been missed.
    """

    payloads: tuple[Payload, ...] = ()
    cursor: str = ""
    more: bool = False
    next_poll_seconds: int | None = None
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookRequest:
    """An HTTP request as it reached the ingress. `headers` has lower-case names."""

    method: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookResult:
    """How to answer a webhook request, and the payloads to keep before answering."""

    payloads: tuple[Payload, ...] = ()
    status: int = 200
    body: str = ""
    content_type: str = "text/plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account a channel speaks for, as the platform names it; the result of a check."""

    external_id: str
    name: str
    url: str | None = None
    detail: str = ""
    """One sentence for the operator: what was found and how it will be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a message. `reach` is the follower count, or None where no platform tells."""

    external_id: str
    name: str
    handle: str = ""
    url: str | None = None
    avatar_url: str | None = None
    reach: int | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that came with a message; only its address is kept, never its bytes."""

    url: str
    kind: AttachmentKind = AttachmentKind.FILE
    name: str = ""
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message as the platform shows it now; a changed copy of a known one is an edit.

    `external_id` is unique within the channel. `thread_id` is the platform's thread; None joins
    the thread of `parent_id`, or starts one. `text` is plain text, never markup. `from_us` marks
    what our own account wrote. `edited_at` orders copies that arrive out of order. `visible_at`
    is when the platform was seen to show it: later than a `Removal` that may be taken back, it
    brings the message back.
    """

    external_id: str
    author: Author
    text: str
    sent_at: datetime
    surface: Surface = Surface.PUBLIC_REPLY
    thread_id: str | None = None
    thread_title: str = ""
    thread_url: str | None = None
    parent_id: str | None = None
    url: str | None = None
    language: str | None = None
    attachments: tuple[Attachment, ...] = ()
    from_us: bool = False
    edited_at: datetime | None = None
    visible_at: datetime | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    """Platform facts without a field of their own; kept, shown to the plugin again on reply."""
    opens: bool = True
    """False: keep it, but never open a conversation for it. It joins a thread that is known;
    otherwise it is stored as ignored: found by search, in no queue, with no clock."""
    labels: tuple[str, ...] = ()
    """What the channel itself says of it, as `namespace:value`; such as the watch term it met."""
    other_ids: tuple[str, ...] = ()
    """By which ids the platform knows it, too, such as those of edited versions: a `Removal` may
    name any of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownMessage:
    """What the inbox holds of a message: its text as it stands, and whether it was taken away.

    `author_name` is the author's name as far as it is known; "" for a reply sent from here.
    `extra` is what the message's copies told there.
    """

    text: str
    removal: RemovalKind | None = None
    author_name: str = ""
    sent_from_here: bool = False
    """Whether it is a reply sent from here; not what the account wrote on the platform itself."""
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Removal:
    """A message is no longer shown on the platform since `at` (None: since it was noticed).

    It may arrive before the message itself: then a deletion, or a removal with its time, is kept
    until the message comes.
    """

    external_id: str
    kind: RemovalKind = RemovalKind.DELETED
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The person in a private thread has seen what was written to them there until a moment.

    It is shown beside our answers. For a thread that is not known it means nothing.
    """

    thread_id: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A classifier's word on a message: `namespace:value`, with a score between 0 and 1.

    `detail` is a short explanation for people. Other labels of the same namespace from the same
    classifier are replaced. `probabilities` says how likely each value of the namespace is, for
    classifiers that know; they add up to one, and `score` is that of the label's own value.
    """

    name: str
    score: float | None = None
    detail: str = ""
    probabilities: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifiedMessage:
    """What a classifier may look at."""

    id: int
    text: str
    surface: Surface
    language: str | None
    channel: str
    author_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutedItem:
    """What a router may look at: a message, its labels and its conversation."""

    message_id: int
    conversation_id: int
    channel: str
    channel_type: str
    surface: Surface
    text: str
    title: str
    author: Author
    language: str | None
    labels: tuple[str, ...]
    conversation_is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A router's decision. Queues are named as admins name them; an unknown one is ignored."""

    queue: str
    reason: str
    priority: Priority | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """Something people outside the screen should hear of."""

    id: int
    kind: str
    """What happened: `policy`, `clock_breached`, `channel_paused`, `channel_notice`."""
    title: str
    body: str
    url: str
    at: datetime
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundAttachment:
    """A file to send with a reply: one that the channel's `Media` takes.

    `content_type` is what `data` was found to be, not what somebody called it. `alt` describes a
    picture for people who cannot see it; "" where nobody did.
    """

    name: str
    content_type: str
    data: bytes = field(repr=False)
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundReply:
    """A reply to send, with what the platform needs to place it.

    `text` is empty only beside `attachments`, where the channel's `Media` needs no words.
    """

    idempotency_key: str
    text: str
    surface: Surface
    in_reply_to: str
    """The external id of the message being answered."""
    thread_id: str
    url: str | None
    """The address of the message being answered."""
    extra: Mapping[str, str] = field(default_factory=dict)
    """The `extra` of the message being answered."""
    submitted_at: datetime
    author_id: str = ""
    """The external id of who wrote the message being answered."""
    answered_surface: Surface = Surface.PUBLIC_REPLY
    """Where the answered message stands: a private `surface` then is a private reply to it."""
    last_inbound_at: datetime | None = None
    """When that person last wrote in this thread."""
    attachments: tuple[OutboundAttachment, ...] = ()
    """In the order they are shown; none where the channel declares no `media`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something to do to a message on its platform; `undo` takes it back.

    `reason` is why somebody did it, for a platform that wants to know.
    """

    kind: ActionKind
    external_id: str
    extra: Mapping[str, str] = field(default_factory=dict)
    undo: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The platform took it. `external_id` is the platform's id of what now stands there.

    `thread_id` is the platform's thread it stands in, where that is not the answered message's:
    the private conversation that a reply opened. What is said there belongs to this conversation.
    """

    external_id: str
    url: str | None = None
    at: datetime | None = None
    thread_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """Whether a channel can do something; `reason` tells people why not."""

    allowed: bool
    reason: str = ""

    def __bool__(self) -> bool:
        return self.allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyContext:
    """What a plugin may look at to decide whether a message can be answered.

    `surface` is where the message stands, `reply_surface` where the answer would.
    """

    external_id: str
    thread_id: str
    surface: Surface
    sent_at: datetime
    url: str | None
    extra: Mapping[str, str]
    now: datetime
    reply_surface: Surface = Surface.PUBLIC_REPLY
    author_id: str = ""
    """The external id of who wrote it."""
    last_inbound_at: datetime | None = None
    """When that person last wrote in this thread; None where they have not."""
    already_private: bool = False
    """Whether this message was already answered privately from here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyPermission:
    """Whether one message can be answered, until when, and why not; drives the composer.

    `cost_usd` is what one answer costs before its text is known, in US dollars. `open_url` is
    where a person can answer on the platform itself. `media` says why this answer can carry no
    attachment where others of the channel can; None leaves it to the channel's capabilities.
    """

    allowed: bool
    reason: str = ""
    until: datetime | None = None
    cost_usd: float | None = None
    open_url: str | None = None
    media: Capability | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionAttempt:
    """Where the browser goes to sign in, and what only the host may know until it comes back.

    `secrets` (a PKCE verifier, say) are kept encrypted, for ten minutes and one use.
    """

    url: str
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectableAccount:
    """An account that the person may connect; `detail` tells it from others of the same name."""

    external_id: str
    name: str
    credentials: Mapping[str, str] = field(repr=False)
    detail: str = ""
