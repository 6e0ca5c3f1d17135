"""Installs a package of the tests as a stranger's plugin, in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["install"]


def install(package: Path, kind: str, site: Path) -> Path:
    """What `pip install` would leave in `site`: the package, and the metadata that names it."""
    shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    facts = site / f"{package.name}-1.0.dist-info"
    facts.mkdir()
    facts.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package.name.replace('_', '-')}\nVersion: 1.0\n"
    )
    facts.joinpath("entry_points.txt").write_text(f"[earful.v1]\n{kind} = {package.name}\n")
    return site
