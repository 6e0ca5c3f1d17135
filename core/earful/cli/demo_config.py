"""Writes the demonstration's configuration: every installed plugin that can show itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from earful.components import ChannelType, Settings
from earful.plugins import PluginHost

__all__ = ["demo_config"]

_HEAD = """# Made by `earful demo`. The channels are paused and hold example content: nothing is
# read from or sent to any platform.
data_dir = "data"
"""


def demo_config(host: PluginHost | None = None) -> str:
    """The text of a configuration with one paused channel for each type that has example content.

    Classifiers and routers that need no settings take part, too.
    """
    found = host or PluginHost.load()
    shown = (kind for kind in found.channel_types.values() if kind.demo is not None)
    return "\n".join([_HEAD, *_channels(shown), *_others(found)])


def _channels(kinds: Iterable[ChannelType]) -> Iterator[str]:
    for kind in kinds:
        settings = _example_settings(kind.settings)
        if settings is None:
            continue
        yield f"[channels.{kind.kind}]"
        yield f"type = {json.dumps(kind.kind)}"
        yield f"title = {json.dumps(kind.title)}"
        yield "paused = true"
        yield from (f"{name} = {_toml(value)}" for name, value in settings.items())
        yield ""


def _others(host: PluginHost) -> Iterator[str]:
    sections: dict[str, dict[str, Any]] = {
        "classifiers": host.classifier_types,
        "routers": host.router_types,
    }
    for section, kinds in sections.items():
        for name, kind in kinds.items():
            if _example_settings(kind.settings) == {}:
                yield f"[{section}.{name}]"
                yield f"type = {json.dumps(name)}"
                yield ""


def _example_settings(model: type[Settings]) -> dict[str, Any] | None:
    """What a plugin's required settings could be; None if that cannot be guessed."""
    settings = {
        name: _example(field) for name, field in model.model_fields.items() if field.is_required()
    }
    try:
        model.model_validate(settings)
    except ValidationError:
        return None
    return settings


def _example(field: FieldInfo) -> Any:
    if field.examples:
        return field.examples[0]
    by_type: dict[Any, Any] = {int: 1, float: 1.0, bool: False, SecretStr: "only-an-example"}
    return by_type.get(field.annotation, "https://demo.example/")


def _toml(value: Any) -> str:
    """JSON is TOML for text, numbers, truth values and lists of them."""
    return json.dumps(value, ensure_ascii=False)
