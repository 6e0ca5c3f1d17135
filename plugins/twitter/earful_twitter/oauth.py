"""OAuth 2.0 with PKCE at X: addresses, tokens, and what an answer of refusal means.

Source: https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code. An access
token lives two hours. A refresh token comes only with the scope `offline.access`, works once, and
is replaced by the answer: so the answer is kept before anything uses it (`Credentials.renew`).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from earful import (
    AuthenticationFailed,
    ChannelError,
    OutcomeUnknown,
    PayloadError,
    TemporaryFailure,
)
from earful import gettext as _
from earful.http import Client, Response

from earful_twitter.settings import TwitterSettings

__all__ = [
    "SCOPES",
    "authorize_url",
    "challenge",
    "exchange",
    "expires_soon",
    "new_verifier",
    "refresh",
]

SCOPES = (
    "tweet.read",
    "tweet.write",
    "tweet.moderate.write",
    "users.read",
    "dm.read",
    "dm.write",
    "like.write",
    "media.write",
    "offline.access",
)
SOON = timedelta(minutes=1)
_TOKEN = "/2/oauth2/token"  # noqa: S105 - an address
_SERVER_ERROR = 500
_TOO_MANY = 429


def new_verifier() -> str:
    """A fresh secret for PKCE (RFC 7636): 43 to 128 characters."""
    return secrets.token_urlsafe(64)


def challenge(verifier: str) -> str:
    """What is shown of the secret at the start: S256 of RFC 7636."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorize_url(
    settings: TwitterSettings, *, redirect_uri: str, state: str, verifier: str
) -> str:
    """Where the browser goes to be asked for permission."""
    query = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(SCOPES),
        "state": state,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    return f"{settings.site}/i/oauth2/authorize?{urlencode(query)}"


def exchange(
    settings: TwitterSettings, http: Client, *, code: str, verifier: str, redirect_uri: str
) -> dict[str, str]:
    """Tokens for the code that the browser brought back; it lives for 30 seconds."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return _tokens(_ask(settings, http, form), {})


def refresh(settings: TwitterSettings, http: Client, old: Mapping[str, str]) -> dict[str, str]:
    """New tokens for the old ones. Raises `AuthenticationFailed` if the permission has ended."""
    if not old.get("refresh_token"):
        raise AuthenticationFailed(_("X's permission has run out: connect the channel again."))
    form = {"grant_type": "refresh_token", "refresh_token": old["refresh_token"]}
    return _tokens(_ask(settings, http, form), old)


def expires_soon(credentials: Mapping[str, str], now: datetime) -> bool:
    """Whether the access token must be renewed before it is used."""
    told = credentials.get("expires_at", "")
    try:
        return bool(told) and datetime.fromisoformat(told) - now < SOON
    except (ValueError, TypeError):
        return True


def _ask(settings: TwitterSettings, http: Client, form: dict[str, str]) -> Response:
    secret = settings.client_secret.get_secret_value()
    form["client_id"] = settings.client_id
    headers = {}
    if secret:
        pair = base64.b64encode(f"{settings.client_id}:{secret}".encode()).decode()
        headers["authorization"] = f"Basic {pair}"
    try:
        return http.post(_TOKEN, form=form, headers=headers, check_status=False)
    except OutcomeUnknown as error:
        # X may have replaced the refresh token; the next try will tell.
        raise TemporaryFailure(
            _("X did not answer the request for a token: %(why)s", why=error)
        ) from error


def _tokens(answer: Response, old: Mapping[str, str]) -> dict[str, str]:
    if not answer.ok:
        _refused(answer)
    try:
        found = answer.json()
        token, seconds = str(found["access_token"]), int(found.get("expires_in") or 7200)
    except (PayloadError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise TemporaryFailure(
            _("X's answer holds no access token: %(why)s", why=repr(error))
        ) from error
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    return {
        **old,
        "access_token": token,
        "refresh_token": str(found.get("refresh_token") or old.get("refresh_token", "")),
        "expires_at": until.isoformat(timespec="seconds"),
        "scope": str(found.get("scope") or old.get("scope", "")),
    }


def _refused(answer: Response) -> None:
    said = _said(answer)
    if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY:
        raise TemporaryFailure(
            _(
                "X cannot give out tokens at the moment (%(status)s): %(said)s",
                status=answer.status,
                said=said,
            )
        )
    if answer.status in {400, 401, 403}:
        raise AuthenticationFailed(
            _(
                "X refuses to renew the permission (%(said)s): connect the channel again, "
                "and check client_id and client_secret if that does not help.",
                said=said,
            )
        )
    raise ChannelError(
        _(
            "X answers %(status)s to the request for a token: %(said)s",
            status=answer.status,
            said=said,
        )
    )


def _said(answer: Response) -> str:
    try:
        found: Any = answer.json()
    except PayloadError:
        return _("no reason given")
    told = found if isinstance(found, dict) else {}
    return str(told.get("error_description") or told.get("error") or _("no reason given"))[:200]
