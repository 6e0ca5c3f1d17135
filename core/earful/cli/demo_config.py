"""Writes the demonstration's configuration: every installed plugin that can show itself."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic.fields import FieldInfo

from earful.cli.demo_sandboxes import channel_name, free_port
from earful.cli.sandbox import sandbox_of
from earful.components import ChannelType, Settings
from earful.plugins import PluginHost
from earful.sandbox import Sandbox

__all__ = ["demo_config"]

_HEAD = """# Made by `earful demo`. Nothing is read from or sent to any platform: a channel is
# paused and holds example content, or talks to a sandbox that `earful demo` runs beside it.
data_dir = "data"
"""
_POLL_SECONDS = 10


def demo_config(host: PluginHost | None = None) -> str:
    """The text of a configuration with a channel for each type that can show itself.

    One with a sandbox is live; one with example content alone is paused. Classifiers and routers
    that need no settings take part, too.
    """
    found = host or PluginHost.load()
    return "\n".join([_HEAD, *_channels(found.channel_types.values()), *_others(found)])


def _channels(kinds: Iterable[ChannelType]) -> Iterator[str]:
    taken: set[int] = set()
    for kind in kinds:
        sandbox = sandbox_of(kind)
        if sandbox is not None:
            yield from _on_sandbox(kind, sandbox, taken)
        elif kind.demo is not None:
            yield from _paused(kind)


def _on_sandbox(kind: ChannelType, sandbox: Sandbox, taken: set[int]) -> Iterator[str]:
    port = free_port(0 if sandbox.default_port in taken else sandbox.default_port)
    taken.add(port)
    settings = sandbox.settings(f"http://127.0.0.1:{port}")
    yield f"[channels.{channel_name(sandbox.title, kind.kind)}]"
    yield f"type = {_toml(kind.kind)}"
    yield f"title = {_toml(kind.title)}"
    yield f"poll_every_seconds = {_POLL_SECONDS}"
    yield from (f"{name} = {_toml(value)}" for name, value in settings.items())
    yield ""


def _paused(kind: ChannelType) -> Iterator[str]:
    settings = _example_settings(kind.settings)
    if settings is not None:
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
    """A value in one line; JSON is TOML for text, numbers and truth values."""
    if isinstance(value, Mapping):
        pairs = (f"{name} = {_toml(each)}" for name, each in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
