"""The pages of those who set Earful up: queues, policies, channels, people, and how it runs."""

from __future__ import annotations

from typing import Any

__all__ = ["views"]


def views() -> list[Any]:
    """The pages, in the order of the navigation."""
    return []
