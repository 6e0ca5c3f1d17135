"""What one process of Earful has at hand: configuration, plugins, components, job queue.

Builds one object per configured component, once, and keeps the reason where that fails. Opens
the database; what is done with it belongs to the modules above.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Generic, TypeVar

from earful.business_hours import BusinessHours
from earful.components import (
    Capabilities,
    ChannelSettings,
    ChannelType,
    Classifier,
    ClassifierType,
    Connector,
    LabelSet,
    Notifier,
    Router,
    Sender,
    Settings,
    Source,
    Webhook,
    describe,
)
from earful.config import ChannelConfig, ComponentConfig, Config, remember, validate_settings
from earful.errors import ConfigError
from earful.job_queue import JobQueue
from earful.plugins import PluginHost, PluginStatus, contained
from earful.policies import CompiledPolicy
from earful.store import database
from earful.store.channel_state import StoredChannelState
from earful.store.hours import UnreadableHours, saved_hours
from earful.store.vault import Vault
from earful.types import Capability, Payload, ReplyContext, ReplyPermission, Surface
from earful.wording import gettext as _

__all__ = ["ConfiguredChannel", "ConfiguredClassifier", "Named", "Runtime", "Trouble"]

logger = logging.getLogger(__name__)
Component = TypeVar("Component")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A configured component that does not work, and why."""

    section: str
    name: str
    reason: str


@dataclass(slots=True, kw_only=True)
class ConfiguredChannel:
    """One configured channel: its type, its settings, and its objects, made when first used."""

    name: str
    title: str
    type: ChannelType
    settings: Settings
    poll_every_seconds: int
    _made: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def capabilities(self) -> Capabilities:
        """What this channel can do, with reasons for what it can't."""
        try:
            return contained(
                f"{self.name}.capabilities",
                lambda: self.type.capabilities(self.settings),
                gives=Capabilities,
            )
        except Exception as error:  # noqa: BLE001 - a plugin's bug must not hide the page
            return _no_capabilities(self._failed("capabilities", error))

    def permits_reply(self, context: ReplyContext) -> ReplyPermission:
        """Whether one message can be answered. A plugin that fails here forbids it, and why."""
        try:
            return contained(
                f"{self.name}.can_reply",
                lambda: self.type.permits_reply(self.settings, context),
                gives=ReplyPermission,
            )
        except Exception as error:  # noqa: BLE001 - a plugin's bug must not hide the page
            return ReplyPermission(allowed=False, reason=self._failed("can_reply", error))

    def count_length(self, text: str, surface: Surface) -> int:
        """The length of a reply as the platform counts it there."""
        count = self.type.counter(surface)
        try:
            return contained(f"{self.name}.count_length", lambda: count(text), gives=int)
        except Exception as error:  # noqa: BLE001 - the platform itself will count
            self._failed("count_length", error)
            return len(text)

    def reply_cost(self, text: str, surface: Surface) -> float | None:
        """What sending this costs in US dollars; None where nobody can tell."""
        estimate = self.type.reply_cost
        if estimate is None:
            return None
        try:
            return contained(
                f"{self.name}.reply_cost",
                lambda: estimate(self.settings, text, surface),
                gives=(int, float),
            )
        except Exception as error:  # noqa: BLE001 - the page says nothing then
            self._failed("reply_cost", error)
            return None

    def push_cost(self, payload: Payload) -> Mapping[str, float]:
        """What the platform charged for having pushed this, by action; empty where nothing."""
        charged = self.type.push_cost
        if charged is None:
            return {}
        try:
            return contained(
                f"{self.name}.push_cost", lambda: charged(self.settings, payload), gives=Mapping
            )
        except Exception as error:  # noqa: BLE001 - what was pushed is read all the same
            self._failed("push_cost", error)
            return {}

    def _failed(self, part: str, error: Exception) -> str:
        logger.warning("channel=%s %s failed: %s", self.name, part, describe(error))
        return _("The channel's plugin failed: %(why)s", why=describe(error))

    def source(self) -> Source | None:
        """What reads the platform; None where messages are only pushed."""
        return self._make("source", self.type.source)

    def webhook(self) -> Webhook | None:
        """What takes the platform's pushes; None where there are none."""
        return self._make("webhook", self.type.webhook)

    def sender(self) -> Sender | None:
        """What writes to the platform; None where that is impossible."""
        return self._make("sender", self.type.sender)

    def connector(self) -> Connector | None:
        """What signs it in through the browser; None where the configuration says it all."""
        return self._make("connector", self.type.connector)

    def _make(self, part: str, factory: Callable[[Any], Made] | None) -> Made | None:
        if factory is None:
            return None
        if part not in self._made:
            self._made[part] = contained(f"{self.name}.{part}", lambda: factory(self.settings))
        made: Made = self._made[part]
        return made


def _mask(credentials: Mapping[str, str]) -> None:
    """Let no log line show them. Short ones are names and numbers, not secrets."""
    remember(each for each in credentials.values() if len(each) >= _SHORTEST_SECRET)


_SHORTEST_SECRET = 12


def _no_capabilities(reason: str) -> Capabilities:
    no = Capability(allowed=False, reason=reason)
    return Capabilities(reply=no, private_reply=no, like=no, hide=no, media=no)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredClassifier:
    """One configured classifier; the object holds the model."""

    name: str
    type: ClassifierType
    object: Classifier
    settings: Settings | None = None

    @property
    def version(self) -> str:
        """The model and its version, as they are stored with labels."""
        return self.type.version_with(self.settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named(Generic[Component]):
    """A configured component that needs nothing but its name."""

    name: str
    object: Component


@dataclass(kw_only=True)
class Runtime:
    """One process's view of the installation. Open it once, with `Runtime.open`."""

    config: Config
    plugins: PluginHost
    jobs: JobQueue
    channels: dict[str, ConfiguredChannel]
    configured_hours: BusinessHours
    """The configuration's; `hours_in_force` tells which hours count."""
    troubles: list[Trouble] = field(default_factory=list)
    compiled_policies: dict[tuple[object, ...], CompiledPolicy] = field(default_factory=dict)
    """What routing has compiled so far."""
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    """The time for the state that plugins reach through their settings; tests move it."""

    @classmethod
    def open(
        cls,
        config: Config,
        *,
        jobs: JobQueue | None = None,
        plugins: PluginHost | None = None,
        strict: bool = False,
    ) -> Runtime:
        """Open the database, load plugins, and validate every component's settings.

        Raises `ConfigError` with all mistakes at once. A component whose plugin failed is not a
        mistake of the configuration: it is kept as a `Trouble`, and everything else goes on.
        """
        database.open_database(config.database_url())
        host = plugins or PluginHost.load(disabled=config.plugins.disabled, strict=strict)
        runtime = cls(
            config=config,
            plugins=host,
            jobs=jobs
            or JobQueue.connect(config, lost_after_seconds=config.job_queue.lost_after_seconds),
            channels={},
            configured_hours=(
                config.business_hours.build() if config.business_hours else BusinessHours.always()
            ),
        )
        problems = runtime._add_components()
        if problems:
            raise ConfigError(problems)
        return runtime

    @classmethod
    def mistakes(cls, config: Config, plugins: PluginHost) -> list[str]:
        """What is wrong with the components' settings, without opening anything."""
        hours = BusinessHours.always()
        jobs = JobQueue.connect(config)
        runtime = cls(
            config=config, plugins=plugins, jobs=jobs, channels={}, configured_hours=hours
        )
        return runtime._add_components()

    @cached_property
    def vault(self) -> Vault:
        """What encrypts credentials."""
        return Vault(self.config.encryption_keys)

    def hours_in_force(self) -> BusinessHours:
        """The business hours that count now: those saved in the browser, else the configuration's.

        One statement, so that every process sees at once what was saved: ask once a job.
        """
        try:
            saved = saved_hours()
        except UnreadableHours as error:
            logger.warning("the saved business hours are left out: %s", error)
            saved = None
        return saved.calendar if saved and saved.in_force else self.configured_hours

    def _now(self) -> datetime:
        return self.clock()

    def _with_state(self, name: str, settings: Settings) -> Settings:
        """The settings with a place to keep state, where they ask for one."""
        if not isinstance(settings, ChannelSettings):
            return settings
        state = StoredChannelState(name, self.vault, self._now, _mask)
        return settings.with_state(state)

    @cached_property
    def classifiers(self) -> Sequence[ConfiguredClassifier]:
        """The working classifiers. Made on first use: only workers should pay for a model."""
        made = []
        for component in self.config.classifiers.values():
            kind = self.plugins.classifier_types.get(component.type)
            created = self._create("classifiers", component, kind)
            if kind is not None and created is not None:
                settings = validate_settings(component, kind.settings, self.config.file_name)
                made.append(
                    ConfiguredClassifier(
                        name=component.name, type=kind, object=created, settings=settings
                    )
                )
        return made

    def model_troubles(self) -> list[Trouble]:
        """The configured classifiers whose model cannot be used on this machine, and why.

        Loads no model, so that the web process may ask.
        """
        troubles = []
        for component in self.config.classifiers.values():
            try:
                self.look_at_model(component)
            except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding here
                reason = describe(error)
                troubles.append(Trouble(section="classifiers", name=component.name, reason=reason))
        return troubles

    def look_at_model(self, component: ComponentConfig) -> str:
        """One line on a classifier's model; raises what is wrong with it."""
        kind = self.plugins.classifier_types.get(component.type)
        check = kind.check if kind is not None else None
        if kind is None or check is None:
            return ""
        settings = validate_settings(component, kind.settings, self.config.file_name)
        return contained(f"{component.name}.check", lambda: check(settings))

    @property
    def label_sets(self) -> dict[str, LabelSet]:
        """The labels that people may correct, by namespace, of all configured classifiers.

        Where two offer the same namespace the first one's words count, with both one's values.
        """
        found: dict[str, LabelSet] = {}
        for component in self.config.classifiers.values():
            kind = self.plugins.classifier_types.get(component.type)
            for each in kind.labels if kind else ():
                known = found.get(each.namespace, each)
                values = tuple(dict.fromkeys((*known.values, *each.values)))
                found[each.namespace] = replace(known, values=values)
        return found

    @cached_property
    def routers(self) -> Sequence[Named[Router]]:
        """The working routers, in the order of the configuration."""
        return self._create_all("routers", self.config.routers, self.plugins.router_types)

    @cached_property
    def notifiers(self) -> dict[str, Notifier]:
        """The working notifiers by name."""
        made = self._create_all("notifiers", self.config.notifiers, self.plugins.notifier_types)
        return {each.name: each.object for each in made}

    def _add_components(self) -> list[str]:
        """Check every component's settings; returns the mistakes in them."""
        problems: list[str] = []
        sections = (
            ("channels", self.config.channels, self.plugins.channel_types),
            ("classifiers", self.config.classifiers, self.plugins.classifier_types),
            ("routers", self.config.routers, self.plugins.router_types),
            ("notifiers", self.config.notifiers, self.plugins.notifier_types),
        )
        for section, components, types in sections:
            for component in components.values():
                try:
                    self._validate(section, component, types)
                except ConfigError as error:
                    problems.extend(error.problems)
        return problems

    def _validate(self, section: str, component: ComponentConfig, types: dict[str, Any]) -> None:
        kind = types.get(component.type)
        if kind is None:
            if not self._is_a_plugins_fault(component.type):
                raise ConfigError(self._unknown_type(section, component, types))
            self._note(section, component.name, self.plugins.unknown_kind(component.type))
            return
        settings = validate_settings(component, kind.settings, self.config.file_name)
        if isinstance(kind, ChannelType) and isinstance(component, ChannelConfig):
            self.channels[component.name] = ConfiguredChannel(
                name=component.name,
                title=component.title or component.name,
                type=kind,
                settings=self._with_state(component.name, settings),
                poll_every_seconds=component.poll_every_seconds,
            )

    def _is_a_plugins_fault(self, kind: str) -> bool:
        inactive = [each for each in self.plugins.records if each.status != PluginStatus.ACTIVE]
        return any(record.name == kind for record in inactive)

    def _unknown_type(self, section: str, component: ComponentConfig, types: dict[str, Any]) -> str:
        near = get_close_matches(component.type, types, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(sorted(types)) or "none"
        return (
            f"{self.config.file_name}: {section}.{component.name}.type: "
            f"{self.plugins.unknown_kind(component.type)} (installed: {known}){hint}"
        )

    def _create(self, section: str, component: ComponentConfig, kind: Any) -> Any:
        """The component's object, or None with the reason kept."""
        if kind is None:
            return None
        settings = validate_settings(component, kind.settings, self.config.file_name)
        try:
            return contained(f"{component.name}.create", lambda: kind.create(settings))
        except Exception as error:  # noqa: BLE001 - a plugin's bug stops only its own component
            self._note(section, component.name, describe(error))
            return None

    def _create_all(
        self, section: str, components: Mapping[str, ComponentConfig], types: dict[str, Any]
    ) -> list[Named[Any]]:
        made = (
            (component.name, self._create(section, component, types.get(component.type)))
            for component in components.values()
        )
        return [Named(name=name, object=each) for name, each in made if each is not None]

    def _note(self, section: str, name: str, reason: str) -> None:
        logger.warning("%s=%s %s", section.removesuffix("s"), name, reason)
        self.troubles.append(Trouble(section=section, name=name, reason=reason))
