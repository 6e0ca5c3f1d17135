"""Says in plain words what is wrong with a table of the configuration.

Turns pydantic's errors into sentences that name file and key. Never prints a configured value:
it may be a secret.
"""

from __future__ import annotations

import difflib
import enum
import types
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import BaseModel, SecretStr, ValidationError

__all__ = ["Mistakes", "nearest"]

_MASK = "**********"
_WORDS: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "text",
    SecretStr: 'text, { env = "NAME" } or { file = "path" }',
    Path: "a path",
    IPv4Network: "an IP address or network",
    IPv6Network: "an IP address or network",
}


class Mistakes:
    """Collects the mistakes of one configuration file, in the order they are found."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[str] = []

    def add(self, key: str, sentence: str) -> None:
        """One more mistake at `key`, unless it is already told."""
        problem = f"{self.file}: {key}: {sentence}"
        if problem not in self.problems:
            self.problems.append(problem)

    def add_all(
        self,
        error: ValidationError,
        model: type[BaseModel],
        data: Mapping[str, Any],
        *,
        table: str = "",
        also_known: Iterable[str] = (),
    ) -> None:
        """Every mistake that pydantic found in `data`; `also_known` names help the spelling."""
        secrets = _secrets(model, data)
        details = error.errors(include_url=False)
        within = {detail["loc"][:-1] for detail in details}
        for detail in details:
            # A list whose items are all mistaken also counts as empty.
            if detail["type"] == "too_short" and detail["loc"] in within:
                continue
            place = _locate(model, data, detail["loc"])
            key = _dotted([table, *place.keys] if table else place.keys) or "(file)"
            if detail["type"] in ("value_error", "assertion_error"):
                self.add(key, _masked(str(detail["ctx"]["error"]), secrets))
            else:
                self.add(key, _sentence(detail, place, also_known))


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint for a name that is not known: the nearest one, else all of them."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return f"known here: {', '.join(names)}" if names else "nothing is known here"


@dataclass
class _Place:
    """Where a mistake is: its keys as they stand in the file, and what is expected there."""

    keys: list[int | str]
    parent: type[BaseModel]
    annotation: Any = None
    metadata: Iterable[Any] = ()

    def enter(self, part: int | str) -> bool:
        """Step into a field or a list's item; False if the model knows no such part."""
        inner = _as_model(self.annotation) if self.keys else self.parent
        if inner is not None and part in inner.model_fields:
            field = inner.model_fields[str(part)]
            self.parent, self.annotation, self.metadata = inner, field.annotation, field.metadata
        elif (item := _item_of(self.annotation)) is not None:
            self.annotation, self.metadata = item, ()
        else:
            self.parent = inner or self.parent
            self.annotation, self.metadata = None, ()
            return False
        return True


def _locate(model: type[BaseModel], data: Any, loc: tuple[int | str, ...]) -> _Place:
    """The place of `loc`, without what the file cannot hold: pydantic names union members too."""
    place = _Place([], model)
    for part in loc:
        before = replace(place)
        if not place.enter(part) and not _holds(data, part):
            place = before
            continue
        place.keys.append(part)
        data = data[part] if _holds(data, part) else None
    return place


def _sentence(detail: Any, place: _Place, also_known: Iterable[str]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        known = [*place.parent.model_fields, *also_known]
        return f"unknown name; {nearest(str(detail['loc'][-1]), known)}"
    if place.annotation is None:
        return str(detail["msg"])
    expected = f"expected {_expected(place.annotation, place.metadata)}"
    return f"missing; {expected}" if kind == "missing" else expected


def _masked(sentence: str, secrets: Iterable[str]) -> str:
    """A plugin's own sentence may repeat what it was given."""
    for secret in secrets:
        sentence = sentence.replace(secret, _MASK)
    return sentence


def _holds(data: Any, key: int | str) -> bool:
    if isinstance(data, Mapping):
        return key in data
    return isinstance(data, list) and isinstance(key, int) and key < len(data)


def _as_model(annotation: Any) -> type[BaseModel] | None:
    """The model that this type is, seen through unions and annotations but not into lists."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (list, tuple, set, frozenset, dict):
        return None
    return next((found for arg in get_args(annotation) if (found := _as_model(arg))), None)


def _item_of(annotation: Any) -> Any:
    """What a list or table of this type holds, seen through unions and annotations."""
    args = get_args(annotation)
    if get_origin(annotation) in (list, tuple, set, frozenset, dict):
        return args[-1 if get_origin(annotation) is dict else 0] if args else None
    return next((found for arg in args if (found := _item_of(arg)) is not None), None)


def _secrets(model: type[BaseModel], data: Mapping[str, Any]) -> list[str]:
    return [
        value
        for name, field in model.model_fields.items()
        if _mentions_secret(field.annotation)
        and (value := data.get(name))
        and isinstance(value, str)
    ]


def _mentions_secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(map(_mentions_secret, get_args(annotation)))


def _expected(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    if hasattr(annotation, "__metadata__"):
        return _expected(get_args(annotation)[0], annotation.__metadata__)
    return _kind(annotation) + _bounds(metadata)


def _kind(annotation: Any) -> str:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        words = dict.fromkeys(_expected(arg) for arg in args if arg is not type(None))
        return " or ".join(words)
    if origin in (list, tuple, set, frozenset) and args:
        return f"a list ({_expected(args[0])} each)"
    choices = _choices(annotation)
    if choices:
        return "one of " + ", ".join(f'"{choice}"' for choice in choices)
    if dict in (origin, annotation) or _as_model(annotation):
        return "a table"
    return _WORDS.get(annotation, f"a {getattr(annotation, '__name__', 'value')}")


def _choices(annotation: Any) -> list[Any]:
    if get_origin(annotation) is Literal:
        return list(get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return [member.value for member in annotation]
    return []


def _bounds(metadata: Iterable[Any]) -> str:
    low = high = None
    for item in metadata:
        if isinstance(item, annotated_types.Ge):
            low = item.ge
        elif isinstance(item, annotated_types.Le):
            high = item.le
        elif isinstance(item, annotated_types.Gt):
            return f" above {item.gt}"
        elif isinstance(item, annotated_types.MinLen):
            return ", not empty" if item.min_length == 1 else f", {item.min_length} or longer"
    if low is not None and high is not None:
        return f" between {low} and {high}"
    if low is not None:
        return f" of at least {low}"
    return f" of at most {high}" if high is not None else ""


def _dotted(keys: Iterable[int | str]) -> str:
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text
