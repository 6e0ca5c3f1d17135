"""What X says when it refuses, as Earful's errors; one place for all calls.

X describes problems by `title`, `detail` and `type` (RFC 7807), alone or in a list `errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from earful import (
    AuthenticationFailed,
    ChannelError,
    DeliveryRejected,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    TemporaryFailure,
)
from earful import gettext as _
from earful.http import Response, parse_retry_after

__all__ = ["WINDOW", "Refusal", "error_of", "explain", "limits_of", "wait_of"]

WINDOW = timedelta(minutes=15)
"""How long X's rate limits last; what is waited where a 429 says nothing."""
NO_CREDIT_WAIT = timedelta(hours=1)
_SERVER_ERROR = 500


class Refusal(DeliveryRejected):
    """X understood the request and refuses it for good; `kind` is the problem's type."""

    def __init__(self, message: str, *, status: int, kind: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


def explain(response: Response) -> tuple[str, str]:
    """X's words about a problem, and the last part of its type."""
    try:
        body: Any = response.json()
    except PayloadError:
        return _("X answers %(status)s", status=response.status), ""
    found = body if isinstance(body, Mapping) else {}
    errors = found.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else {}
    inner = first if isinstance(first, Mapping) else {}
    detail = found.get("detail") or inner.get("detail") or inner.get("message")
    words = str(detail or found.get("title") or _("X answers %(status)s", status=response.status))[
        :500
    ]
    kind = str(found.get("type") or inner.get("type") or "").rpartition("/")[2]
    return words, kind


def limits_of(headers: Mapping[str, str]) -> tuple[int | None, int, datetime] | None:
    """What the headers of an answer tell of its endpoint: (limit, remaining, reset).

    The limits of a day count where they are used up; else those of the window.
    """
    day = _limit(headers, "x-user-limit-24hour") or _limit(headers, "x-app-limit-24hour")
    window = _limit(headers, "x-rate-limit")
    return day if day and (day[1] <= 0 or window is None) else window


def _limit(headers: Mapping[str, str], name: str) -> tuple[int | None, int, datetime] | None:
    remaining, reset = headers.get(f"{name}-remaining"), headers.get(f"{name}-reset")
    limit = headers.get(f"{name}-limit", "")
    try:
        until = datetime.fromtimestamp(int(reset or ""), UTC)
        return int(limit) if limit.isdigit() else None, int(remaining or ""), until
    except (ValueError, OverflowError, OSError):
        return None


def wait_of(response: Response, now: datetime) -> timedelta:
    """How long a 429 asks to wait; a whole window where it does not say."""
    told = limits_of(response.headers)
    if told and told[1] <= 0 and told[2] > now:
        return told[2] - now
    asked = parse_retry_after(response.headers.get("retry-after"), now)
    return asked or WINDOW


def error_of(  # noqa: PLR0911 - a table, as code
    response: Response, method: str, now: datetime
) -> ChannelError:
    """The error that says what the host does next about an answer that is no success."""
    status = response.status
    words, kind = explain(response)
    if status == 401:  # noqa: PLR2004
        return AuthenticationFailed(
            _("X does not accept the permission any more: %(words)s", words=words)
        )
    if status == 429 and kind != "usage-capped":  # noqa: PLR2004
        return RateLimited(
            _("X asks to wait: %(words)s", words=words), retry_after=wait_of(response, now)
        )
    if status == 402 or kind == "usage-capped":  # noqa: PLR2004
        return RateLimited(
            _(
                "X's credits or its monthly cap are used up: %(words)s. Look into X's "
                "developer console.",
                words=words,
            ),
            retry_after=NO_CREDIT_WAIT,
        )
    if status in {408, 425, 503}:
        return TemporaryFailure(_("X answers %(status)s: %(words)s", status=status, words=words))
    if status >= _SERVER_ERROR:
        if method == "POST":
            return OutcomeUnknown(
                _("X answers %(status)s: it may have been accepted all the same", status=status)
            )
        return TemporaryFailure(_("X answers %(status)s: %(words)s", status=status, words=words))
    return Refusal(words, status=status, kind=kind)
