"""Tells the plugin API as text: every public name with its fields and signatures.

    .venv/bin/python tools/plugin_api.py > docs/plugin-api.txt

A test compares that file, so that no change of the API goes unseen. Within `earful.v1` the API only
grows: lines are added, none is taken away or changed.
"""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
from collections.abc import Iterator
from typing import Any

import earful
from earful import hookspecs, http

__all__ = ["api"]


def api() -> str:
    """The whole API, in a fixed order."""
    lines = ["The plugin API, version earful.v1. Written by tools/plugin_api.py.", "", "hooks"]
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("register_"):
            lines.append(f"  {name}{_signature(function)}")
    for module, names in (("earful", earful.__all__), ("earful.http", http.__all__)):
        source = earful if module == "earful" else http
        for name in sorted(names):
            if not name.startswith("__"):
                lines += ["", f"{module}.{name}", *_described(getattr(source, name))]
    return "\n".join([*lines, ""])


def _described(thing: Any) -> Iterator[str]:
    if not inspect.isclass(thing):
        yield f"  {_signature(thing)}" if inspect.isfunction(thing) else f"  {_told(thing)}"
        return
    bases = [base.__name__ for base in thing.__bases__ if base is not object]
    if bases:
        yield f"  is {', '.join(bases)}"
    if issubclass(thing, enum.Enum):
        yield from (f"  {each.name} = {each.value!r}" for each in thing)
    elif dataclasses.is_dataclass(thing):
        yield from (_field(field) for field in dataclasses.fields(thing))
    elif "__init__" in vars(thing) and not getattr(thing, "_is_protocol", False):
        yield f"  __init__{_signature(thing.__init__)}"
    for name, member in vars(thing).items():
        if not name.startswith("_") and inspect.isfunction(member):
            yield f"  {name}{_signature(member)}"
        elif isinstance(member, property):
            yield f"  {name}: {inspect.signature(member.fget or _told).return_annotation}"


def _field(field: dataclasses.Field[Any]) -> str:
    is_required = (
        field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    )
    return f"  {field.name}: {field.type}{' (required)' if is_required else ''}"


def _signature(function: Any) -> str:
    # Annotations are kept as text, which a signature shows in quotes.
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))


def _told(thing: Any) -> str:
    return str(thing) if "Marker" not in type(thing).__name__ else "marks a hook"


if __name__ == "__main__":
    print(api(), end="")
