"""Static files: our own made small, at an address that changes with the content.

So browsers may keep them, and a first visit loads little.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, send_from_directory, url_for
from rcssmin import cssmin
from rjsmin import jsmin

from earful_admin.access import public

__all__ = ["STATIC", "asset", "init_app"]

STATIC = Path(__file__).parent / "static"
_YEAR = 31_536_000
_SMALLER = {".css": (cssmin, "text/css"), ".js": (jsmin, "text/javascript")}
# What others made, in a folder of its own, stays as they gave it out.
_OURS = frozenset(path.name for path in STATIC.iterdir() if path.suffix in _SMALLER)


@cache
def _content(name: str) -> bytes:
    """What is served of one file; a name without a file is a mistake in a template."""
    path = STATIC / name
    if name not in _OURS:
        return path.read_bytes()
    minify, _type = _SMALLER[path.suffix]
    return str(minify(path.read_text(encoding="utf-8"))).encode()


@cache
def _version(name: str) -> str:
    """A short hash of what is served."""
    return hashlib.sha256(_content(name)).hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file, as it is now."""
    return _addressed(request.script_root, name)


@cache
def _addressed(root: str, name: str) -> str:
    # Hundreds stand on a page; finding each by the routes would take as long as all the rest.
    return f"{root}/static/{name}?v={_version(name)}"


@public
def _static(filename: str) -> Response:
    if filename in _OURS and not current_app.debug:
        response = _made_small(filename)
    else:
        response = send_from_directory(STATIC, filename)
    # A font is named in the style sheet, which knows no versions; it does not change either.
    if request.args.get("v") or filename.endswith(".woff2"):
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response


def _made_small(name: str) -> Response:
    _minify, kind = _SMALLER[Path(name).suffix]
    response = Response(_content(name), mimetype=kind)
    response.set_etag(_version(name))
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def init_app(app: Flask) -> None:
    """Serve the files, and let templates say `asset("app.css")`."""
    app.add_url_rule("/static/<path:filename>", "static", _static)
    app.jinja_env.globals["asset"] = asset
    if app.debug:
        app.jinja_env.globals["asset"] = lambda name: url_for("static", filename=name)
