"""Runs a select and gives plain values, in the types of its columns."""

from __future__ import annotations

from typing import Any

__all__ = ["dicts", "tuples"]


def dicts(query: Any) -> list[dict[str, Any]]:
    """The rows by column name."""
    return list(query.dicts())


def tuples(query: Any) -> list[tuple[Any, ...]]:
    """The rows by position."""
    return list(query.tuples())
