"""Remembers every secret this process has read, so that no log line shows one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, SecretStr

__all__ = ["masked", "remember", "remember_in"]

_MASK = "**********"
# Shorter ones would blot out ordinary words, and protect nothing.
_SHORTEST = 4
_known: set[str] = set()


def remember(secrets: Iterable[str]) -> None:
    """From now on these texts are masked."""
    _known.update(secret for secret in secrets if len(secret) >= _SHORTEST)


def remember_in(value: Any) -> None:
    """Remember every `SecretStr` in a model, and the passwords in its addresses."""
    if isinstance(value, SecretStr):
        remember([value.get_secret_value()])
    elif isinstance(value, str):
        remember(filter(None, [_password_in(value)]))
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            remember_in(getattr(value, name))
    elif isinstance(value, dict):
        for each in value.values():
            remember_in(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in value:
            remember_in(each)


def masked(text: str) -> str:
    """The text without any remembered secret."""
    return _pattern(frozenset(_known)).sub(_MASK, text) if _known else text


@lru_cache(maxsize=1)
def _pattern(secrets: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))


def _password_in(text: str) -> str | None:
    if "://" not in text:
        return None
    try:
        return urlsplit(text).password
    except ValueError:
        return None
