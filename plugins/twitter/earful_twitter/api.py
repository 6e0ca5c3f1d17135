"""Calls to X: with fresh tokens, within its rate limits, noted in the cost meter.

Every call names its endpoint as X's rate-limit table does. Limits are shared by all processes
through the channel's state: a call that would be refused is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import quote

from earful import AuthenticationFailed, ChannelError, RateLimited, mark
from earful import gettext as _
from earful.http import Client, Response

from earful_twitter import oauth
from earful_twitter.costs import PRICES
from earful_twitter.problems import error_of, limits_of, wait_of
from earful_twitter.settings import TwitterSettings
from earful_twitter.vocabulary import VOCABULARIES, Vocabulary

__all__ = ["NOT_CONNECTED", "X", "now_utc"]

MOST_BYTES = 8 * 1024 * 1024
LONGEST_RENEWAL_SECONDS = 30.0
NOT_CONNECTED = mark("This channel is not connected to an account on X yet: connect it first.")
_UNAUTHORIZED = 401
_TOO_MANY = 429


def now_utc() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class X:
    """One channel's access to X. Use it as a context manager, in one thread."""

    def __init__(self, settings: TwitterSettings, now: Callable[[], datetime] = now_utc) -> None:
        self._settings = settings
        self._now = now
        self._http = self._client(settings.timeout_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def vocabulary(self) -> Vocabulary:
        """The spelling that requests are written in."""
        return VOCABULARIES[self._settings.vocabulary]

    def account(self) -> tuple[str, str]:
        """Id and handle of the connected account; `AuthenticationFailed` if there is none."""
        kept = self._settings.state.credentials.get()
        if not kept.get("access_token") or not kept.get("user_id"):
            raise AuthenticationFailed(NOT_CONNECTED)
        return kept["user_id"], kept.get("username", "")

    def get(
        self, path: str, params: Mapping[str, str], *, endpoint: str, app: bool = False
    ) -> Response:
        """Read; `app` signs with the app's own token instead of the account's."""
        return self._call("GET", path, endpoint=endpoint, params=params, app=app)

    def post(
        self, path: str, body: Mapping[str, Any], *, endpoint: str, app: bool = False
    ) -> Response:
        """Write. What may have been accepted raises `OutcomeUnknown`."""
        return self._call("POST", path, endpoint=endpoint, body=body, app=app)

    def put(
        self, path: str, body: Mapping[str, Any] | None, *, endpoint: str, app: bool = False
    ) -> Response:
        """Change; may be done twice without harm."""
        return self._call("PUT", path, endpoint=endpoint, body=body, app=app)

    def delete(self, path: str, *, endpoint: str, app: bool = False) -> Response:
        """Take back or remove; may be done twice without harm."""
        return self._call("DELETE", path, endpoint=endpoint, app=app)

    def listen(
        self, path: str, params: Mapping[str, str], *, endpoint: str, seconds: float
    ) -> Response:
        """What a stream brings within `seconds`, read with the app's token."""
        self._settings.state.limits.check(endpoint)
        with self._client(seconds) as http:
            answer = http.listen(path, params=params, headers=self._app_token())
        return self._judged(answer, "GET", endpoint)

    def require_budget(self) -> None:
        """Raise `SpendingCapReached` if this month may cost no more."""
        self._settings.state.costs.require(self._settings.monthly_cap_usd)

    def spend(self, action: str, count: int = 1) -> None:
        """Note in the meter what was done `count` times."""
        if count > 0:
            self._settings.state.costs.spend(action, PRICES[action] * count, count=count)

    def _client(self, seconds: float) -> Client:
        return Client(
            base_url=f"{self._settings.base_url}/",
            allow_private=self._settings.allow_private_addresses,
            deadline_seconds=seconds,
            max_bytes=MOST_BYTES,
        )

    def _call(
        self,
        method: str,
        path: str,
        *,
        endpoint: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        app: bool = False,
    ) -> Response:
        self._settings.state.limits.check(endpoint)
        token = {} if app else self._credentials()
        for last in (False, True):
            headers = self._app_token() if app else _bearer(token["access_token"])
            answer = self._http.request(
                method, path, json=body, params=params, headers=headers, check_status=False
            )
            if answer.status != _UNAUTHORIZED or last or app:
                break
            # The token has ended early or was revoked: only a new one can tell.
            token = self._renewed(token)
        return self._judged(answer, method, endpoint)

    def _credentials(self) -> Mapping[str, str]:
        kept = self._settings.state.credentials.get()
        if not kept.get("access_token"):
            raise AuthenticationFailed(NOT_CONNECTED)
        return self._renewed(kept) if oauth.expires_soon(kept, self._now()) else kept

    def _renewed(self, stale: Mapping[str, str]) -> Mapping[str, str]:
        # Whoever takes longer loses the right to renew, and the old token works once only.
        seconds = min(self._settings.timeout_seconds, LONGEST_RENEWAL_SECONDS)
        with self._client(seconds) as http:
            return self._settings.state.credentials.renew(
                stale, lambda kept: oauth.refresh(self._settings, http, kept)
            )

    def _app_token(self) -> dict[str, str]:
        token = self._settings.bearer_token.get_secret_value()
        if not token:
            raise ChannelError(_("This needs the app's own token: set bearer_token."))
        return _bearer(token)

    def _judged(self, answer: Response, method: str, endpoint: str) -> Response:
        """The answer, if it is one of success; what it tells of limits is kept either way."""
        now, limits = self._now(), self._settings.state.limits
        told = limits_of(answer.headers)
        if told:
            limit, remaining, reset_at = told
            limits.note(endpoint, limit=limit, remaining=remaining, reset_at=reset_at)
        if answer.ok:
            return answer
        error = error_of(answer, method, now)
        if answer.status == _TOO_MANY and isinstance(error, RateLimited):
            limits.block(endpoint, now + wait_of(answer, now), str(error))
        raise error


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def part(identifier: str) -> str:
    """An id as a part of a path."""
    return quote(identifier, safe="")
