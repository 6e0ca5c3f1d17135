"""The real browser that tests, pictures and benchmarks share: where it is, how it is started."""

from __future__ import annotations

import shutil

__all__ = ["FLAGS", "program"]

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def program() -> str | None:
    """The installed Chromium, None where there is none."""
    return next(filter(None, map(shutil.which, _PROGRAMS)), None)
