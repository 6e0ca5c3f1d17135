"""A guarded HTTP client for addresses that strangers may choose; part of the plugin API.

It talks to public addresses only (unless told otherwise), connects to the very address it has
checked, follows redirects itself, ends in time and in size, and raises nothing but Earful's own
errors. It keeps no cookies and reads no proxy settings. One client serves one thread.

    with Client(base_url="https://blog.example/", auth=("user", "secret")) as http:
        response = http.get("wp-json/wp/v2/comments", params={"per_page": "1"})
"""

from __future__ import annotations

import base64
import functools
import ipaddress
import json
import queue
import socket
import threading
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from importlib import metadata
from time import monotonic
from typing import TYPE_CHECKING, Any, NoReturn, Self, cast

from earful.errors import (
    AuthenticationFailed,
    ChannelError,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    TemporaryFailure,
)

if TYPE_CHECKING:
    import ssl

    import httpcore
    import httpx

__all__ = ["Client", "Response", "is_public", "parse_retry_after"]

MAX_REDIRECTS = 5
LONGEST_WAIT = timedelta(days=7)
_SUCCESS = 2
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_READS = frozenset({"GET", "HEAD"})
_NOT_REPEATABLE = frozenset({"POST", "PATCH"})
_HARMLESS_ELSEWHERE = frozenset(
    {"accept", "accept-language", "if-none-match", "if-modified-since", "user-agent"}
)
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_COMPATIBLE = ipaddress.ip_network("::/96")
_NEVER_PUBLIC = tuple(
    ipaddress.ip_network(net)
    for net in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15",
                "240.0.0.0/4", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32",
                "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10")
)  # fmt: skip


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
        return self.status in _REDIRECTS and "location" in self.headers

    def json(self) -> Any:
        """The body as JSON; `PayloadError` if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise PayloadError(f"{_shown(self.url)} did not answer in JSON") from error


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
        self._base = _parse_url(base_url) if base_url else None
        self._home_headers = {k.lower(): v for k, v in (headers or {}).items()}
        if auth is not None:
            self._home_headers["authorization"] = _basic(auth)
        self._deadline_seconds = deadline_seconds
        self._max_bytes = max_bytes
        self._wire = _Wire(allow_private=allow_private)
        self._httpx, self._httpcore = httpx, httpcore
        self._pool = httpcore.ConnectionPool(
            ssl_context=_ssl_context(),
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
    ) -> Response:
        """Read `url`, which is absolute or relative to `base_url`."""
        return self.request("GET", url, params=params, headers=headers, check_auth=check_auth)

    def post(
        self,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        check_auth: bool = True,
    ) -> Response:
        """Write to `url`: one of `json`, `form` or `content`."""
        return self.request("POST", url, json=json, form=form, content=content, params=params,
                            headers=headers, check_auth=check_auth)  # fmt: skip

    def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        check_auth: bool = True,
    ) -> Response:
        """Send one request. With `check_auth=False` answers of 401 and 403 are returned, too."""
        self._wire.start(self._deadline_seconds)
        target = self._target(url, params)
        own = self._home_headers if self._is_home(target) else {}
        sent_headers = {
            "user-agent": f"Earful/{metadata.version('earful')}",
            "accept": "*/*",
            "accept-encoding": "gzip",
            **own,
            **{k.lower(): v for k, v in (headers or {}).items()},
        }
        request = self._httpx.Request(method.upper(), target, headers=sent_headers,
                                      json=json, data=form, content=content)  # fmt: skip
        response = self._follow(request)
        return _checked(response, method.upper(), check_auth=check_auth)

    def _target(self, url: str, params: Mapping[str, str] | None) -> httpx.URL:
        target = _parse_url(url, base=self._base)
        return target.copy_merge_params(dict(params)) if params else target

    def _is_home(self, url: httpx.URL) -> bool:
        return self._base is None or _origin(url) == _origin(self._base)

    def _follow(self, request: httpx.Request) -> Response:
        moved_to: str | None = None
        only_permanent = True
        for _ in range(MAX_REDIRECTS + 1):
            response = self._exchange(request)
            location = response.headers.get("location")
            if response.status not in _REDIRECTS or not location or request.method not in _READS:
                return replace(response, moved_to=moved_to)
            only_permanent = only_permanent and response.status in _PERMANENT
            request = self._redirected(request, location)
            moved_to = str(request.url) if only_permanent else moved_to
        raise ChannelError(f"{_shown(request.url)} redirects more than {MAX_REDIRECTS} times")

    def _redirected(self, request: httpx.Request, location: str) -> httpx.Request:
        target = _parse_url(location, base=request.url).copy_with(userinfo=b"")
        if request.url.scheme == "https" and target.scheme != "https":
            raise ChannelError(f"{_shown(request.url)} redirects from https to http")
        same = _origin(target) == _origin(request.url)
        headers = {
            name: value
            for name, value in request.headers.items()
            if name != "host" and (same or name in _HARMLESS_ELSEWHERE)
        }
        headers["accept-encoding"] = "gzip"
        return self._httpx.Request(request.method, target, headers=headers)

    def _exchange(self, request: httpx.Request) -> Response:
        self._wire.sent = False
        shown, core = _shown(request.url), self._httpcore
        try:
            return self._send(request)
        except (
            ChannelError,
            OSError,
            core.TimeoutException,
            core.NetworkError,
            core.ProtocolError,
        ) as error:
            if self._wire.sent and request.method in _NOT_REPEATABLE:
                raise OutcomeUnknown(f"The answer of {shown} was lost: {error}") from error
            if isinstance(error, ChannelError):
                raise
            raise TemporaryFailure(f"{shown} could not be reached: {error}") from error

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
            headers = _joined(answer.headers)
            redirect = answer.status in _REDIRECTS and request.method in _READS
            body = b"" if redirect else self._read(answer, headers, _shown(request.url))
        finally:
            answer.close()
        return Response(status=answer.status, headers=headers, body=body, url=str(request.url))

    def _read(self, answer: httpcore.Response, headers: Mapping[str, str], shown: str) -> bytes:
        encoding = headers.get("content-encoding", "identity").strip().lower()
        decode = _decoder(encoding, shown)
        body = bytearray()
        for chunk in answer.iter_stream():
            body += decode(chunk, self._max_bytes + 1 - len(body))
            if len(body) > self._max_bytes:
                raise PayloadError(f"{shown} answers with more than {self._max_bytes} bytes")
        return bytes(body)


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public internet, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = _embedded(ip)
        if inner is not None:
            return is_public(str(inner))
    if any(ip in net for net in _NEVER_PUBLIC if net.version == ip.version):
        return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


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


class _Wire:
    """The network under the pool: checks addresses, and holds every read and write to a deadline.

    It has the methods of `httpcore.NetworkBackend` without its class, to import it late.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self.allow_private = allow_private
        self.sent = False
        self._until = 0.0

    def start(self, seconds: float) -> None:
        self._until = monotonic() + seconds
        self.sent = False

    def left(self) -> float:
        seconds = self._until - monotonic()
        if seconds <= 0:
            raise TemporaryFailure("The answer took too long")
        return seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 - the deadline rules
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:
        import httpcore

        failure: Exception | None = None
        for address in self._addresses(host, port):
            try:
                stream = httpcore.SyncBackend().connect_tcp(
                    address, port, self.left(), local_address, socket_options or ()
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return _Stream(self, stream)
        raise TemporaryFailure(f"No connection to {host}: {failure or 'no address'}")

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError  # httpcore sleeps between retries only, and there are none

    def _addresses(self, host: str, port: int) -> list[str]:
        addresses = _resolve(host.strip("[]"), port, self.left())
        if not self.allow_private:
            for address in addresses:
                if not is_public(address):
                    raise ChannelError(f"{host} leads to {address}, which is not a public address")
        return addresses


class _Stream:
    """A connection that ends with the deadline of its wire."""

    def __init__(self, wire: _Wire, stream: httpcore.NetworkStream) -> None:
        self._wire = wire
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._stream.read(max_bytes, self._wire.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        left = self._wire.left()
        self._wire.sent = True
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> _Stream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._wire.left())
        return _Stream(self._wire, inner)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _resolve(host: str, port: int, seconds: float) -> list[str]:
    """All addresses of a name. The system's lookup knows no deadline, so a thread waits for it."""
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))

    threading.Thread(target=look_up, name="earful-name-lookup", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TemporaryFailure(f"The name {host} was not resolved in time") from None
    if isinstance(answer, OSError):
        raise TemporaryFailure(f"The name {host} cannot be resolved: {answer}") from answer
    return answer


def _embedded(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, in any of the known wrappings."""
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if ip in _NAT64 or ip in _IPV4_COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


def _parse_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    import httpx

    try:
        parsed = base.join(url) if base is not None else httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise ChannelError(f"This is not an address: {url[:200]!r}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ChannelError(f"Only http and https addresses are read, not {url[:200]!r}")
    return parsed


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _shown(url: httpx.URL | str) -> str:
    """An address for people and logs: no query and no user, which may hold secrets."""
    parsed = _parse_url(url) if isinstance(url, str) else url
    port = f":{parsed.port}" if parsed.port else ""
    return f"{parsed.scheme}://{parsed.host}{port}{parsed.path}"


def _basic(auth: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(auth).encode()).decode()


def _joined(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
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
            raise PayloadError(f"{self._shown} answers with broken compression") from error
        return out


def _decoder(encoding: str, shown: str) -> Any:
    if encoding in {"", "identity"}:
        return lambda chunk, _most: chunk
    if encoding in {"gzip", "x-gzip", "deflate"}:
        return _Unzip(shown)
    raise PayloadError(f"{shown} answers in an encoding nobody asked for: {encoding[:40]}")


def _checked(response: Response, method: str, *, check_auth: bool) -> Response:
    status, shown = response.status, _shown(response.url)
    said = f"{shown} answers {status}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or (
        status == HTTPStatus.SERVICE_UNAVAILABLE and "retry-after" in response.headers
    ):
        wait = parse_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        raise RateLimited(f"{said}: it asks to wait", retry_after=wait)
    if check_auth and status in {401, 403}:
        raise AuthenticationFailed(f"{said}: it refuses access")
    if status in {408, 425, 503}:
        raise TemporaryFailure(said)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _server_error(said, method)
    return response


def _server_error(said: str, method: str) -> NoReturn:
    if method in _NOT_REPEATABLE:
        raise OutcomeUnknown(f"{said}: it may have been accepted all the same")
    raise TemporaryFailure(said)


@functools.cache
def _ssl_context() -> ssl.SSLContext:
    import httpx

    return httpx.create_ssl_context(trust_env=False)
