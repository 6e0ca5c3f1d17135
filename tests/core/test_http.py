"""The guarded HTTP client against real servers on loopback, most of them ill-behaved."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from earful import (
    AuthenticationFailed,
    ChannelError,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    TemporaryFailure,
    __version__,
)
from earful.http import Client, is_public, parse_retry_after, wire
from earful.http.client import MAX_REDIRECTS

Answer = Callable[[socket.socket, str], None]
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class Server:
    """A server whose answers are functions, one per path; it remembers the heads it was sent."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answers: dict[str, Answer] = {}
        self.heads: list[str] = []
        self.connections = 0
        self.closing = threading.Event()
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        try:
            wrapped = self._context.wrap_socket(plain, server_side=True) if self._context else plain
            with wrapped as connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    chunk = connection.recv(65536)
                    if not chunk:
                        return
                    head += chunk
                text = head.decode()
                self.heads.append(text)
                self.answers[text.split()[1].partition("?")[0]](connection, text)
        except OSError:
            return

    def say(self, path: str, status: int = 200, body: bytes = b"", **headers: str) -> None:
        lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        whole = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        self.answers[path] = lambda connection, _head: connection.sendall(whole)

    def close(self) -> None:
        self.closing.set()
        self._socket.close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def http() -> Iterator[Client]:
    with Client(allow_private=True, deadline_seconds=10) as client:
        yield client


def test_a_get_brings_status_headers_body_and_names_us(server: Server, http: Client) -> None:
    server.say("/page", 200, b'{"a": 1}', X_Thing="yes")
    response = http.get(f"{server.url}/page", params={"q": "a b"})
    assert (response.status, response.ok, response.json()) == (200, True, {"a": 1})
    assert response.headers["x-thing"] == "yes"
    assert response.url == f"{server.url}/page?q=a%20b" or response.url.endswith("?q=a+b")
    assert f"user-agent: earful/{__version__}" in server.heads[0].lower()
    assert f"host: 127.0.0.1:{server.port}" in server.heads[0].lower()


def test_statuses_without_another_word_are_returned(server: Server, http: Client) -> None:
    for status in (304, 400, 404, 409, 410):
        server.say("/", status)
        assert http.get(server.url).status == status


@pytest.mark.parametrize("status", [401, 403])
def test_refused_access_is_told_apart_unless_the_caller_wants_it(
    server: Server, http: Client, status: int
) -> None:
    server.say("/", status)
    with pytest.raises(AuthenticationFailed):
        http.get(server.url)
    assert http.get(server.url, check_auth=False).status == status


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
def test_server_trouble_is_temporary_for_a_read(server: Server, http: Client, status: int) -> None:
    server.say("/", status)
    with pytest.raises(TemporaryFailure):
        http.get(server.url)


@pytest.mark.parametrize("status", [429, 503])
def test_a_wish_to_wait_is_kept(server: Server, http: Client, status: int) -> None:
    server.say("/", status, Retry_After="120")
    with pytest.raises(RateLimited) as caught:
        http.get(server.url)
    assert caught.value.retry_after == timedelta(seconds=120)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("Sun, 01 Mar 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta()),
        ("99999999999999999999999", timedelta(days=7)),
        ("Fri, 01 Mar 2999 12:01:00 GMT", timedelta(days=7)),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str | None, wait: timedelta | None) -> None:
    assert parse_retry_after(value, NOW) == wait


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.1.1",
        "224.0.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "198.18.0.1",
        "192.0.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "2001:0:0:0:0:0:80ff:fffe",
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "2130706433", "0", "[::ffff:127.0.0.1]"]
)
def test_private_addresses_are_refused_before_connecting(server: Server, host: str) -> None:
    with Client() as guarded, pytest.raises(ChannelError):
        guarded.get(f"http://{host}:{server.port}/")
    assert server.connections == 0


def test_one_private_address_among_public_ones_is_refused(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "_resolve", lambda *_: ["8.8.8.8", "127.0.0.1"])
    with Client() as guarded, pytest.raises(ChannelError, match="not a public address"):
        guarded.get(f"http://rebind.example:{server.port}/")
    assert server.connections == 0


def test_the_checked_address_is_the_one_connected_to(
    server: Server, http: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def resolve(host: str, _port: int, _seconds: float) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.255.255.1"]

    monkeypatch.setattr(wire, "_resolve", resolve)
    server.say("/", 200, b"in")
    assert http.get(f"http://rebind.example:{server.port}/").body == b"in"
    assert asked == ["rebind.example"]
    assert f"host: rebind.example:{server.port}" in server.heads[0].lower()


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a.example/",
        "/relative",
        "http://",
        "http://[::1",
        "http://a\x00b/",
        "",
    ],
)
def test_only_http_addresses_are_read(http: Client, url: str) -> None:
    with pytest.raises(ChannelError):
        http.get(url)


def test_redirects_are_followed_and_permanent_ones_reported(server: Server, http: Client) -> None:
    server.say("/a", 301, Location="/b")
    server.say("/b", 308, Location=f"{server.url}/c")
    server.say("/c", 302, Location="/d")
    server.say("/d", 200, b"end")
    response = http.get(f"{server.url}/a")
    assert (response.body, response.url) == (b"end", f"{server.url}/d")
    assert response.moved_to == f"{server.url}/c"


def test_endless_redirects_end(server: Server, http: Client) -> None:
    server.say("/a", 302, Location="/a")
    with pytest.raises(ChannelError, match="redirects more than"):
        http.get(f"{server.url}/a")
    assert len(server.heads) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("target", ["file:///etc/passwd", "javascript:alert(1)", "http://"])
def test_a_redirect_to_something_else_is_refused(server: Server, http: Client, target: str) -> None:
    server.say("/a", 302, Location=target)
    with pytest.raises(ChannelError):
        http.get(f"{server.url}/a")


def test_a_redirect_inside_is_refused(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.say("/a", 302, Location="http://169.254.169.254/latest/meta-data")
    monkeypatch.setattr(wire, "is_public", lambda address: address == "127.0.0.1")
    with Client() as guarded, pytest.raises(ChannelError, match=r"169\.254"):
        guarded.get(f"{server.url}/a")


def test_secrets_stay_at_home(server: Server) -> None:
    other = Server()
    other.say("/", 200, b"other")
    server.say("/away", 302, Location=other.url + "/")
    server.say("/near", 302, Location="/home")
    server.say("/home", 200)
    with Client(
        base_url=server.url, auth=("me", "pw"), headers={"Api-Key": "k"}, allow_private=True
    ) as http:
        http.get("/away", headers={"X-Token": "t", "If-None-Match": '"e"'})
        http.get(other.url + "/")
        http.get("/near")
    other.close()
    for head in other.heads:
        assert not {"authorization", "api-key", "x-token"} & set(
            head.lower().replace(":", " ").split()
        )
    assert 'if-none-match: "e"' in other.heads[0].lower()
    assert "authorization: basic bwu6chc=" in server.heads[-1].lower()


def test_auth_needs_a_home() -> None:
    with pytest.raises(ValueError, match="base_url"):
        Client(auth=("me", "pw"))


def test_too_large_a_body_is_cut_off_while_it_streams(server: Server) -> None:
    sent: list[int] = []

    def flood(connection: socket.socket, _head: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
        for _ in range(1600):
            connection.sendall(b"x" * 65536)
            sent.append(65536)

    server.answers["/"] = flood
    with (
        Client(allow_private=True, max_bytes=1_000_000) as http,
        pytest.raises(PayloadError, match="more than 1000000 bytes"),
    ):
        http.get(server.url)
    assert sum(sent) < 50_000_000


def test_a_gzip_bomb_is_measured_unpacked(server: Server) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    server.say("/", 200, bomb, Content_Encoding="gzip")
    with Client(allow_private=True, max_bytes=1_000_000) as http, pytest.raises(PayloadError):
        http.get(server.url)


def test_gzip_is_unpacked_and_other_encodings_are_refused(server: Server, http: Client) -> None:
    server.say("/", 200, gzip.compress(b"hel") + gzip.compress(b"lo"), Content_Encoding="gzip")
    assert http.get(server.url).body == b"hello"
    server.say("/", 200, b"not gzip", Content_Encoding="gzip")
    with pytest.raises(PayloadError, match="broken compression"):
        http.get(server.url)
    server.say("/", 200, b"?", Content_Encoding="br")
    with pytest.raises(PayloadError, match="nobody asked for"):
        http.get(server.url)


def _drip(server: Server, start: bytes) -> Answer:
    def drip(connection: socket.socket, _head: str) -> None:
        connection.sendall(start)
        while not server.closing.wait(0.02):
            connection.sendall(b"a")

    return drip


@pytest.mark.parametrize(
    "start",
    [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n", b""],
    ids=["header", "body", "status"],
)
def test_a_dripping_server_ends_at_the_deadline(server: Server, start: bytes) -> None:
    server.answers["/"] = _drip(server, start)
    began = monotonic()
    with Client(allow_private=True, deadline_seconds=0.4) as http, pytest.raises(TemporaryFailure):
        http.get(server.url)
    assert monotonic() - began < 3


def test_a_slow_name_lookup_ends_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def stuck(*_: Any, **__: Any) -> list[Any]:
        release.wait(30)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    with Client(deadline_seconds=0.2) as http, pytest.raises(TemporaryFailure, match="in time"):
        http.get("http://slow.example/")
    release.set()


def test_nonsense_and_lost_connections_are_temporary_for_a_read(
    server: Server, http: Client
) -> None:
    for nonsense in (b"", b"hello there\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab",
                     b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 40_000):  # fmt: skip
        server.answers["/"] = lambda connection, _head, n=nonsense: connection.sendall(n)  # type: ignore[misc]
        with pytest.raises(TemporaryFailure):
            http.get(server.url)


def test_a_write_that_was_never_sent_may_be_tried_again(http: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TemporaryFailure):
        http.post(f"http://127.0.0.1:{port}/", json={"a": 1})


def test_a_write_whose_answer_is_lost_is_unknown(server: Server, http: Client) -> None:
    server.answers["/"] = lambda _connection, _head: None
    with pytest.raises(OutcomeUnknown):
        http.post(server.url, json={"a": 1})
    with pytest.raises(TemporaryFailure):
        http.request("DELETE", server.url)
    for status in (500, 502, 504):
        server.say("/", status)
        with pytest.raises(OutcomeUnknown):
            http.post(server.url, form={"a": "1"})
    server.say("/", 200, b"x" * 100)
    with Client(allow_private=True, max_bytes=10) as small, pytest.raises(OutcomeUnknown):
        small.post(server.url, content=b"x")


def test_a_write_refused_for_now_was_not_accepted(server: Server, http: Client) -> None:
    server.say("/", 503)
    with pytest.raises(TemporaryFailure):
        http.post(server.url, json={})
    server.say("/", 429)
    with pytest.raises(RateLimited) as caught:
        http.post(server.url, json={})
    assert caught.value.retry_after is None


def test_a_write_is_not_redirected(server: Server, http: Client) -> None:
    server.say("/", 307, b"gone there", Location="/other")
    assert http.post(server.url, json={}).status == 307
    assert len(server.heads) == 1


def test_broken_json_is_a_payload_error(server: Server, http: Client) -> None:
    for body in (b"<html>", b"\xff\xfe", b"[" * 100_000):
        server.say("/", 200, body)
        with pytest.raises(PayloadError):
            http.get(server.url).json()


def test_messages_never_hold_the_query(server: Server, http: Client) -> None:
    server.say("/", 500)
    with pytest.raises(TemporaryFailure) as caught:
        http.get(server.url, params={"key": "s3cret"})
    assert "s3cret" not in str(caught.value)


def test_importing_the_module_does_not_load_httpx() -> None:
    code = (
        "import sys, earful.http; sys.exit(bool({'httpx', 'httpcore', 'ssl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.fixture
def tls(tmp_path: Path) -> Iterator[tuple[Server, list[str | None], ssl.SSLContext]]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed: no certificate to serve with")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout",
         str(key), "-out", str(certificate), "-subj", "/CN=blog.example",
         "-addext", "subjectAltName=DNS:blog.example"],
        check=True, capture_output=True,
    )  # fmt: skip
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    server = Server(context)
    yield server, names, ssl.create_default_context(cafile=str(certificate))
    server.close()


def test_tls_asks_for_the_name_and_checks_it(
    tls: tuple[Server, list[str | None], ssl.SSLContext], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, names, trusting = tls
    monkeypatch.setattr(wire, "_resolve", lambda *_: ["127.0.0.1"])
    monkeypatch.setattr(wire, "ssl_context", lambda: trusting)
    server.say("/", 200, b"safe")
    server.say("/down", 302, Location="http://blog.example/")
    with Client(allow_private=True) as http:
        assert http.get(f"https://blog.example:{server.port}/").body == b"safe"
        assert names == ["blog.example"]
        with pytest.raises(TemporaryFailure, match="certificate"):
            http.get(f"https://other.example:{server.port}/")
        with pytest.raises(ChannelError, match="from https to http"):
            http.get(f"https://blog.example:{server.port}/down")


def test_every_status_is_returned_on_request(server: Server, http: Client) -> None:
    for status in (401, 403, 429, 500):
        server.say("/", status, x_rate_limit_reset="1")
        response = http.get(f"{server.url}/", check_status=False)
        assert (response.status, response.headers["x-rate-limit-reset"]) == (status, "1")
        assert http.post(f"{server.url}/", json={}, check_status=False).status == status


def test_listening_brings_what_came_until_the_deadline(server: Server) -> None:
    def stream(connection: socket.socket, _head: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"4\r\none\n\r\n")
        server.closing.wait(10)

    server.answers["/stream"] = stream
    with Client(allow_private=True, deadline_seconds=0.4) as http:
        assert http.listen(f"{server.url}/stream").body == b"one\n"
        with pytest.raises(TemporaryFailure):
            http.get(f"{server.url}/stream")


def test_listening_ends_at_the_size(server: Server) -> None:
    server.say("/", 200, b"x" * 1000)
    with Client(allow_private=True, max_bytes=100) as http:
        assert 100 <= len(http.listen(f"{server.url}/").body) <= 1000
