"""The plugin API as text, for `docs/plugin-api.txt`: names, fields, signatures and defaults.

    python tools/plugin_api.py > docs/plugin-api.txt

Within version 1 it only grows: a diff of that file shows every promise a change would break.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

import earful
from earful import hookspecs, http, sandbox

__all__ = ["described"]


def described() -> str:
    """The whole API, one name after the other."""
    lines = ["# The plugin API, version 1: entry points of the group `earful.v1`."]
    for name in _hooks():
        lines += ["", f"hook {name}{_signature(getattr(hookspecs, name))}"]
    for module in (earful, http, sandbox):
        for name in sorted(module.__all__):
            lines += ["", *_described(f"{module.__name__}.{name}", getattr(module, name))]
    return "\n".join(lines) + "\n"


def _hooks() -> list[str]:
    return [name for name in vars(hookspecs) if name.startswith("register_")]


def _described(name: str, thing: Any) -> Iterator[str]:
    if not inspect.isclass(thing):
        yield f"{name}{_signature(thing)}" if inspect.isfunction(thing) else name
        return
    bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
    yield f"class {name}({bases})"
    if issubclass(thing, Enum):
        yield from (f"    {member.name} = {member.value!r}" for member in thing)
    elif dataclasses.is_dataclass(thing):
        yield from (f"    {_field(field)}" for field in dataclasses.fields(thing))
    for part, value in sorted(vars(thing).items()):
        if inspect.isfunction(value) and (not part.startswith("_") or _is_constructor(thing, part)):
            yield f"    def {part}{_signature(value)}"


def _is_constructor(thing: Any, part: str) -> bool:
    return part == "__init__" and not dataclasses.is_dataclass(thing) and not _is_protocol(thing)


def _is_protocol(thing: Any) -> bool:
    return bool(getattr(thing, "_is_protocol", False))


def _field(field: dataclasses.Field[Any]) -> str:
    text = f"{field.name}: {field.type}"
    if field.default is not dataclasses.MISSING:
        return f"{text} = {field.default!r}"
    return f"{text} = ..." if field.default_factory is not dataclasses.MISSING else text


def _signature(function: Any) -> str:
    # Annotations are text already, and would be shown in quotes of their own.
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(inspect.signature(function)))


if __name__ == "__main__":
    print(described(), end="")
