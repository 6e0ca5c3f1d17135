"""Every error Earful raises on purpose; each name says what the host does next.

Plugins translate their libraries' errors into these, so that nothing else crosses the boundary.
"""

from __future__ import annotations

from datetime import timedelta

__all__ = [
    "ActionRefused",
    "AuthenticationFailed",
    "ChannelError",
    "ConfigError",
    "DeliveryRejected",
    "EarfulError",
    "OutcomeUnknown",
    "PayloadError",
    "PluginError",
    "RateLimited",
    "SpendingCapReached",
    "TemporaryFailure",
    "UnsupportedPayload",
]


class EarfulError(Exception):
    """The root of all errors raised by Earful and its plugins."""


class ConfigError(EarfulError):
    """The start is refused. `problems` holds one sentence per mistake, each naming file and key."""

    def __init__(self, problems: str | list[str]) -> None:
        self.problems = [problems] if isinstance(problems, str) else list(problems)
        super().__init__("\n".join(self.problems))


class PluginError(EarfulError):
    """That plugin is switched off and shown with this reason; everything else goes on."""


class ChannelError(EarfulError):
    """Something went wrong between Earful and a platform."""


class AuthenticationFailed(ChannelError):
    """The platform refused our credentials: the channel is paused and admins are told."""


class RateLimited(ChannelError):
    """The platform asked us to wait. `retry_after` is how long; None leaves it to the host."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class SpendingCapReached(RateLimited):
    """What the month may cost is spent: nothing that costs is done until the next month."""


class TemporaryFailure(ChannelError):
    """Nothing was accepted and a later try may work: the host backs off and tries again."""


class PayloadError(ChannelError):
    """This payload does not look like the platform's: it is quarantined and can be replayed."""


class UnsupportedPayload(PayloadError):
    """A payload we know and leave alone on purpose: it is counted and kept, never retried."""


class DeliveryRejected(ChannelError):
    """The platform refused this reply for good: it fails, and the agent reads the reason."""


class OutcomeUnknown(ChannelError):
    """The platform may or may not have accepted the reply: it is looked for, never sent blindly."""


class ActionRefused(EarfulError):
    """The person may not do that, or not now. The message is written for the person.

    `field` names the field of a form that it is about.
    """

    def __init__(self, message: str = "", *, field: str = "") -> None:
        super().__init__(message)
        self.field = field
