"""Facebook Pages as channels: posts, comments, recommendations and Messenger."""

from __future__ import annotations

from collections.abc import Iterable

from earful import Badge, ChannelType, hookimpl
from earful.sandbox import Sandbox

from earful_facebook.connect import FacebookConnector
from earful_facebook.demo import demo
from earful_facebook.parse import parse
from earful_facebook.rules import can_reply, capabilities, count_length
from earful_facebook.sender import FacebookSender
from earful_facebook.settings import FacebookSettings
from earful_facebook.source import FacebookSource
from earful_facebook.webhook import FacebookWebhook

__all__ = ["FACEBOOK", "register_channels"]


def _sandbox() -> Sandbox:
    # Its web framework is not needed where only messages are read.
    from earful_facebook.sandbox import FacebookSandbox

    return FacebookSandbox()


FACEBOOK = ChannelType(
    kind="facebook",
    title="Facebook",
    settings=FacebookSettings,
    parse=parse,
    badge=Badge(letters="Fb", colour="#1d5fc4"),
    capabilities=capabilities,
    source=FacebookSource,
    webhook=FacebookWebhook,
    sender=FacebookSender,
    can_reply=can_reply,
    count_length=count_length,
    demo=demo,
    connector=FacebookConnector,
    sandbox=_sandbox,
)


@hookimpl
def register_channels() -> Iterable[ChannelType]:
    """The one kind of channel this plugin brings."""
    return [FACEBOOK]
