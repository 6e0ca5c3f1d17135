"""Static files: an address that changes with the content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, request, send_from_directory, url_for

from earful_admin.access import public

__all__ = ["STATIC", "asset", "init_app"]

STATIC = Path(__file__).parent / "static"
_YEAR = 31_536_000


@cache
def _version(name: str) -> str:
    """A short hash of one file; a name without a file is a mistake in a template."""
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, as it is now."""
    return _addressed(request.script_root, name)


@cache
def _addressed(root: str, name: str) -> str:
    # Hundreds stand on a page; finding each by the routes would take as long as all the rest.
    return f"{root}/static/{name}?v={_version(name)}"


@public
def _static(filename: str) -> Response:
    response = send_from_directory(STATIC, filename)
    # A font is named in the style sheet, which knows no versions; it does not change either.
    if request.args.get("v") or filename.endswith(".woff2"):
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response


def init_app(app: Flask) -> None:
    """Serve the files, and let templates say `asset("app.css")`."""
    app.add_url_rule("/static/<path:filename>", "static", _static)
    app.jinja_env.globals["asset"] = asset
    if app.debug:
        app.jinja_env.globals["asset"] = lambda name: url_for("static", filename=name)
