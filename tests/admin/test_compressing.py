"""What goes over the wire: small where the browser can read that, and the same in content."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
from earful.store.states import Role
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

ASKS = {"Accept-Encoding": "gzip, br"}
FILES = ("app.css", "workspace.js", "vendor/htmx.min.js", "vendor/icons.svg")


def unpacked(answer: TestResponse) -> str:
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    return gzip.decompress(answer.data).decode()


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_sent_small(stranger: FlaskClient, name: str) -> None:
    plain = stranger.get(f"/static/{name}")
    small = stranger.get(f"/static/{name}", headers=ASKS)
    assert unpacked(small) == plain.text
    assert len(small.data) < len(plain.data) / 2
    assert small.mimetype == plain.mimetype
    assert small.headers["ETag"] != plain.headers["ETag"]
    assert "Accept-Encoding" in plain.headers["Vary"]


@pytest.mark.parametrize("headers", [{}, ASKS])
def test_a_file_that_is_there_is_not_sent_again(
    stranger: FlaskClient, headers: dict[str, str]
) -> None:
    etag = stranger.get("/static/app.css", headers=headers).headers["ETag"]
    again = stranger.get("/static/app.css", headers={**headers, "If-None-Match": etag})
    assert (again.status_code, again.data) == (304, b"")


def test_a_font_is_left_as_it_is(stranger: FlaskClient) -> None:
    path = "/static/vendor/inter-latin-wght-normal.woff2"
    assert "Content-Encoding" not in stranger.get(path, headers=ASKS, buffered=True).headers


@pytest.mark.parametrize("path", ["/", "/contacts/", "/people/"])
def test_a_page_is_sent_small(sign_in: Callable[[Role], FlaskClient], path: str) -> None:
    client = sign_in(Role.ADMIN)
    small = client.get(path, headers=ASKS)
    assert unpacked(small).lstrip().startswith("<!doctype html>")
    assert "Accept-Encoding" in client.get(path).headers["Vary"]


@pytest.mark.parametrize("asked", ["", "br", "gzip;q=0", "identity"])
def test_who_cannot_read_it_gets_it_plain(stranger: FlaskClient, asked: str) -> None:
    for path in ("/sign-in", "/static/app.css"):
        answer = stranger.get(path, headers={"Accept-Encoding": asked})
        assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_makes_a_browser_ask_for_tells_nothing_by_its_length(
    sign_in: Callable[[Role], FlaskClient], site: str
) -> None:
    client = sign_in(Role.AGENT)
    assert (
        "Content-Encoding" not in client.get("/", headers={**ASKS, "Sec-Fetch-Site": site}).headers
    )
    for ours in ("same-origin", "none"):
        unpacked(client.get("/", headers={**ASKS, "Sec-Fetch-Site": ours}))


def test_little_is_not_worth_it(stranger: FlaskClient) -> None:
    assert "Content-Encoding" not in stranger.get("/healthz", headers=ASKS).headers
