"""The four hooks a plugin may implement. They are called once, at start, and only register.

Work is done by the objects that the returned descriptors create (`earful.components`).
"""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from earful.components import ChannelType, ClassifierType, NotifierType, RouterType

__all__ = ["PROJECT", "hookimpl", "hookspec"]

PROJECT = "earful"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_channels() -> Iterable[ChannelType]:  # type: ignore[empty-body]
    """The kinds of channel this plugin brings: where messages come from and replies go to."""


@hookspec
def register_classifiers() -> Iterable[ClassifierType]:  # type: ignore[empty-body]
    """The kinds of classifier this plugin brings: what reads a message and labels it."""


@hookspec
def register_routers() -> Iterable[RouterType]:  # type: ignore[empty-body]
    """The kinds of router this plugin brings: what decides where policies did not."""


@hookspec
def register_notifiers() -> Iterable[NotifierType]:  # type: ignore[empty-body]
    """The kinds of notifier this plugin brings: what tells people outside the screen."""
