"""Finds plugins, registers what they bring, and contains every call to them.

Owns what is known of a plugin's state. Does not know what channels are configured: that is
`earful.runtime`. A plugin that fails is recorded with its reason; the others go on.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar

import pluggy

from earful import hookspecs
from earful.components import (
    ChannelType,
    ClassifierType,
    NotifierType,
    RouterType,
    describe,
)
from earful.errors import PluginError
from earful.wording import add_texts, mark

__all__ = ["GROUP", "PluginHost", "PluginRecord", "PluginStatus", "contained"]

GROUP = "earful.v1"
Result = TypeVar("Result")
logger = logging.getLogger(__name__)

ComponentType = ChannelType | ClassifierType | RouterType | NotifierType
REGISTRATIONS: tuple[tuple[str, str, type[ComponentType]], ...] = (
    ("register_channels", "channel", ChannelType),
    ("register_classifiers", "classifier", ClassifierType),
    ("register_routers", "router", RouterType),
    ("register_notifiers", "notifier", NotifierType),
)


class PluginStatus(StrEnum):
    """What became of a plugin at start."""

    ACTIVE = "active"
    DISABLED = "disabled"
    FAILED_IMPORT = "failed_import"
    FAILED_REGISTER = "failed_register"


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginRecord:
    """One installed plugin, its state, the reason for it, and the components it brings."""

    name: str
    distribution: str
    version: str
    status: PluginStatus
    reason: str = ""
    provides: tuple[str, ...] = ()


@dataclass(slots=True)
class PluginHost:
    """All plugins of this installation, and the component types of the active ones."""

    records: list[PluginRecord] = field(default_factory=list)
    channel_types: dict[str, ChannelType] = field(default_factory=dict)
    classifier_types: dict[str, ClassifierType] = field(default_factory=dict)
    router_types: dict[str, RouterType] = field(default_factory=dict)
    notifier_types: dict[str, NotifierType] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        *,
        disabled: Collection[str] = (),
        strict: bool = False,
        found: Iterable[EntryPoint] | None = None,
    ) -> PluginHost:
        """Load every installed plugin. `strict` raises `PluginError` at the first failure."""
        host = cls()
        points = entry_points(group=GROUP) if found is None else found
        # The same plugin may be there twice: with Earful, and as a distribution of its own.
        once = {(point.name, point.value): point for point in points}
        for _, point in sorted(once.items()):
            record = host._load_one(point, point.name in disabled)
            host.records.append(record)
            if record.status in {PluginStatus.FAILED_IMPORT, PluginStatus.FAILED_REGISTER}:
                logger.warning("plugin=%s status=%s %s", record.name, record.status, record.reason)
                if strict:
                    message = f"plugin {record.name}: {record.reason}"
                    raise PluginError(message)
        return host

    def unknown_kind(self, kind: str) -> str:
        """Why no active plugin brings this kind, in words for an operator."""
        for record in self.records:
            if record.name == kind and record.status is not PluginStatus.ACTIVE:
                return f"the plugin {kind} is {record.status}: {record.reason or 'switched off'}"
        return f"no installed plugin brings the type {kind!r}"

    def _load_one(self, point: EntryPoint, disabled: bool) -> PluginRecord:  # noqa: FBT001
        record = _Recorder(point)
        if disabled:
            return record(PluginStatus.DISABLED, mark("switched off in the configuration"))
        try:
            plugin = point.load()
        except (Exception, SystemExit) as error:
            logger.debug("plugin=%s import failed", point.name, exc_info=True)
            return record(PluginStatus.FAILED_IMPORT, describe(error))
        try:
            types = _registered(point.name, plugin)
            self._refuse_conflicts(types)
        except (Exception, SystemExit) as error:
            logger.debug("plugin=%s register failed", point.name, exc_info=True)
            return record(PluginStatus.FAILED_REGISTER, describe(error))
        for component in types:
            self._types_like(component)[component.kind] = component
        add_texts(point.module)
        return record(PluginStatus.ACTIVE, provides=tuple(map(_label, types)))

    def _types_like(self, component: ComponentType) -> dict[str, Any]:
        match component:
            case ChannelType():
                return self.channel_types
            case ClassifierType():
                return self.classifier_types
            case RouterType():
                return self.router_types
            case NotifierType():
                return self.notifier_types

    def _refuse_conflicts(self, types: Sequence[ComponentType]) -> None:
        for component in types:
            if component.kind in self._types_like(component):
                message = f"another plugin already brings the {_label(component)}"
                raise PluginError(message)
            if sum(_label(each) == _label(component) for each in types) > 1:
                message = f"it brings the {_label(component)} twice"
                raise PluginError(message)


class _Recorder:
    """Fills in what every record of one entry point shares."""

    def __init__(self, point: EntryPoint) -> None:
        self.point = point

    def __call__(
        self, status: PluginStatus, reason: str = "", provides: tuple[str, ...] = ()
    ) -> PluginRecord:
        distribution = self.point.dist
        return PluginRecord(
            name=self.point.name,
            distribution=distribution.name if distribution else "",
            version=distribution.version if distribution else "",
            status=status,
            reason=reason,
            provides=provides,
        )


def _label(component: ComponentType) -> str:
    return f"{type(component).__name__.removesuffix('Type').lower()} {component.kind}"


def _registered(name: str, plugin: object) -> list[ComponentType]:
    """What one plugin's hooks return. A manager of its own keeps its errors to itself."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin, name)
    manager.check_pending()
    types: list[ComponentType] = []
    for hook, _, expected in REGISTRATIONS:
        for returned in getattr(manager.hook, hook)():
            for component in returned:
                if not isinstance(component, expected):
                    message = f"{hook} returned {component!r}, not a {expected.__name__}"
                    raise PluginError(message)
                types.append(component)
    return types


def contained(
    where: str, call: Callable[[], Result], *, gives: type | tuple[type, ...] = object
) -> Result:
    """Call a plugin. With EARFUL_TRACE=1 every call and its result is logged.

    What the plugin raises passes on: each caller knows what a failure there means. Only the end of
    the process is not a plugin's to ask for. A result that is not what the call `gives` raises
    `PluginError`.
    """
    tracing = os.environ.get("EARFUL_TRACE") == "1"
    if tracing:
        logger.info("trace call=%s", where)
    try:
        result = _staying_alive(call)
        _refuse_other(result, gives)
    except Exception as error:
        if tracing:
            logger.info("trace call=%s raised=%s", where, describe(error))
        raise
    if tracing:
        logger.info("trace call=%s result=%.500r", where, result)
    return result


def _staying_alive(call: Callable[[], Result]) -> Result:
    try:
        return call()
    except SystemExit as error:
        message = f"it tried to end the process, with {error.code!r}"
        raise PluginError(message) from error


def _refuse_other(result: object, gives: type | tuple[type, ...]) -> None:
    if not isinstance(result, gives):
        kinds = gives if isinstance(gives, tuple) else (gives,)
        wanted = " or ".join(each.__name__ for each in kinds)
        message = f"it gave {type(result).__name__}, not {wanted}"
        raise PluginError(message)
