"""Static files: our own made small and joined, at an address that changes with the content.

So browsers may keep them, and a first visit loads little.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, Response, current_app, request, send_from_directory, url_for
from rcssmin import cssmin
from rjsmin import jsmin

from earful_admin.access import public
from earful_admin.compressing import accepts_gzip

__all__ = ["JOINED", "STATIC", "asset", "init_app"]

STATIC = Path(__file__).parent / "static"
_YEAR = 31_536_000
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SMALLER = {".css": cssmin, ".js": jsmin}
# What others made, in a folder of its own, stays as they gave it out.
_OURS = frozenset(path.name for path in STATIC.iterdir() if path.suffix in _SMALLER)
# What always comes together comes as one: that is smaller, and asked for once.
JOINED = {
    "workspace.css": ("inbox.css", "list.css"),
    "workspace.js": ("inbox.js", "list.js", "presence.js", "notices.js"),
    "thread.css": ("conversation.css", "composer.css"),
    "thread.js": ("conversation.js", "person.js", "composer.js"),
}
_TEXTS = frozenset(JOINED) | {
    path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*") if path.suffix in _TYPES
}


@cache
def _content(name: str) -> bytes:
    """What is served of one file; a name without a file is a mistake in a template."""
    if name in JOINED:
        return b"\n".join(map(_content, JOINED[name]))
    path = STATIC / name
    if name not in _OURS:
        return path.read_bytes()
    return str(_SMALLER[path.suffix](path.read_text(encoding="utf-8"))).encode()


@cache
def _compressed(name: str) -> bytes:
    """The same, as small as it gets: it is done once."""
    return gzip.compress(_content(name), 9, mtime=0)


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
    if current_app.debug:
        _forget()
    response = _text(filename) if filename in _TEXTS else send_from_directory(STATIC, filename)
    # A font is named in the style sheet, which knows no versions; it does not change either.
    if request.args.get("v") or filename.endswith(".woff2"):
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response


def _forget() -> None:
    """Read the files anew: whoever works on them sees at once what they changed."""
    for kept in (_content, _compressed, _version):
        kept.cache_clear()


def _text(name: str) -> Response:
    kind = _TYPES[Path(name).suffix]
    if accepts_gzip(request):
        response = Response(_compressed(name), mimetype=kind)
        response.headers["Content-Encoding"] = "gzip"
        response.set_etag(f"{_version(name)}-gzip")
    else:
        response = Response(_content(name), mimetype=kind)
        response.set_etag(_version(name))
    response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = "no-cache"
    response.make_conditional(request)
    return response


def init_app(app: Flask) -> None:
    """Serve the files, and let templates say `asset("app.css")`."""
    app.add_url_rule("/static/<path:filename>", "static", _static)
    app.jinja_env.globals["asset"] = asset
    if app.debug:
        app.jinja_env.globals["asset"] = lambda name: url_for("static", filename=name)
