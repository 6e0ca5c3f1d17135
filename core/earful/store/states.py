"""The states that rows go through. Everything unfinished can be found by its state alone."""

from __future__ import annotations

from enum import IntEnum, StrEnum

__all__ = [
    "NOT_OVER",
    "ON_ITS_WAY",
    "SHOWN",
    "STANDING",
    "AgentNotificationKind",
    "AssignmentStrategy",
    "BulkItemState",
    "BulkJobState",
    "ChannelState",
    "ClockKind",
    "ConversationStatus",
    "DigestPace",
    "DigestState",
    "Direction",
    "Health",
    "ListOrder",
    "NotificationState",
    "PayloadState",
    "PlatformActionState",
    "PresenceState",
    "PriorityRank",
    "ReplyState",
    "Role",
    "Stage",
    "WritingMode",
]


class AgentNotificationKind(StrEnum):
    """What an agent is told of."""

    MENTION = "mention"
    ASSIGNED = "assigned"
    TAKEOVER_ASKED = "takeover_asked"
    TAKEN_OVER = "taken_over"
    REPLY_FAILED = "reply_failed"
    REPLY_HELD = "reply_held"
    RETURNED = "returned"
    BULK_DONE = "bulk_done"


class DigestPace(StrEnum):
    """How often somebody is told by mail; `when_away` is each hour while they are away."""

    OFF = "off"
    WHEN_AWAY = "when_away"
    HOURLY = "hourly"
    DAILY = "daily"


class DigestState(StrEnum):
    """A digest's way out. `dropped` had nothing left to tell; what `failed` is not sent again."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class AssignmentStrategy(StrEnum):
    """Who gets what comes into a queue: nobody by itself, or somebody who is there and free."""

    BY_HAND = "by_hand"
    ROUND_ROBIN = "round_robin"
    LEAST_LOADED = "least_loaded"
    BY_SKILL = "by_skill"


class BulkJobState(StrEnum):
    """How far a change to many conversations has come; it can be undone while it is `done`."""

    CHANGING = "changing"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class BulkItemState(StrEnum):
    """What became of one conversation: `kept` was changed by somebody since, and not undone."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    UNDONE = "undone"
    KEPT = "kept"


class ChannelState(StrEnum):
    """Whether a channel is read: `disabled` is no longer configured, or its plugin is off."""

    LIVE = "live"
    PAUSED = "paused"
    DISABLED = "disabled"


class Health(StrEnum):
    """How the last contact with the platform went."""

    UNKNOWN = "unknown"
    OK = "ok"
    DEGRADED = "degraded"
    RATE_LIMITED = "rate_limited"
    AUTH_REQUIRED = "auth_required"


class PayloadState(StrEnum):
    """`received` is unfinished; `unsupported` and `quarantined` are kept with their reason."""

    RECEIVED = "received"
    PARSED = "parsed"
    UNSUPPORTED = "unsupported"
    QUARANTINED = "quarantined"


class Stage(StrEnum):
    """How far a message has come. Each pipeline step moves it on, compare-and-set."""

    INGESTED = "ingested"
    CLASSIFIED = "classified"
    ROUTED = "routed"
    CLOCKED = "clocked"
    DONE = "done"


class Direction(StrEnum):
    """`out` is what our own account wrote on the platform itself."""

    IN = "in"
    OUT = "out"


class ConversationStatus(StrEnum):
    """Where a conversation stands; `pending` waits for the customer, `ignored` needs nobody."""

    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    IGNORED = "ignored"


NOT_OVER = (ConversationStatus.OPEN, ConversationStatus.PENDING, ConversationStatus.SNOOZED)
"""Statuses of conversations that somebody still has to do with."""


class ListOrder(StrEnum):
    """In which order a list of conversations is read; each has its own indexes."""

    DUE = "due"
    NEWEST = "newest"
    OLDEST = "oldest"
    PRIORITY = "priority"


class PriorityRank(IntEnum):
    """`earful.Priority` as a number to sort by; `word` gives it back."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    URGENT = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> PriorityRank:
        return cls[word.upper()]


class ReplyState(StrEnum):
    """A reply's way out. `queued` can be undone until it is due; `unconfirmed` is looked for.

    `held` was not sent at its time, because something newer had arrived: its author decides.
    """

    DRAFT = "draft"
    PENDING_APPROVAL = "pending_approval"
    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    HELD = "held"
    UNCONFIRMED = "unconfirmed"
    UNDONE = "undone"

    @property
    def word(self) -> str:
        """As it stands in a sentence."""
        return self.value.replace("_", " ")


ON_ITS_WAY = (ReplyState.QUEUED, ReplyState.SENDING, ReplyState.UNCONFIRMED)
"""States in which a reply still needs its text."""
SHOWN = (ReplyState.SENT, ReplyState.CONFIRMED)
"""States in which a reply stands on the platform."""
STANDING = (
    ReplyState.QUEUED,
    ReplyState.SENDING,
    ReplyState.SENT,
    ReplyState.CONFIRMED,
    ReplyState.HELD,
    ReplyState.UNCONFIRMED,
)
"""States in which a reply stands on the platform, or may yet."""


class PlatformActionState(StrEnum):
    """An action's way out. It does no harm twice, so one of unknown outcome is simply repeated."""

    QUEUED = "queued"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"


class ClockKind(StrEnum):
    """What a clock waits for."""

    ACKNOWLEDGE = "acknowledge"
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class WritingMode(StrEnum):
    """What somebody is writing: an answer everybody reads, one for the person alone, or a note."""

    PUBLIC = "public"
    PRIVATE = "private"
    NOTE = "note"


class PresenceState(StrEnum):
    """What somebody does in the conversation they have open."""

    VIEWING = "viewing"
    REPLYING = "replying"


class NotificationState(StrEnum):
    """`pending` is unfinished; `failed` has used up its tries."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Role(IntEnum):
    """What a person may do; each role may do all that the ones below it may."""

    VIEWER = 0
    AGENT = 1
    LEAD = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def of(cls, word: str) -> Role:
        return cls[word.upper()]
