"""The notifier `apprise`, against a receiver on this machine."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from earful import ConfigError, Notification, TemporaryFailure
from earful_notify import register_notifiers
from earful_notify.services import AppriseNotifier, AppriseSettings
from pydantic import ValidationError

if TYPE_CHECKING:
    from conftest import Receiver

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def notifier(*urls: str) -> AppriseNotifier:
    return AppriseNotifier(AppriseSettings.model_validate({"urls": urls, "timeout_seconds": 5}))


def test_a_notification_reaches_every_address(
    receiver: Receiver, notification: Notification
) -> None:
    base = f"json://127.0.0.1:{receiver.port}"
    notifier(f"{base}/one", f"{base}/two").notify(notification)
    assert [path for path, _, _ in receiver.requests] == ["/one", "/two"]
    document = json.loads(receiver.requests[0][2])
    assert document["title"] == notification.title
    assert document["message"].startswith(notification.body)
    assert document["message"].endswith(notification.url)


def test_a_failure_is_temporary_and_tells_no_secret(
    receiver: Receiver, notification: Notification, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 500
    with caplog.at_level(logging.INFO), pytest.raises(TemporaryFailure) as caught:
        notifier(f"json://user:pa55word@127.0.0.1:{receiver.port}/t0ken").notify(notification)
    assert str(caught.value) == "Not accepted by json"
    assert "pa55word" not in caplog.text
    assert "t0ken" not in caplog.text


def test_one_failing_address_does_not_keep_the_others_from_it(
    receiver: Receiver, notification: Notification
) -> None:
    with pytest.raises(TemporaryFailure, match=r"^Not accepted by json$"):
        notifier("json://127.0.0.1:9/closed", f"json://127.0.0.1:{receiver.port}/open").notify(
            notification
        )
    assert [path for path, _, _ in receiver.requests] == ["/open"]


def test_an_address_that_apprise_does_not_know_is_named_without_its_secret(
    notification: Notification,
) -> None:
    with pytest.raises(ConfigError, match=r"the nosuchthing address, number 1$"):
        notifier("nosuchthing://s3cret").notify(notification)


@pytest.mark.parametrize("urls", [[], ["no address"], ["://x"], "json://localhost"])
def test_what_is_no_list_of_addresses_is_refused(urls: object) -> None:
    with pytest.raises(ValidationError) as caught:
        AppriseSettings.model_validate({"urls": urls})
    assert "no address" not in str(caught.value.errors(include_input=False))


def test_addresses_are_masked() -> None:
    settings = AppriseSettings.model_validate({"urls": ["json://user:pa55word@localhost"]})
    assert "pa55word" not in repr(settings)


def test_apprise_is_imported_only_when_something_is_sent() -> None:
    code = "import earful_notify, sys; sys.exit('apprise' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_two_kinds_are_registered() -> None:
    assert [kind.kind for kind in register_notifiers()] == ["apprise", "webhook"]
