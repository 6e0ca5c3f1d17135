"""What is served of our own files, and of others'."""

from __future__ import annotations

import re

import pytest
from earful_admin import assets
from flask.testing import FlaskClient

OWN = sorted(path.name for path in assets.STATIC.iterdir() if path.suffix in {".css", ".js"})


@pytest.mark.parametrize("name", OWN)
def test_our_own_files_are_served_without_comments(stranger: FlaskClient, name: str) -> None:
    answer = stranger.get(f"/static/{name}")
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    assert answer.mimetype == kind
    assert len(answer.data) < (assets.STATIC / name).stat().st_size
    assert not re.search(r"^\s*//|/\*", answer.text, re.MULTILINE)


def test_a_browser_that_has_a_file_is_told_that_it_is_the_same(stranger: FlaskClient) -> None:
    answer = stranger.get("/static/app.js")
    headers = {"If-None-Match": answer.headers["ETag"]}
    assert stranger.get("/static/app.js", headers=headers).status_code == 304


def test_what_others_made_is_served_as_they_gave_it_out(stranger: FlaskClient) -> None:
    for path in (assets.STATIC / "vendor").glob("*.js"):
        assert stranger.get(f"/static/vendor/{path.name}", buffered=True).data == path.read_bytes()
