"""Talks to the Graph API: signs every call, reads every refusal, minds the limits.

Knows nothing of cursors, messages and windows. Calls are form-encoded, with objects as JSON in
one field, as Facebook's own libraries send them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from earful import (
    AuthenticationFailed,
    OutboundAttachment,
    OutcomeUnknown,
    PayloadError,
    TemporaryFailure,
    mark,
)
from earful import gettext as _
from earful.http import Client, Response

from earful_facebook.problems import problem
from earful_facebook.settings import FacebookSettings
from earful_facebook.usage import FULL, Usage, read_usage
from earful_facebook.values import record

__all__ = ["LIMIT", "NOT_CONNECTED", "Graph", "open_page", "proof"]

LIMIT = "graph"
"""The name under which the limits of this channel are kept: Facebook has one for each Page."""
NOT_CONNECTED = mark(
    "This channel is not connected to a Page yet. Open it under Channels and connect."
)
_UNTOLD_WAIT = timedelta(hours=1)


def _now() -> datetime:
    return datetime.now(UTC)


def proof(token: str, app_secret: str) -> str:
    """`appsecret_proof`: shows that the caller of this token also knows the app's secret."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


class Graph:
    """Calls with one token. `usage` is the worst that Facebook has told so far."""

    def __init__(
        self,
        settings: FacebookSettings,
        token: str,
        *,
        page: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._settings = settings
        self._token = token
        self._now = now
        self._counts_for_page = page is not None
        self.page_id = (page or {}).get("page_id", "")
        self.page_name = (page or {}).get("page_name", "")
        self.usage = Usage()
        self.calls = 0
        self._http = Client(
            base_url=f"{settings.base_url}/{settings.api_version}/",
            allow_private=settings.allow_private_addresses,
            deadline_seconds=settings.timeout_seconds,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: object) -> Mapping[str, Any]:
        """Read one object or one page of a list."""
        return self._called("GET", path, params, writes=False)

    def read_next(self, path: str, after: str, **params: object) -> Mapping[str, Any]:
        """The page of a list behind a cursor; its first page if the cursor is empty."""
        return self.get(path, **params, **({"after": after} if after else {}))

    def post(self, path: str, **params: object) -> Mapping[str, Any]:
        """Write. `OutcomeUnknown` if that may have happened without an answer."""
        return self._called("POST", path, params, writes=True)

    def upload(self, path: str, file: OutboundAttachment, **params: object) -> Mapping[str, Any]:
        """Hand over a file that nobody sees yet. It may be done twice, so any trouble passes."""
        self._check_limits()
        fields = {**self._signed(), **_encoded(params)}
        source = {"source": (file.name, file.data, file.content_type)}
        try:
            response = self._http.post(
                path, form=fields, files=source, check_status=False, check_auth=False
            )
            self.calls += 1
            self._note_limits(response)
            if not response.ok:
                raise problem(response, writes=True)
        except OutcomeUnknown as error:
            raise TemporaryFailure(str(error)) from error
        return _document(response, writes=False)

    def delete(self, path: str) -> Mapping[str, Any]:
        """Take back; doing so twice changes nothing."""
        return self._called("DELETE", path, {}, writes=True)

    def _called(
        self, method: str, path: str, params: Mapping[str, object], *, writes: bool
    ) -> Mapping[str, Any]:
        self._check_limits()
        response = self._send(method, path, {**self._signed(), **_encoded(params)})
        self.calls += 1
        self._note_limits(response)
        if not response.ok:
            raise problem(response, writes=writes)
        return _document(response, writes=writes)

    def _send(self, method: str, path: str, fields: Mapping[str, str]) -> Response:
        if method == "POST":
            return self._http.post(path, form=fields, check_status=False, check_auth=False)
        return self._http.request(method, path, params=fields, check_status=False, check_auth=False)

    def _signed(self) -> dict[str, str]:
        if not self._token:
            return {}
        secret = self._settings.app_secret.get_secret_value()
        return {"access_token": self._token, "appsecret_proof": proof(self._token, secret)}

    def _check_limits(self) -> None:
        if self._counts_for_page:
            self._settings.state.limits.check(LIMIT)

    def _note_limits(self, response: Response) -> None:
        usage = read_usage(response.headers)
        if usage is None or not self._counts_for_page:
            return
        self.usage = self.usage.or_worse(usage)
        limits, now = self._settings.state.limits, self._now()
        limits.note(
            LIMIT,
            limit=FULL,
            remaining=max(FULL - usage.percent, 0),
            reset_at=now + (usage.regain or _UNTOLD_WAIT),
        )
        if usage.regain:
            limits.block(
                LIMIT, now + usage.regain, mark("Facebook's limit for this Page is used up")
            )


def open_page(settings: FacebookSettings, *, now: Callable[[], datetime] = _now) -> Graph:
    """The Graph API, called as the connected Page. Raises `AuthenticationFailed` without one."""
    page = settings.state.credentials.get()
    if not page.get("access_token") or not page.get("page_id"):
        raise AuthenticationFailed(NOT_CONNECTED)
    return Graph(settings, page["access_token"], page=page, now=now)


def _encoded(params: Mapping[str, object]) -> dict[str, str]:
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in params.items()
    }


def _document(response: Response, *, writes: bool) -> Mapping[str, Any]:
    try:
        found = response.json()
    except PayloadError as error:
        where = urlsplit(response.url).path
        if writes:
            raise OutcomeUnknown(
                _("Facebook took it, but %(where)s answers no JSON", where=where)
            ) from error
        raise TemporaryFailure(_("%(where)s answers no JSON", where=where)) from error
    if isinstance(found, bool):
        return {"success": found}
    return record(found)
