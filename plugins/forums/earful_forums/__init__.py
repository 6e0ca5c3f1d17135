"""Blogs and forums as channels: RSS, Atom and WordPress in, WordPress comments out."""

from __future__ import annotations

from collections.abc import Iterable

from earful import Badge, ChannelType, hookimpl, mark

from earful_forums.abilities import can_reply, capabilities, count_length
from earful_forums.demo import demo
from earful_forums.parse import parse
from earful_forums.sender import ForumSender
from earful_forums.settings import ForumsSettings
from earful_forums.source import ForumSource

__all__ = ["FORUMS", "register_channels"]

FORUMS = ChannelType(
    kind="forums",
    title=mark("Blogs and forums"),
    settings=ForumsSettings,
    parse=parse,
    badge=Badge(letters="Fo", colour="#8a4b08"),
    capabilities=capabilities,
    source=ForumSource,
    sender=ForumSender,
    can_reply=can_reply,
    count_length=count_length,
    demo=demo,
)


@hookimpl
def register_channels() -> Iterable[ChannelType]:
    """The one kind of channel this plugin brings."""
    return [FORUMS]
