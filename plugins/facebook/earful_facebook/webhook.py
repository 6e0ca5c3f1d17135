"""Takes what Facebook pushes: answers its challenge, checks its signature, splits its batches.

Facebook sends several changes and messages at once, again after a failure, and in any order. Each
becomes a payload of its own with a key of its own, so that a second copy is never kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from time import monotonic
from typing import Any

from earful import AuthenticationFailed, Payload, WebhookRequest, WebhookResult

from earful_facebook.settings import FacebookSettings
from earful_facebook.values import identifier, items, record

__all__ = ["PUSHED_FLAG", "FacebookWebhook", "signature"]

PUSHED_FLAG = "pushed"
"""Set as soon as a push has arrived: from then on what is not pushed was missed."""

_PARTS = ("changes", "messaging", "standby")
_REMEMBER_SECONDS = 60.0


def signature(body: bytes, app_secret: str) -> str:
    """What `X-Hub-Signature-256` must say of these very bytes."""
    return "sha256=" + hmac.new(app_secret.encode(), body, hashlib.sha256).hexdigest()


class FacebookWebhook:
    """The address that the Meta app pushes to."""

    def __init__(self, settings: FacebookSettings) -> None:
        self._settings = settings
        self._page: Mapping[str, str] = {}
        self._page_until = 0.0
        self._is_noted = False

    def receive(self, request: WebhookRequest) -> WebhookResult:
        """A challenge is answered, a push is kept."""
        if request.method == "GET":
            return self._challenge(request.query)
        self._check(request)
        self._note_that_pushes_arrive()
        return WebhookResult(payloads=tuple(_split(request.body, self._meta())), body="ok")

    def _challenge(self, query: Mapping[str, str]) -> WebhookResult:
        given = query.get("hub.verify_token", "").encode()
        wanted = self._settings.verify_token.get_secret_value().encode()
        if query.get("hub.mode") != "subscribe" or not hmac.compare_digest(given, wanted):
            raise AuthenticationFailed("the words in hub.verify_token are not this channel's")
        return WebhookResult(body=query.get("hub.challenge", ""))

    def _check(self, request: WebhookRequest) -> None:
        given = request.headers.get("x-hub-signature-256", "").strip().lower().encode()
        wanted = signature(request.body, self._settings.app_secret.get_secret_value())
        if not hmac.compare_digest(given, wanted.encode()):
            raise AuthenticationFailed("X-Hub-Signature-256 is missing or not the app's")

    def _note_that_pushes_arrive(self) -> None:
        if not self._is_noted:
            if not self._settings.state.flag(PUSHED_FLAG):
                self._settings.state.set_flag(PUSHED_FLAG, "yes")
            self._is_noted = True

    def _meta(self) -> dict[str, str]:
        """The connected Page, to tell another Page's news apart; looked up now and then."""
        if monotonic() >= self._page_until:
            self._page = self._settings.state.credentials.get()
            self._page_until = monotonic() + _REMEMBER_SECONDS
        kept = {name: self._page.get(name, "") for name in ("page_id", "page_name")}
        return {name: value for name, value in kept.items() if value}


def _split(body: bytes, meta: Mapping[str, str]) -> Iterator[Payload]:
    """One payload for each change and message. What cannot be split is kept whole, for a look."""
    try:
        document = record(json.loads(body))
    except (ValueError, RecursionError):
        document = {}
    parts = [
        (entry, name, part)
        for entry in items(document.get("entry"))
        for name in _PARTS
        for part in items(entry.get(name))
    ]
    if not parts:
        yield Payload(body=body, content_type="application/json", meta=meta)
    for entry, name, part in parts:
        own = {key: value for key, value in entry.items() if key not in _PARTS}
        single = {**document, "entry": [{**own, name: [part]}]}
        yield Payload(
            body=json.dumps(single).encode(),
            content_type="application/json",
            meta=meta,
            key=_key(entry, part),
        )


def _key(entry: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    """The platform's own id of a message; of a change, all that Facebook says of it."""
    message = record(part.get("message"))
    mid = identifier(message.get("mid"))
    if mid:
        return f"deleted:{mid}" if message.get("is_deleted") is True else f"message:{mid}"
    told = json.dumps([entry.get("id"), entry.get("time"), part], sort_keys=True)
    return f"change:{hashlib.sha256(told.encode()).hexdigest()}"
