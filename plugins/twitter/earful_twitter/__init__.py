"""X (Twitter) as a channel: mentions, watch terms and direct messages in, replies out."""

from __future__ import annotations

from collections.abc import Iterable

from earful import Badge, ChannelType, hookimpl
from earful.sandbox import Sandbox

from earful_twitter.connect import TwitterConnector
from earful_twitter.costs import push_cost, reply_cost
from earful_twitter.demo import demo
from earful_twitter.length import weighted_length
from earful_twitter.parse import parse
from earful_twitter.rules import can_reply, capabilities
from earful_twitter.sender import TwitterSender
from earful_twitter.settings import TwitterSettings
from earful_twitter.source import TwitterSource
from earful_twitter.webhook import TwitterWebhook

__all__ = ["TWITTER", "register_channels"]


def _sandbox() -> Sandbox:
    """Imported only when it is asked for: it needs the web framework."""
    from earful_twitter.sandbox import XSandbox

    return XSandbox()


TWITTER = ChannelType(
    kind="twitter",
    title="X",
    settings=TwitterSettings,
    parse=parse,
    badge=Badge(letters="X", colour="#1d4f7c"),
    capabilities=capabilities,
    source=TwitterSource,
    webhook=TwitterWebhook,
    sender=TwitterSender,
    can_reply=can_reply,
    authors_are_global=True,
    count_length=weighted_length,
    count_private_length=len,
    connector=TwitterConnector,
    reply_cost=reply_cost,
    push_cost=push_cost,
    sandbox=_sandbox,
    demo=demo,
)


@hookimpl
def register_channels() -> Iterable[ChannelType]:
    """The one kind of channel this plugin brings."""
    return [TWITTER]
