"""What came back: the response, its decoding within bounds, and which statuses are errors."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, NoReturn

from earful.errors import (
    AuthenticationFailed,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    TemporaryFailure,
)
from earful.http.addresses import without_secrets
from earful.wording import gettext as _

__all__ = [
    "NOT_REPEATABLE",
    "REDIRECTS",
    "Response",
    "checked",
    "decoder",
    "joined",
    "parse_retry_after",
]

LONGEST_WAIT = timedelta(days=7)
REDIRECTS = frozenset({301, 302, 303, 307, 308})
NOT_REPEATABLE = frozenset({"POST", "PATCH"})
_SUCCESS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, read to its end. Names in `headers` are in lower case.

    `url` is where it came from after redirects; `moved_to` is the address to remember, if the
    redirects on the way began with permanent ones.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    moved_to: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        return self.status // 100 == _SUCCESS

    @property
    def is_redirect(self) -> bool:
        """Whether it points elsewhere, which only writes get to see."""
        return self.status in REDIRECTS and "location" in self.headers

    def json(self) -> Any:
        """The body as JSON; `PayloadError` if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise PayloadError(
                _(
                    "%(address)s did not answer in JSON",
                    address=without_secrets(self.url),
                )
            ) from error


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """How long `Retry-After` asks to wait: given in seconds or as a date. None if it says nothing.

    Never negative, and never more than a week.
    """
    if not value:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return timedelta(seconds=min(int(text[:9]), LONGEST_WAIT.total_seconds()))
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError, IndexError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(when - now, timedelta()), LONGEST_WAIT)


def joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


class _Unzip:
    """Decodes gzip or deflate, and never makes more of it than it is asked for."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._inflate = zlib.decompressobj(47)

    def __call__(self, chunk: bytes, most: int) -> bytes:
        out = b""
        try:
            while chunk and len(out) < most:
                if self._inflate.eof:
                    self._inflate = zlib.decompressobj(47)
                out += self._inflate.decompress(chunk, most - len(out))
                chunk = self._inflate.unused_data or self._inflate.unconsumed_tail
        except zlib.error as error:
            raise PayloadError(
                _("%(shown)s answers with broken compression", shown=self._shown)
            ) from error
        return out


def decoder(encoding: str, shown: str) -> Callable[[bytes, int], bytes]:
    if encoding in {"", "identity"}:
        return lambda chunk, _most: chunk
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Unzip(shown)
    raise PayloadError(
        _(
            "%(shown)s answers in an encoding nobody asked for: %(encoding)s",
            shown=shown,
            encoding=encoding[:40],
        )
    )


def checked(response: Response, method: str, *, check_auth: bool) -> Response:
    status, shown = response.status, without_secrets(response.url)
    said = _("%(shown)s answers %(status)s", shown=shown, status=status)
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in response.headers
    ):
        wait = parse_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        raise RateLimited(_("%(said)s: it asks to wait", said=said), retry_after=wait)
    if check_auth and status in {401, 403}:
        raise AuthenticationFailed(_("%(said)s: it refuses access", said=said))
    if status in {408, 425, 503}:
        raise TemporaryFailure(said)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _server_error(said, method)
    return response


def _server_error(said: str, method: str) -> NoReturn:
    if method in NOT_REPEATABLE:
        raise OutcomeUnknown(_("%(said)s: it may have been accepted all the same", said=said))
    raise TemporaryFailure(said)
