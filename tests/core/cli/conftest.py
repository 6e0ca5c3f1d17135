from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Earful = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def earful(tmp_path: Path) -> Earful:
    """Runs a command in an empty folder, as a person would."""

    def run(*arguments: str, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "earful", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, **environ},
            timeout=60,
            check=False,
        )

    return run
