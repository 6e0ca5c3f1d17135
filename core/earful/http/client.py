"""Requests and redirects: the client itself."""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import metadata
from typing import TYPE_CHECKING, Any, Self, cast

from earful.errors import ChannelError, OutcomeUnknown, PayloadError, TemporaryFailure
from earful.http import wire
from earful.http.addresses import origin, parse_url, without_secrets
from earful.http.answers import (
    NOT_REPEATABLE,
    REDIRECTS,
    Response,
    checked,
    decoder,
    joined,
)
from earful.wording import gettext as _

if TYPE_CHECKING:
    import httpcore
    import httpx

__all__ = ["MAX_REDIRECTS", "Client"]

MAX_REDIRECTS = 5
_PERMANENT = frozenset({301, 308})
_READS = frozenset({"GET", "HEAD"})
_HARMLESS_ELSEWHERE = frozenset(
    {"accept", "accept-language", "if-none-match", "if-modified-since", "user-agent"}
)


class Client:
    """Sends requests and answers with a `Response` for every status that needs no other word.

    Raises `RateLimited` for 429 (and 503 with `Retry-After`), `TemporaryFailure` for 408, 425,
    5xx, network trouble and a missed deadline, `AuthenticationFailed` for 401 and 403,
    `PayloadError` for a body that is too large or cannot be decoded, and `ChannelError` for an
    address it must not talk to. For POST and PATCH, what fails after the first byte has left is
    `OutcomeUnknown` instead, and redirects are answered as they are.

    `deadline_seconds` covers a whole call: name lookup, redirects, headers and body. `max_bytes`
    counts the decoded body. `headers` and `auth` go to the origin of `base_url` only.
    """

    def __init__(
        self,
        *,
        base_url: str = "",
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        allow_private: bool = False,
        deadline_seconds: float = 30.0,
        max_bytes: int = 10 * 1024 * 1024,
    ) -> None:
        import httpcore
        import httpx

        if auth is not None and not base_url:
            raise ValueError("auth needs a base_url, so that nobody else receives it")
        self._base = parse_url(base_url) if base_url else None
        self._home_headers = {k.lower(): v for k, v in (headers or {}).items()}
        if auth is not None:
            self._home_headers["authorization"] = _basic(auth)
        self._deadline_seconds = deadline_seconds
        self._max_bytes = max_bytes
        self._wire = wire.Wire(allow_private=allow_private)
        self._until_deadline = False
        self._httpx, self._httpcore = httpx, httpcore
        self._pool = httpcore.ConnectionPool(
            ssl_context=wire.ssl_context(),
            network_backend=cast("httpcore.NetworkBackend", self._wire),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        check_auth: bool = True,
        check_status: bool = True,
    ) -> Response:
        """Read `url`, which is absolute or relative to `base_url`."""
        return self.request("GET", url, params=params, headers=headers, check_auth=check_auth,
                            check_status=check_status)  # fmt: skip

    def listen(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Read a stream that does not end by itself: what came until the deadline, or `max_bytes`.

        Every status is returned. Raises as `get` does where no answer began in time.
        """
        return self.request("GET", url, params=params, headers=headers, check_status=False,
                            until_deadline=True)  # fmt: skip

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        check_auth: bool = True,
        check_status: bool = True,
    ) -> Response:
        """Write to `url`: one of `json`, `form` or `content`.

        With `files` (by field: name, bytes and content type) a form is sent as multipart.
        """
        return self.request("POST", url, json=json, form=form, content=content, files=files,
                            params=params, headers=headers, check_auth=check_auth,
                            check_status=check_status)  # fmt: skip

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        files: Mapping[str, tuple[str, bytes, str]] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        check_auth: bool = True,
        check_status: bool = True,
        until_deadline: bool = False,
    ) -> Response:
        """Send one request. With `check_auth=False` answers of 401 and 403 are returned, too.

        With `check_status=False` every answer is returned, for platforms that say more in headers
        and body than a status can. With `until_deadline` a body may be cut off by time or size.
        """
        self._wire.start(self._deadline_seconds)
        self._until_deadline = until_deadline
        target = self._target(url, params)
        own = self._home_headers if self._is_home(target) else {}
        sent_headers = {
            "user-agent": _user_agent(),
            "accept": "*/*",
            "accept-encoding": "gzip",
            **own,
            **{k.lower(): v for k, v in (headers or {}).items()},
        }
        request = self._httpx.Request(method.upper(), target, headers=sent_headers,
                                      json=json, data=form, content=content,
                                      files=files)  # fmt: skip
        response = self._follow(request)
        return (
            checked(response, method.upper(), check_auth=check_auth) if check_status else response
        )

    def _target(self, url: str, params: Mapping[str, str] | None) -> httpx.URL:
        target = parse_url(url, base=self._base)
        return target.copy_merge_params(dict(params)) if params else target

    def _is_home(self, url: httpx.URL) -> bool:
        return self._base is None or origin(url) == origin(self._base)

    def _follow(self, request: httpx.Request) -> Response:
        moved_to: str | None = None
        only_permanent = True
        for _hop in range(MAX_REDIRECTS + 1):
            response = self._exchange(request)
            location = response.headers.get("location")
            if response.status not in REDIRECTS or not location or request.method not in _READS:
                return replace(response, moved_to=moved_to)
            only_permanent = only_permanent and response.status in _PERMANENT
            request = self._redirected(request, location)
            moved_to = str(request.url) if only_permanent else moved_to
        raise ChannelError(
            _(
                "%(address)s redirects more than %(most)s times",
                address=without_secrets(request.url),
                most=MAX_REDIRECTS,
            )
        )

    def _redirected(self, request: httpx.Request, location: str) -> httpx.Request:
        target = parse_url(location, base=request.url).copy_with(userinfo=b"")
        if request.url.scheme == "https" and target.scheme != "https":
            raise ChannelError(
                _(
                    "%(address)s redirects from https to http",
                    address=without_secrets(request.url),
                )
            )
        same = origin(target) == origin(request.url)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name != "host" and (same or name in _HARMLESS_ELSEWHERE)
        }
        headers["accept-encoding"] = "gzip"
        return self._httpx.Request(request.method, target, headers=headers)

    def _exchange(self, request: httpx.Request) -> Response:
        self._wire.sent = False
        shown, core = without_secrets(request.url), self._httpcore
        try:
            return self._send(request)
        except (
            ChannelError,
            OSError,
            core.TimeoutException,
            core.NetworkError,
            core.ProtocolError,
        ) as error:
            if self._wire.sent and request.method in NOT_REPEATABLE:
                raise OutcomeUnknown(
                    _("The answer of %(shown)s was lost: %(why)s", shown=shown, why=error)
                ) from error
            if isinstance(error, ChannelError):
                raise
            raise TemporaryFailure(
                _("%(shown)s could not be reached: %(why)s", shown=shown, why=error)
            ) from error

    def _send(self, request: httpx.Request) -> Response:
        answer = self._pool.handle_request(
            self._httpcore.Request(
                method=request.method,
                url=self._httpcore.URL(
                    scheme=request.url.raw_scheme,
                    host=request.url.raw_host,
                    port=request.url.port,
                    target=request.url.raw_path,
                ),
                headers=request.headers.raw,
                content=request.read(),
                extensions={"timeout": {"pool": self._wire.left()}},
            )
        )
        try:
            headers = joined(answer.headers)
            redirect = answer.status in REDIRECTS and request.method in _READS
            body = b"" if redirect else self._read(answer, headers, without_secrets(request.url))
        finally:
            answer.close()
        return Response(status=answer.status, headers=headers, body=body, url=str(request.url))

    def _read(self, answer: httpcore.Response, headers: Mapping[str, str], shown: str) -> bytes:
        encoding = headers.get("content-encoding", "identity").strip().lower()
        decode = decoder(encoding, shown)
        body = bytearray()
        for chunk in self._chunks(answer):
            body += decode(chunk, self._max_bytes + 1 - len(body))
            if len(body) > self._max_bytes:
                if self._until_deadline:
                    break
                raise PayloadError(
                    _(
                        "%(shown)s answers with more than %(most)s bytes",
                        shown=shown,
                        most=self._max_bytes,
                    )
                )
        return bytes(body)

    def _chunks(self, answer: httpcore.Response) -> Iterator[bytes]:
        """The body's pieces; a stream that is only listened to ends with the deadline."""
        try:
            yield from answer.iter_stream()
        except (TemporaryFailure, self._httpcore.TimeoutException):
            if not self._until_deadline:
                raise


@functools.cache
def _user_agent() -> str:
    return f"Earful/{metadata.version('earful')}"


def _basic(auth: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(auth).encode()).decode()
