"""Who may open what. Every endpoint declares a role or says that it is public.

The check happens in one place, before any view runs; an endpoint that declares nothing is
refused. Which rows a person may change is decided by `earful.actions`, not here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from earful.store.states import Role
from flask import Flask, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

__all__ = ["PUBLIC", "declared_role", "guard", "init_app", "may", "needs", "public"]

PUBLIC: Literal["public"] = "public"
Declared = Role | Literal["public"] | None
View = TypeVar("View", bound=Callable[..., Any])


def needs(role: Role) -> Callable[[View], View]:
    """Declare the least role that may call an endpoint; it wins over its view's `requires`."""

    def declare(view: View) -> View:
        view.declared_role = role  # type: ignore[attr-defined]
        return view

    return declare


def public(view: View) -> View:
    """Declare that an endpoint may be called by anybody, signed in or not."""
    view.declared_role = PUBLIC  # type: ignore[attr-defined]
    return view


def declared_role(view: Callable[..., Any]) -> Declared:
    """What an endpoint's function, or the page it belongs to, declares."""
    own: Declared = getattr(view, "declared_role", None)
    if own is not None:
        return own
    page: Any = getattr(view, "__self__", None)
    if page is not None and hasattr(page, "role_for"):
        role: Declared = page.role_for(view.__name__)
        return role
    return None


def may(role: Role) -> bool:
    """Whether who asks has this role or a higher one."""
    return bool(current_user.is_authenticated) and current_user.row.role >= role


def guard() -> ResponseReturnValue | None:
    """Let a request through, send it to the sign-in page, or refuse it."""
    if request.endpoint is None:
        return None
    role = declared_role(current_app.view_functions[request.endpoint])
    if role == PUBLIC:
        return None
    if not current_user.is_authenticated:
        return _sign_in_first()
    if role is None or not may(role):
        abort(403)
    return None


def _sign_in_first() -> ResponseReturnValue:
    if request.headers.get("HX-Request"):
        # A part of a page cannot become the sign-in page: the whole page goes there.
        return "", 401, {"HX-Redirect": url_for("sign_in.form")}
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("sign_in.form", next=None if wanted == "/" else wanted))


def init_app(app: Flask) -> None:
    """Guard every endpoint, and let templates ask `may(Role.LEAD)`."""
    app.before_request(guard)
    app.jinja_env.globals.update(may=may, Role=Role)
