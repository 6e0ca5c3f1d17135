"""Signing in and out: sessions that end, attempts that are counted, a friendly word in between."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network

from earful import actions
from earful.job_queue import JobQueue, JobQueueUnavailable, address
from earful.runtime import Runtime
from earful.store.models import Agent
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import (
    Blueprint,
    Flask,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_limiter import Limiter
from flask_login import LoginManager, current_user, login_user, logout_user

from earful_admin import context, passwords
from earful_admin.access import needs, public
from earful_admin.security import safe_target
from earful_admin.toasts import say

__all__ = ["SignedIn", "init_app", "start_session"]

logger = logging.getLogger(__name__)
blueprint = Blueprint("sign_in", __name__)

WRONG = mark("This e-mail and password do not belong together.")
_SINCE = "since"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who is signed in, as flask-login asks for it. `row` is read anew with every request."""

    row: Agent
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """The id with the epoch: raising the epoch ends every session of this person."""
        return f"{self.row.id}.{self.row.epoch}"


def _load(identity: str) -> SignedIn | None:
    number, _, epoch = identity.partition(".")
    if not (number.isdecimal() and epoch.isdecimal()) or _is_over():
        return None
    row = Agent.get_or_none(Agent.id == int(number))
    if row is None or not row.active or row.epoch != int(epoch):
        return None
    return SignedIn(row)


def _is_over() -> bool:
    since = datetime.fromtimestamp(session.get(_SINCE, 0), UTC)
    hours = context.runtime().config.server.session_hours
    return context.now() - since > timedelta(hours=hours)


def start_session(row: Agent) -> None:
    """Begin a session for this person, with nothing left of an older one."""
    session.clear()
    session.permanent = True
    session[_SINCE] = int(context.now().timestamp())
    login_user(SignedIn(row))


def _network() -> str:
    """The client's address; for IPv6 its network, of which one person owns every address."""
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    return str(ip_network((address, 64), strict=False) if address.version == 6 else address)  # noqa: PLR2004


def _network_and_email() -> str:
    return f"{_network()} {request.form.get('email', '').strip().lower()[:254]}"


@blueprint.get("/sign-in")
@public
def form() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(safe_target(request.args.get("next")))
    return _page()


@blueprint.post("/sign-in")
@public
def attempt() -> ResponseReturnValue:
    email = request.form.get("email", "").strip().lower()
    row = Agent.get_or_none(Agent.email == email)
    stored = row.password_hash if row and row.active else ""
    password = request.form.get("password", "")
    # First the slow part, for everybody: how long an answer takes must not tell who exists.
    is_right = passwords.matches(stored, password)
    if row is None or not is_right:
        logger.info("sign-in refused for address %s", _network())
        actions.note_sign_in_refused(email, now=context.now())
        return _page(_(WRONG)), 401
    if passwords.needs_rehash(stored):
        actions.rehash_password(row.id, password)
    start_session(row)
    actions.note_sign_in(row.id, now=context.now())
    return redirect(safe_target(request.args.get("next")))


@blueprint.post("/sign-out")
@needs(Role.VIEWER)
def sign_out() -> ResponseReturnValue:
    actions.note_sign_out(context.actor(), now=context.now())
    logout_user()
    session.clear()
    say(_("You are signed out."))
    response = make_response(redirect(url_for("sign_in.form")))
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _page(mistake: str = "") -> str:
    is_first_run = not Agent.select().exists()
    return render_template("sign_in.html", mistake=mistake, is_first_run=is_first_run)


@blueprint.errorhandler(429)
def _too_many(error: Exception) -> ResponseReturnValue:  # noqa: ARG001
    words = _("Too many attempts. Wait a minute, then try again.")
    return _page(words), 429, {"Retry-After": "60"}


def init_app(app: Flask, runtime: Runtime) -> None:
    """Register the pages, and count the attempts."""
    manager = LoginManager()
    # A changed browser or network is no reason to end a session; the epoch is.
    manager.session_protection = None
    manager.user_loader(_load)
    manager.init_app(app)
    app.register_blueprint(blueprint)
    limiter = Limiter(
        key_func=_network,
        app=app,
        storage_uri=_storage(runtime),
        in_memory_fallback_enabled=True,
        in_memory_fallback=["5 per minute"],
        key_prefix="earful:sign-in:",
    )
    # Nothing else is counted, nor held to the fallback's limit where that server is gone.
    limiter.request_filter(lambda: request.endpoint != "sign_in.attempt")
    limited = limiter.limit("5 per minute", key_func=_network_and_email)(attempt)
    app.view_functions["sign_in.attempt"] = limiter.limit("60 per minute")(limited)


def _storage(runtime: Runtime) -> str:
    """The job queue's server, so that all web processes count together, or this process."""
    jobs = JobQueue.connect(runtime.config)
    try:
        jobs.ping()
    except JobQueueUnavailable:
        return "memory://"
    finally:
        jobs.close()
    url = address(runtime.config.redis_url(), runtime.config.data_dir)
    return f"redis+{url}" if url.startswith("unix://") else url
