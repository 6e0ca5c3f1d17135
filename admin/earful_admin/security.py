"""The application's outer skin: headers, cookies, forged requests, sizes and safe redirects."""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from earful.config import Config
from flask import Flask, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf import CSRFProtect

__all__ = [
    "LARGEST_FORM",
    "csrf",
    "init_app",
    "is_own_page",
    "safe_target",
    "takes_foreign_posts",
    "takes_up_to",
]

View = TypeVar("View", bound=Callable[..., Any])
csrf = CSRFProtect()

POLICY = (
    "default-src 'none'; "
    "script-src 'self'; "
    "style-src 'self'; "
    "img-src 'self' data:; "
    "font-src 'self'; "
    "connect-src 'self'; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_FOR_MACHINES = {"ingress.receive", "operations.healthz", "operations.metrics", "static"}
_SAFE = {"GET", "HEAD", "OPTIONS"}
LARGEST_FORM = 1_000_000
_TWO_YEARS = 63_072_000


def init_app(app: Flask, config: Config) -> None:
    """Set cookies and limits, and check and dress every request."""
    public = urlsplit(config.server.public_url)
    https = public.scheme == "https"
    app.config.update(
        SECRET_KEY=config.secret_key(),
        # The prefix makes browsers insist on Secure, on this host alone and on the whole site.
        SESSION_COOKIE_NAME="__Host-earful" if https else "earful",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=config.server.session_hours * 3600,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        PREFERRED_URL_SCHEME=public.scheme,
        # The token lives as long as the session; the referrer is checked below, by Origin.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )
    app.extensions["earful_names"] = _names(config)
    app.before_request(_allow_larger)
    app.before_request(_refuse_other_names)
    app.before_request(_refuse_foreign)
    app.after_request(_dress)


def _names(config: Config) -> frozenset[str]:
    """The names we answer to; none where any may be right."""
    name = urlsplit(config.server.public_url).hostname or ""
    if config.server.host in {"0.0.0.0", "::"} and name == "localhost":  # noqa: S104
        # Open to the network and no address configured.
        return frozenset()
    return frozenset({name, config.server.host, "localhost"})


def _refuse_other_names() -> ResponseReturnValue | None:
    """Refuse a name that an attacker points at this machine, to read it through a visitor.

    A bare address cannot be pointed anywhere, and what machines ask holds nothing to be read.
    """
    names: frozenset[str] = current_app.extensions["earful_names"]
    if not names or request.endpoint in _FOR_MACHINES or _name_asked_for() in {*names, None}:
        return None
    public = current_app.extensions["earful"].config.server.public_url
    return Response(f"This server answers as {public}.\n", 400, content_type="text/plain")


def _name_asked_for() -> str | None:
    """The request's host name, or None for a bare address."""
    try:
        name = urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""
    try:
        ip_address(name)
    except ValueError:
        return name
    return None


def takes_foreign_posts(view: View) -> View:
    """Mark an endpoint that other machines POST to; it must verify them by itself."""
    view.takes_foreign_posts = True  # type: ignore[attr-defined]
    return view


def takes_up_to(largest: int) -> Callable[[View], View]:
    """Let one endpoint take a body of so many bytes; all others take a form."""

    def declare(view: View) -> View:
        view.largest_body = largest  # type: ignore[attr-defined]
        return view

    return declare


def _allow_larger() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    request.max_content_length = getattr(view, "largest_body", LARGEST_FORM)


def _refuse_foreign() -> None:
    """Refuse a change that another site asks this browser for, before any token is looked at."""
    if request.method in _SAFE or _is_exempt():
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            abort(403)
        return
    origin = request.headers.get("Origin")
    if origin is not None and not _is_ours(origin):
        abort(403)


def _is_exempt() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, "takes_foreign_posts", False))


def _is_ours(origin: str) -> bool:
    public = urlsplit(current_app.extensions["earful"].config.server.public_url)
    ours = {f"{public.scheme}://{public.netloc}", request.host_url.rstrip("/")}
    return origin in ours


def _dress(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        # Customers' words must not stay in a browser's or a proxy's cache.
        response.headers.setdefault("Cache-Control", "no-store")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers["Strict-Transport-Security"] = f"max-age={_TWO_YEARS}"
    return response


def safe_target(target: str | None) -> str:
    """`target` if it is a page of ours, else the inbox: sign-in must not send people elsewhere."""
    home = url_for("inbox.index")
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")):
        return home
    if any(ord(letter) < ord(" ") for letter in target) or "\\" in target:
        # Browsers drop some of these, and read what is left as another site's address.
        return home
    return target


def is_own_page(address: str | None) -> bool:
    """Whether an absolute address is a page of this site."""
    parts = urlsplit(address or "")
    return _is_ours(f"{parts.scheme}://{parts.netloc}")
