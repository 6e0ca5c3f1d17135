"""A guestbook for Earful: where visitors leave entries and the owner answers."""

from __future__ import annotations

from collections.abc import Iterable

from earful import ChannelType, ClassifierType, NotifierType, RouterType, hookimpl

from guestbook_channel import channel, desk
from guestbook_channel.faults import fail_at_start

__all__ = [
    "register_channels",
    "register_classifiers",
    "register_notifiers",
    "register_routers",
]

fail_at_start("import")


@hookimpl
def register_channels() -> Iterable[ChannelType]:
    fail_at_start("register")
    return [channel.TYPE]


@hookimpl
def register_classifiers() -> Iterable[ClassifierType]:
    return [desk.CLASSIFIER]


@hookimpl
def register_routers() -> Iterable[RouterType]:
    return [desk.ROUTER]


@hookimpl
def register_notifiers() -> Iterable[NotifierType]:
    return [desk.NOTIFIER]
