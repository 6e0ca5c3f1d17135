"""What plugins may know of the installation they are part of.

Set when the configuration is read; a process reads one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["Installation", "installation", "set_installation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """`data_dir` is where a plugin may keep files; `languages` are those people write in."""

    data_dir: Path = Path("data")
    languages: tuple[str, ...] = ("en",)


_current = Installation()


def installation() -> Installation:
    """The installation of this process; what holds by default if no configuration was read."""
    return _current


def set_installation(found: Installation) -> None:
    """Core's, for whoever reads the configuration."""
    global _current  # noqa: PLW0603 - a process has one configuration
    _current = found
