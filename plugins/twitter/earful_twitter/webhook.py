"""Takes what X pushes: answers the challenge, checks the signature, keeps each event once.

Source: https://docs.x.com/x-api/webhooks/quickstart. Both are base64 of HMAC-SHA256 with the app's
API secret key: the challenge over the token, the header over the raw bytes of the body.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from earful import (
    AuthenticationFailed,
    ChannelError,
    Payload,
    WebhookRequest,
    WebhookResult,
)

from earful_twitter.events import revoked, whose
from earful_twitter.meta import Meta
from earful_twitter.people import inner
from earful_twitter.settings import TwitterSettings

__all__ = ["REVOKED", "SIGNATURE", "TwitterWebhook", "event_key", "sign", "take_event"]

SIGNATURE = "x-twitter-webhooks-signature"
REVOKED = "revoked"
"""The flag that tells the source whose permission was withdrawn, and when: `ID TIME`."""
_LONGEST_KEY = 100
_LONGEST_TOKEN = 500


def sign(secret: str, content: bytes) -> str:
    """X's signature of `content`, as it stands in header and answer."""
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return "sha256=" + base64.b64encode(digest).decode()


def event_key(event: Mapping[str, Any]) -> str:
    """The id of one delivery, which may be negative; "" if it has none."""
    found = event.get("event_uuid")
    return str(found)[:_LONGEST_KEY] if isinstance(found, str | int) else ""


def take_event(settings: TwitterSettings, body: bytes, us: Callable[[str], Meta]) -> Payload:
    """A verified event as a payload; a withdrawn permission is marked.

    `us` says who we are, given for whose sake X pushes this. What is no event is kept all the
    same: parsing will say what is wrong with it.
    """
    try:
        event = inner(json.loads(body))
    except (ValueError, RecursionError):
        return Payload(body=body, content_type="application/json", meta=us("").dump())
    meta = us(whose(event)).dump()
    withdrawn = revoked(event)
    if withdrawn:
        settings.state.set_flag(REVOKED, " ".join(withdrawn))
    return Payload(body=body, content_type="application/json", meta=meta, key=event_key(event))


class TwitterWebhook:
    """The address that X pushes to."""

    def __init__(self, settings: TwitterSettings) -> None:
        self._settings = settings
        self._known = Meta()

    def receive(self, request: WebhookRequest) -> WebhookResult:
        """Answer X's challenge (GET), or take one event (POST)."""
        if request.method == "GET":
            return self._challenge(request.query.get("crc_token", ""))
        self._verify(request)
        return WebhookResult(payloads=(take_event(self._settings, request.body, self._us),))

    def _us(self, account: str) -> Meta:
        """Who is connected. Looked up only for an event of somebody else: that may be us by now."""
        if not account or account != self._known.account:
            kept = self._settings.state.credentials.get()
            self._known = Meta(
                account=kept.get("user_id", ""),
                handle=kept.get("username", ""),
                site=self._settings.site,
            )
        return self._known

    def _challenge(self, token: str) -> WebhookResult:
        if not token or len(token) > _LONGEST_TOKEN:
            raise ChannelError("X asks with a crc_token; this request has none")
        body = json.dumps({"response_token": sign(self._secret(), token.encode())})
        return WebhookResult(body=body, content_type="application/json")

    def _verify(self, request: WebhookRequest) -> None:
        told = request.headers.get(SIGNATURE, "")
        right = sign(self._secret(), request.body)
        if not hmac.compare_digest(told.encode(), right.encode()):
            raise AuthenticationFailed("The signature is missing or not X's")

    def _secret(self) -> str:
        secret = self._settings.consumer_secret.get_secret_value()
        if not secret:
            raise AuthenticationFailed("This channel has no consumer_secret to check X's pushes")
        return secret
