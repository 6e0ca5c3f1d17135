"""Ties a child process to its parent, so that a killed parent leaves nobody behind."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

__all__ = ["die_with_parent", "tied_to"]

_PR_SET_PDEATHSIG = 1
# Loaded before any fork: the child of a process with threads must not load libraries.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def tied_to(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    """What a child runs first, so that it gets `death_signal` when `parent` is gone.

    Linux only; elsewhere it does nothing.
    """

    def tie() -> None:
        die_with_parent(death_signal)
        # The parent may have died before the tie was made.
        if _libc is not None and os.getppid() != parent:
            os._exit(1)

    return tie


def die_with_parent(death_signal: signal.Signals) -> None:
    """Ask the kernel for `death_signal` when this process's parent dies (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
