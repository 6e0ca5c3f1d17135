"""The packaged example: every setting with its default and one comment."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["example"]


def example() -> str:
    """The text of `config.example.toml`: from the installed package, else from the checkout."""
    packaged = files(__package__) / "config.example.toml"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    checkout = Path(__file__).resolve().parents[3] / "config.example.toml"
    return checkout.read_text(encoding="utf-8")
