"""Failing on request, so that people can see what Earful makes of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Literal

from earful import (
    AuthenticationFailed,
    DeliveryRejected,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    Settings,
    TemporaryFailure,
    UnsupportedPayload,
)

__all__ = ["FailingSettings", "fail_as", "fail_at_start"]

Manner = Literal[
    "bug",
    "authentication",
    "temporary",
    "rate_limit",
    "payload",
    "unsupported",
    "rejected",
    "unknown",
    "exit",
]

_ERRORS: dict[str, Callable[[str], Exception]] = {
    "bug": ZeroDivisionError,
    "authentication": AuthenticationFailed,
    "temporary": TemporaryFailure,
    "rate_limit": lambda said: RateLimited(said, retry_after=timedelta(seconds=60)),
    "payload": PayloadError,
    "unsupported": UnsupportedPayload,
    "rejected": DeliveryRejected,
    "unknown": OutcomeUnknown,
}


class FailingSettings(Settings):
    """Settings that can ask for a failure."""

    fail_in: str = ""
    fail_with: Manner = "bug"

    def maybe_fail(self, place: str) -> None:
        if self.fail_in == place:
            fail_as(self.fail_with, place)


def fail_as(manner: str, place: str) -> None:
    if manner == "exit":
        os._exit(70)
    raise _ERRORS[manner](f"the guestbook was asked to fail in {place}")


def fail_at_start(place: str) -> None:
    if os.environ.get("GUESTBOOK_FAIL_IN") == place:
        raise RuntimeError(f"the guestbook was asked to fail in {place}")
