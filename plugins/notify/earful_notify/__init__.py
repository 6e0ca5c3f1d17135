"""Tells people outside the screen: registers the notifiers `apprise` and `webhook`."""

from __future__ import annotations

from collections.abc import Iterable

from earful import NotifierType, hookimpl, mark

from earful_notify.services import AppriseNotifier, AppriseSettings
from earful_notify.webhook import WebhookNotifier, WebhookSettings

__all__ = ["register_notifiers"]


@hookimpl
def register_notifiers() -> Iterable[NotifierType]:
    """Apprise for people's services, a signed request for one's own software."""
    return [
        NotifierType(
            kind="apprise",
            title=mark("Chat, e-mail, SMS and push, through Apprise"),
            settings=AppriseSettings,
            create=AppriseNotifier,
        ),
        NotifierType(
            kind="webhook",
            title=mark("Signed request to your own software"),
            settings=WebhookSettings,
            create=WebhookNotifier,
        ),
    ]
