"""Notifications to the services that Apprise knows: chat, e-mail, SMS, push.

An Apprise address holds the service's secrets, so it is shown nowhere: a service is named by what
stands before `://`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

from earful import ConfigError, Notification, Notifier, Settings, TemporaryFailure
from pydantic import AfterValidator, Field, SecretStr

if TYPE_CHECKING:
    from apprise import NotifyBase

__all__ = ["AppriseNotifier", "AppriseSettings"]

_SCHEMA = re.compile(r"([A-Za-z0-9]{2,32})://\S")


def _address(value: SecretStr) -> SecretStr:
    if not _SCHEMA.match(value.get_secret_value()):
        raise ValueError('expected an Apprise address such as "mailto://…" or "slack://…"')
    return value


class AppriseSettings(Settings):
    """`urls` are Apprise's addresses. `timeout_seconds` bounds each service's answer."""

    urls: Annotated[tuple[Annotated[SecretStr, AfterValidator(_address)], ...], Field(min_length=1)]
    timeout_seconds: Annotated[int, Field(ge=1, le=120)] = 30


class AppriseNotifier(Notifier):
    """Sends each notification to every address; all are tried even if some fail."""

    def __init__(self, settings: AppriseSettings) -> None:
        self._settings = settings

    def notify(self, notification: Notification) -> None:
        failed = [
            schema
            for schema, service in self._services
            if not self._accepted(service, notification)
        ]
        if failed:
            raise TemporaryFailure(f"Not accepted by {', '.join(failed)}")

    def _accepted(self, service: NotifyBase, notification: Notification) -> bool:
        from apprise import Apprise, NotifyFormat

        return bool(
            Apprise(service).notify(
                title=notification.title,
                body=_body(notification),
                body_format=NotifyFormat.TEXT,
                interpret_escapes=False,
                timeout=self._settings.timeout_seconds,
            )
        )

    @cached_property
    def _services(self) -> list[tuple[str, NotifyBase]]:
        # Apprise is slow to import, and most processes never notify anyone.
        from apprise import Apprise, AppriseAsset

        asset = AppriseAsset(app_id="Earful", app_desc="Earful", app_url="")
        services = []
        for number, url in enumerate(self._settings.urls, start=1):
            schema = url.get_secret_value().partition("://")[0].lower()
            service = Apprise.instantiate(url.get_secret_value(), asset=asset)
            if service is None:
                raise ConfigError(f"Apprise cannot read the {schema} address, number {number}")
            services.append((schema, service))
        return services


def _body(notification: Notification) -> str:
    return "\n\n".join(part for part in (notification.body, notification.url) if part)
