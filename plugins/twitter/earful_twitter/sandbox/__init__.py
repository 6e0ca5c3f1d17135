"""A stand-in for X: stateful, in memory, after X's documents, with a page to play the customer.

`earful sandbox x` serves it. It knows the calls that this plugin makes, and refuses what X would
refuse. Its people are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from earful.sandbox import Deliveries, WSGIApplication
from flask import Flask, Response, abort, jsonify, request

from earful_twitter.sandbox import api, play
from earful_twitter.sandbox.activity import Activity
from earful_twitter.sandbox.gate import (
    APP_TOKEN,
    CLIENT_ID,
    CLIENT_SECRET,
    CONSUMER_SECRET,
    FIRST_ACCESS,
    FIRST_REFRESH,
    Gate,
)
from earful_twitter.sandbox.seed import ACCOUNT, new_world
from earful_twitter.sandbox.world import Now, Refused, World

__all__ = ["XSandbox"]

MOST_BYTES = 8 * 1024 * 1024
TOKEN_LIFE = timedelta(hours=2)


def _wall_clock() -> datetime:
    return datetime.now(UTC)


class XSandbox:
    """One X with one shop's account on it, and its customers."""

    title = "X"
    default_port = 8091

    def __init__(self, *, now: Now = _wall_clock, token_life: timedelta = TOKEN_LIFE) -> None:
        self.now = now
        self.world: World = new_world(now)
        self.gate = Gate(ACCOUNT, now, token_life)
        self.activity: Activity | None = None

    def app(self, base_url: str, hooks: Deliveries) -> WSGIApplication:
        """X's API and the page, at `base_url`."""
        app = Flask(__name__)
        app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
        activity = self.activity = Activity(self.world, hooks)
        self.world.address = base_url
        app.register_blueprint(api.blueprint(self.world, self.gate, activity))
        app.register_blueprint(play.blueprint(self.world, self.gate, activity, hooks))
        app.add_url_rule("/2/oauth2/token", "token", self._token, methods=["POST"])
        parts = urlsplit(base_url)
        hosts = {parts.netloc, f"localhost:{parts.port}", f"127.0.0.1:{parts.port}"}

        @app.before_request
        def only_here() -> None:
            # A page elsewhere may point its own name at this machine; X would not answer it.
            if request.host not in hosts:
                abort(400)

        @app.after_request
        def protect(answer: Response) -> Response:
            forms = "http: https:" if request.path == "/i/oauth2/authorize" else "'self'"
            answer.headers["Content-Security-Policy"] = play.CSP.format(forms=forms)
            answer.headers["X-Content-Type-Options"] = "nosniff"
            answer.headers["Referrer-Policy"] = "no-referrer"
            answer.headers.setdefault("Cache-Control", "no-store")
            return answer

        wsgi: WSGIApplication = app
        return wsgi

    def settings(self, base_url: str) -> Mapping[str, Any]:
        """A channel that talks to this sandbox, and is pushed to by it."""
        return {
            "base_url": base_url,
            "allow_private_addresses": True,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "consumer_secret": CONSUMER_SECRET,
            "bearer_token": APP_TOKEN,
            "receive": "webhook",
            "reconcile_minutes": 1,
            "monthly_cap_usd": 25.0,
            "watch": [
                {"name": "our-name", "include": ["Larkfield Bikes", "larkfield"]},
                {"name": "trade", "include": ["flat tyre", "cargo bike"], "industry": True},
            ],
        }

    def credentials(self) -> Mapping[str, str]:
        """What a channel holds that was connected before the sandbox began."""
        return {
            "access_token": FIRST_ACCESS,
            "refresh_token": FIRST_REFRESH,
            "user_id": ACCOUNT,
            "username": self.world.account.username,
            "connected_at": self.now().isoformat(timespec="seconds"),
        }

    def _token(self) -> Any:
        """The token endpoint: a code or a refresh token in, tokens out."""
        form = request.form
        pair = request.authorization
        known = pair is not None and (pair.username, pair.password) == (CLIENT_ID, CLIENT_SECRET)
        if not known:
            return _oauth_error("unauthorized_client", "Missing valid authorization header", 401)
        with self.world.lock:
            if self.gate.fail_next:
                return _oauth_error("server_error", "told to fail", self.gate.fail_next.pop(0))
            try:
                if form.get("grant_type") == "refresh_token":
                    return jsonify(self.gate.renew(form.get("refresh_token", "")))
                return jsonify(
                    self.gate.exchange(
                        form.get("code", ""),
                        form.get("code_verifier", ""),
                        form.get("redirect_uri", ""),
                    )
                )
            except Refused as refused:
                return _oauth_error("invalid_request", refused.detail, 400)


def _oauth_error(error: str, description: str, status: int) -> Response:
    answer = jsonify({"error": error, "error_description": description})
    answer.status_code = status
    return answer
