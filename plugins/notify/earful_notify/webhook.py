"""Notifications to one's own software: a JSON request, signed so that it can be believed.

The README documents the request and how to verify it; keep the two in step.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from earful import (
    ChannelError,
    DeliveryRejected,
    Notification,
    Notifier,
    RateLimited,
    Settings,
    TemporaryFailure,
)
from earful.http import Client, Response
from pydantic import AfterValidator, Field, SecretStr

__all__ = ["WebhookNotifier", "WebhookSettings", "sign"]

_SHORTEST_SECRET = 16
_LARGEST_ANSWER = 64 * 1024


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError('expected an address such as "https://example.org/hooks/earful"')
    return value


def _secret(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < _SHORTEST_SECRET:
        raise ValueError(f"expected at least {_SHORTEST_SECRET} characters")
    return value


class WebhookSettings(Settings):
    """Where to, and the secret shared with the receiver.

    `allow_private_addresses` permits a receiver within one's own network.
    """

    url: Annotated[str, AfterValidator(_address)]
    secret: Annotated[SecretStr, AfterValidator(_secret)]
    allow_private_addresses: bool = False
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 15


def _now() -> datetime:
    return datetime.now(UTC)


class WebhookNotifier(Notifier):
    """Posts each notification. A receiver tells copies apart by `Earful-Delivery`."""

    def __init__(self, settings: WebhookSettings, clock: Callable[[], datetime] = _now) -> None:
        self._settings = settings
        self._clock = clock

    def notify(self, notification: Notification) -> None:
        body = _body(notification)
        signature = sign(self._settings.secret.get_secret_value(), body, self._clock())
        headers = {
            "Content-Type": "application/json",
            "Earful-Delivery": str(notification.id),
            "Earful-Signature": signature,
        }
        response = self._post(body, headers)
        if not response.ok:
            raise DeliveryRejected(f"{self._host} answers {response.status}")

    def _post(self, body: bytes, headers: dict[str, str]) -> Response:
        """The answer. The path of the address may be a secret, so errors name the host only."""
        try:
            with self._client() as client:
                return client.post(
                    self._settings.url, content=body, headers=headers, check_auth=False
                )
        except RateLimited as error:
            raise RateLimited(
                f"{self._host} asks to wait", retry_after=error.retry_after
            ) from error
        except ChannelError as error:
            # Sending twice does no harm: the receiver knows the delivery.
            raise TemporaryFailure(f"{self._host} took nothing: {self._plain(error)}") from error

    def _client(self) -> Client:
        return Client(
            allow_private=self._settings.allow_private_addresses,
            deadline_seconds=self._settings.timeout_seconds,
            max_bytes=_LARGEST_ANSWER,
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._settings.url).hostname or ""

    def _plain(self, error: ChannelError) -> str:
        parts = urlsplit(self._settings.url)
        return str(error).replace(f"{parts.scheme}://{parts.netloc}{parts.path}", self._host)


def sign(secret: str, body: bytes, at: datetime) -> str:
    """The value of `Earful-Signature`: when it was signed, and an HMAC over time and body."""
    signed = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{signed}.".encode() + body, hashlib.sha256)
    return f"t={signed},v1={digest.hexdigest()}"


def _body(notification: Notification) -> bytes:
    document = {
        "id": notification.id,
        "kind": notification.kind,
        "title": notification.title,
        "body": notification.body,
        "url": notification.url,
        "at": notification.at.astimezone(UTC).isoformat(),
        "facts": dict(notification.facts),
    }
    return json.dumps(document, ensure_ascii=True, separators=(",", ":")).encode()
