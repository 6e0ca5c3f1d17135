"""The sandbox's gate: tokens, scopes, rate limits, and the trouble that the page orders."""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from earful_twitter.oauth import SCOPES
from earful_twitter.sandbox.world import Now, Refused

__all__ = ["APP_TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CONSUMER_SECRET", "LIMITS", "Gate", "Window"]

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - everybody may know the sandbox's secrets
CONSUMER_SECRET = "sandbox-consumer-secret"  # noqa: S105
APP_TOKEN = "sandbox-app-token"  # noqa: S105
FIRST_ACCESS = "sandbox-access-token"
FIRST_REFRESH = "sandbox-refresh-token"
CODE_LIFE = timedelta(seconds=30)
WINDOW = timedelta(minutes=15)

LIMITS = {
    "GET /2/users/me": 75,
    "GET /2/users/:id/mentions": 300,
    "GET /2/users/:id/tweets": 900,
    "GET /2/tweets": 5000,
    "GET /2/tweets/search/recent": 300,
    "GET /2/dm_events": 15,
    "GET /2/dm_conversations/with/:id/dm_events": 15,
    "POST /2/tweets": 100,
    "DELETE /2/tweets/:id": 50,
    "POST /2/dm_conversations/with/:id/messages": 15,
    "PUT /2/tweets/:id/hidden": 50,
    "POST /2/users/:id/likes": 50,
}
"""Calls in fifteen minutes per user (https://docs.x.com/x-api/fundamentals/rate-limits)."""
OTHERWISE = 500


@dataclass(slots=True)
class Window:
    """A rate limit of one endpoint."""

    limit: int
    left: int
    reset: datetime


@dataclass(slots=True)
class _Grant:
    user_id: str
    scope: str
    expires: datetime


@dataclass(slots=True)
class _Code:
    user_id: str
    scope: str
    challenge: str
    redirect_uri: str
    expires: datetime


@dataclass
class Gate:
    """Who may do what, and how often."""

    account_id: str
    now: Now
    token_life: timedelta = timedelta(hours=2)
    limits: dict[str, int] = field(default_factory=lambda: dict(LIMITS))
    windows: dict[str, Window] = field(default_factory=dict)
    fail_next: list[int] = field(default_factory=list)
    """Statuses with which the next calls are refused."""
    silent_next: int = 0
    """So many of the next writes are done, but never answered."""
    silence_seconds: float = 60.0
    released: threading.Event = field(default_factory=threading.Event)
    """Ends every silence, so that a test need not wait for it."""
    refreshes: int = 0

    def __post_init__(self) -> None:
        first = _Grant(self.account_id, " ".join(SCOPES), self.now() + self.token_life)
        self._access: dict[str, _Grant] = {FIRST_ACCESS: first}
        self._refresh: dict[str, _Grant] = {FIRST_REFRESH: first}
        self._codes: dict[str, _Code] = {}

    def grant_code(self, user_id: str, scope: str, challenge: str, redirect_uri: str) -> str:
        """A code for the browser to bring back; it lives for 30 seconds."""
        code = secrets.token_urlsafe(24)
        self._codes[code] = _Code(user_id, scope, challenge, redirect_uri, self.now() + CODE_LIFE)
        return code

    def exchange(self, code: str, verifier: str, redirect_uri: str) -> dict[str, object]:
        """Tokens for a code, once."""
        found = self._codes.pop(code, None)
        shown = hashlib.sha256(verifier.encode()).digest()
        if (
            found is None
            or found.expires < self.now()
            or found.redirect_uri != redirect_uri
            or base64.urlsafe_b64encode(shown).rstrip(b"=").decode() != found.challenge
        ):
            raise Refused("Value passed for the authorization code was invalid.", status=400)
        return self._issue(found.user_id, found.scope)

    def renew(self, token: str) -> dict[str, object]:
        """New tokens for a refresh token, which works once."""
        found = self._refresh.pop(token, None)
        if found is None:
            raise Refused("Value passed for the token was invalid.", status=400)
        self.refreshes += 1
        return self._issue(found.user_id, found.scope)

    def revoke(self) -> None:
        """The account withdraws its permission: no token works any more."""
        self._access.clear()
        self._refresh.clear()

    def expire(self) -> None:
        """All access tokens end now; they can be renewed."""
        self._access.clear()

    def user(self, token: str, scope: str) -> str:
        """Whose token this is. Raises `Refused` if it is none, or lacks the scope."""
        found = self._access.get(token)
        if found is None or found.expires < self.now():
            raise Refused("Unauthorized", status=401)
        if scope not in found.scope.split():
            raise Refused(
                f"The token lacks the scope {scope}.",
                status=403,
                kind="not-authorized-for-resource",
            )
        return found.user_id

    def count(self, endpoint: str) -> tuple[Window, bool]:
        """Count a call; the window, and whether the call is within it."""
        window = self.windows.get(endpoint)
        if window is None or window.reset <= self.now():
            limit = self.limits.get(endpoint, OTHERWISE)
            window = self.windows[endpoint] = Window(limit, limit, self.now() + WINDOW)
        within = window.left > 0
        window.left = max(window.left - 1, 0)
        return window, within

    def _issue(self, user_id: str, scope: str) -> dict[str, object]:
        grant = _Grant(user_id, scope, self.now() + self.token_life)
        access, renewal = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[access] = grant
        told: dict[str, object] = {
            "token_type": "bearer",
            "expires_in": int(self.token_life.total_seconds()),
            "access_token": access,
            "scope": scope,
        }
        if "offline.access" in scope.split():
            self._refresh[renewal] = grant
            told["refresh_token"] = renewal
        return told
