"""Installs the guestbook as pip would, but without pip, a build or a network.

    python tests/demo_plugin/install.py TARGET

Put TARGET on `PYTHONPATH` (or `sys.path`), and Earful finds the plugin by its entry point.
"""

from __future__ import annotations

import shutil
import sys
import tomllib
from pathlib import Path

__all__ = ["install"]

HERE = Path(__file__).parent


def install(target: Path) -> Path:
    """Copy the packages to `target`, with the metadata that makes them a distribution."""
    document = tomllib.loads((HERE / "pyproject.toml").read_text("utf-8"))
    project = document["project"]
    for package in document["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        shutil.copytree(
            HERE / package, target / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    info = target / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    metadata = ["Metadata-Version: 2.1", f"Name: {project['name']}"]
    metadata += [f"Version: {project['version']}", f"Summary: {project['description']}"]
    metadata += [f"Requires-Dist: {needed}" for needed in project["dependencies"]]
    (info / "METADATA").write_text("\n".join([*metadata, ""]), "utf-8")
    (info / "entry_points.txt").write_text(_entry_points(project["entry-points"]), "utf-8")
    return target


def _entry_points(groups: dict[str, dict[str, str]]) -> str:
    lines = []
    for group, points in groups.items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items()), ""]
    return "\n".join(lines)


if __name__ == "__main__":
    install(Path(sys.argv[1]))
