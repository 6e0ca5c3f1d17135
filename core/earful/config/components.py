"""Tables whose own keys belong to a plugin: channels, classifiers, routers, notifiers."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from earful.components import Settings, describe
from earful.config.mistakes import Mistakes
from earful.config.secrets import remember_in
from earful.errors import ConfigError

__all__ = ["ChannelConfig", "ComponentConfig", "validate_settings"]

S = TypeVar("S", bound=Settings)


class ComponentConfig(BaseModel):
    """One configured component. `settings` are the plugin's own keys, secrets resolved."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    name: str
    type: Annotated[str, Field(min_length=1)]
    settings: dict[str, Any] = Field(default_factory=dict, repr=False)
    table: str = ""
    """Where it stands in the file, such as `channels.blog`."""

    own_names: ClassVar[tuple[str, ...]] = ("type",)
    """The keys of the table that are core's; all others are the plugin's."""


class ChannelConfig(ComponentConfig):
    """One configured channel: an account that is read, and perhaps answered from."""

    title: str = ""
    poll_every_seconds: Annotated[int, Field(ge=10)] = 300
    paused: bool = False

    own_names: ClassVar[tuple[str, ...]] = ("type", "title", "poll_every_seconds", "paused")


def validate_settings(component: ComponentConfig, model: type[S], file: str) -> S:
    """The component's settings as the plugin's model; `ConfigError` names every mistake."""
    try:
        settings = model.model_validate(component.settings)
    except ValidationError as error:
        mistakes = Mistakes(file)
        mistakes.add_all(
            error,
            model,
            component.settings,
            table=component.table or component.name,
            also_known=component.own_names,
        )
        raise ConfigError(mistakes.problems) from None
    except (Exception, SystemExit) as error:
        message = (
            f"{file}: {component.table or component.name}: the plugin of the type "
            f"{component.type!r} fails on these settings ({describe(error)}); change them, or "
            f"leave the plugin out with plugins.disabled"
        )
        raise ConfigError(message) from error
    remember_in(settings)
    return settings
