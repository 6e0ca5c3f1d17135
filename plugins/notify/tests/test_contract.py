"""The promises of every notifier, kept by these two."""

from __future__ import annotations

from earful.testing.contract import NotifierContract


class TestApprise(NotifierContract):
    kind = "apprise"


class TestWebhook(NotifierContract):
    kind = "webhook"
