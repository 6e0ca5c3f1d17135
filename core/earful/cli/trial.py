"""The commands that try a plugin on what comes in on stdin: `parse` and `classify`."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from earful.cli.options import config_option, load_config
from earful.cli.progress import counted

if TYPE_CHECKING:
    from earful.components import Classifier, ClassifierType
    from earful.config import Config
    from earful.plugins import PluginHost

__all__ = ["classify", "parse"]

_BATCH = 256
_CHARACTERS = 500_000
"""Both bound what is held in memory: batches are written out before more is read."""
_LONGEST_LINE = 2_000_000
"""In bytes; what goes beyond is left out, so that no line can fill the memory."""


@click.command()
@click.option(
    "--type", "kind", required=True, help="The kind of channel, as `earful plugins` says."
)
@click.option("--content-type", default="", help="The payload's content type.")
@click.option("--meta", multiple=True, metavar="NAME=VALUE", help="What came with the payload.")
def parse(kind: str, content_type: str, meta: Sequence[str]) -> None:
    """Read a payload from stdin; write its messages as JSON lines, or why there are none.

    What the plugin leaves alone on purpose is no error: "not handled" and the reason are written
    to stderr.
    """
    from earful.cli.logs import set_up_logs
    from earful.components import describe
    from earful.errors import UnsupportedPayload
    from earful.plugins import PluginHost
    from earful.types import Payload

    set_up_logs()
    host = PluginHost.load()
    if kind not in host.channel_types:
        known = ", ".join(sorted(host.channel_types)) or "none"
        raise click.BadParameter(f"{host.unknown_kind(kind)} (installed: {known})")
    payload = Payload(body=sys.stdin.buffer.read(), content_type=content_type, meta=_pairs(meta))
    try:
        from earful.inbox.fitting import parse as read

        items = read(host.channel_types[kind], payload)
    except UnsupportedPayload as reason:
        click.echo(f"not handled: {reason}", err=True)
        return
    except Exception as error:  # noqa: BLE001 - a plugin's bug is a finding here
        raise click.ClickException(describe(error)) from None
    for item in items:
        click.echo(_line({"what": type(item).__name__, **_plain(item)}))


def _pairs(meta: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in meta]
    if any(not equals for _, equals, _ in pairs):
        raise click.BadParameter("expected NAME=VALUE", param_hint="--meta")
    return {name: value for name, _, value in pairs}


@click.command()
@config_option
def classify(config_path: Path | None) -> None:
    """Read texts from stdin, one a line; write the labels of each as one line of JSON.

    Every line gets its answer, an empty one too; bytes that are not UTF-8 are read as unknown
    characters. The configured classifiers are asked; where none is configured, every installed
    one that needs no settings.
    """
    from earful.plugins import PluginHost

    config = load_config(config_path)
    classifiers = _classifiers(config, PluginHost.load(disabled=config.plugins.disabled))
    if not classifiers:
        raise click.ClickException("No classifier is installed and configured.")
    with counted("texts") as count:
        for texts in _batches(_lines(sys.stdin.buffer)):
            click.echo("\n".join(map(_line, _labels(classifiers, texts))))
            count(len(texts))


def _classifiers(config: Config, host: PluginHost) -> list[tuple[str, Classifier]]:
    from earful.config import ComponentConfig, validate_settings

    components = config.classifiers or {
        name: ComponentConfig(name=name, type=name)
        for name, kind in host.classifier_types.items()
        if not _needs_settings(kind)
    }
    made = []
    for component in components.values():
        kind = host.classifier_types.get(component.type)
        if kind is None:
            raise click.ClickException(
                f"classifiers.{component.name}: {host.unknown_kind(component.type)}"
            )
        settings = validate_settings(component, kind.settings, config.file_name)
        made.append((component.name, kind.create(settings)))
    return made


def _needs_settings(kind: ClassifierType) -> bool:
    return any(field.is_required() for field in kind.settings.model_fields.values())


def _lines(stream: BinaryIO) -> Iterator[str]:
    while line := stream.readline(_LONGEST_LINE):
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(_LONGEST_LINE)
        yield line.decode("utf-8", errors="replace").rstrip("\r\n")


def _batches(lines: Iterator[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += len(line)
        if len(batch) == _BATCH or characters > _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _labels(
    classifiers: Sequence[tuple[str, Classifier]], texts: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    from earful.plugins import contained
    from earful.types import ClassifiedMessage, Surface

    messages = [
        ClassifiedMessage(
            id=number,
            text=text,
            surface=Surface.PUBLIC_REPLY,
            language=None,
            channel="stdin",
            author_name="",
        )
        for number, text in enumerate(texts, start=1)
    ]
    answers = [
        contained(f"{name}.classify", lambda: classifier.classify(messages))  # noqa: B023
        for name, classifier in classifiers
    ]
    for per_text in zip(*answers, strict=True):
        yield [_plain(label) for labels in per_text for label in labels]


def _plain(item: Any) -> dict[str, Any]:
    """A value's fields, without those that say nothing."""
    fields = {field.name: getattr(item, field.name) for field in dataclasses.fields(item)}
    return {
        name: _value(value) for name, value in fields.items() if value not in (None, "", (), {})
    }


def _value(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, tuple):
        return [_value(each) for each in value]
    return value


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
