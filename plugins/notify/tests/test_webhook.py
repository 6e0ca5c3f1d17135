"""The notifier `webhook`: its request, its signature, and what failures are called."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from earful import DeliveryRejected, Notification, RateLimited, TemporaryFailure
from earful_notify.webhook import WebhookNotifier, WebhookSettings, sign
from pydantic import ValidationError

if TYPE_CHECKING:
    from conftest import Receiver

HERE = Path(__file__).parent
SECRET = "correct horse battery"
NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def notifier(url: str, **more: object) -> WebhookNotifier:
    settings = {"url": url, "secret": SECRET, "allow_private_addresses": True} | more
    return WebhookNotifier(WebhookSettings.model_validate(settings), clock=lambda: NOW)


def documented_check() -> Any:
    """The function that the README gives to receivers."""
    readme = (HERE.parent / "README.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    return names["is_from_earful"]


def test_the_request_carries_the_notification(
    receiver: Receiver, notification: Notification
) -> None:
    notifier(f"http://127.0.0.1:{receiver.port}/hooks").notify(notification)
    ((path, headers, body),) = receiver.requests
    expected = json.loads((HERE / "fixtures/notification.expected.json").read_text("utf-8"))
    assert path == "/hooks"
    assert json.loads(body) == expected
    assert headers["content-type"] == "application/json"
    assert headers["earful-delivery"] == "42"
    assert headers["earful-signature"] == sign(SECRET, body, NOW)


def test_the_documented_check_accepts_a_genuine_request_only(
    receiver: Receiver, notification: Notification
) -> None:
    notifier(f"http://127.0.0.1:{receiver.port}/").notify(notification)
    ((_, headers, body),) = receiver.requests
    check, signature, now = documented_check(), headers["earful-signature"], NOW.timestamp()
    assert check(SECRET, signature, body, now + 299)
    assert not check(SECRET, signature, body, now + 301)
    assert not check(SECRET, signature, body + b" ", now)
    assert not check("another secret", signature, body, now)
    assert not check(SECRET, signature.replace("t=1", "t=2"), body, now)
    assert not check(SECRET, "", body, now)
    assert not check(SECRET, "t=x,v1=ü", body, now)


def test_the_signature_is_the_documented_one() -> None:
    # printf '1767225600.{}' | openssl dgst -sha256 -hmac secret
    assert sign("secret", b"{}", datetime(2026, 1, 1, tzinfo=UTC)) == (
        "t=1767225600,v1=fa7eaa06bf97d7815f3f456e97cde70c9e50cb005f01660c8d10b10c21964887"
    )


def test_a_second_try_carries_the_same_delivery(
    receiver: Receiver, notification: Notification
) -> None:
    target = notifier(f"http://127.0.0.1:{receiver.port}/")
    receiver.status = 500
    with pytest.raises(TemporaryFailure):
        target.notify(notification)
    receiver.status = 204
    target.notify(notification)
    assert [headers["earful-delivery"] for _, headers, _ in receiver.requests] == ["42", "42"]


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 410])
def test_a_refusal_names_host_and_status_but_not_the_path(
    receiver: Receiver, notification: Notification, status: int
) -> None:
    receiver.status = status
    receiver.answer_headers = {"Location": "/elsewhere"}
    with pytest.raises(DeliveryRejected, match=rf"^127\.0\.0\.1 answers {status}$"):
        notifier(f"http://127.0.0.1:{receiver.port}/t0ken").notify(notification)
    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_trouble_at_the_receiver_is_temporary(
    receiver: Receiver, notification: Notification, status: int
) -> None:
    receiver.status = status
    with pytest.raises(TemporaryFailure) as caught:
        notifier(f"http://127.0.0.1:{receiver.port}/t0ken?k=s3cret").notify(notification)
    assert "t0ken" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_receiver_that_asks_to_wait_is_obeyed(
    receiver: Receiver, notification: Notification
) -> None:
    receiver.status, receiver.answer_headers = 429, {"Retry-After": "90"}
    with pytest.raises(RateLimited) as caught:
        notifier(f"http://127.0.0.1:{receiver.port}/").notify(notification)
    assert caught.value.retry_after == timedelta(seconds=90)


def test_a_receiver_that_is_not_there_is_tried_later(notification: Notification) -> None:
    with pytest.raises(TemporaryFailure) as caught:
        notifier("http://127.0.0.1:9/t0ken").notify(notification)
    assert "t0ken" not in str(caught.value)


def test_a_private_address_is_refused_unless_allowed(
    receiver: Receiver, notification: Notification
) -> None:
    target = notifier(f"http://127.0.0.1:{receiver.port}/", allow_private_addresses=False)
    with pytest.raises(TemporaryFailure, match="not a public address"):
        target.notify(notification)
    assert receiver.requests == []


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "ftp://example.org", "secret": SECRET},
        {"url": "example.org", "secret": SECRET},
        {"url": "https://example.org", "secret": "short"},
        {"url": "https://example.org"},
        {"url": "https://example.org", "secret": SECRET, "retries": 3},
    ],
)
def test_wrong_settings_are_mistakes(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WebhookSettings.model_validate(settings)


def test_the_secret_is_masked() -> None:
    settings = WebhookSettings.model_validate({"url": "https://example.org", "secret": SECRET})
    assert SECRET not in repr(settings)
