"""Nobody knows a plugin by name, importing is cheap, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PLUGINS = sorted(folder.name for folder in (ROOT / "plugins").iterdir() if folder.is_dir())
HOSTS = [ROOT / "core" / "earful", ROOT / "admin" / "earful_admin"]
SOURCES = [path for folder in HOSTS for path in sorted(folder.rglob("*.py"))]
# `notify` is also a wish of policies, and `webhook` a part of every channel.
KINDS = {*PLUGINS, "apprise"} - {"notify"}


def in_a_new_process(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    return done.stdout


def loaded_by(module: str) -> set[str]:
    listed = in_a_new_process(f"import {module}, sys; print(*sys.modules)")
    return {name.partition(".")[0] for name in listed.split()}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_source_says_a_plugins_name(path: Path) -> None:
    """Neither its package, nor a comparison with its kind, nor an import of it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare | ast.Match):
            said = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
            assert not said & KINDS, ast.unparse(node)
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not re.search(rf"earful_({'|'.join(PLUGINS)})\b", ast.unparse(node))


def test_the_plugin_api_is_light() -> None:
    loaded = loaded_by("earful")

    assert not loaded & {"peewee", "rq", "redis", "flask", "httpx", "psycopg", "click", "apprise"}


def test_the_pytest_plugin_is_as_light_as_the_api() -> None:
    extra = loaded_by("earful.testing.pytest_plugin") - loaded_by("earful, pytest")

    assert not extra & {"peewee", "rq", "redis", "flask", "httpx", "psycopg", "click"}


@pytest.mark.parametrize("name", PLUGINS)
def test_importing_a_plugin_loads_neither_the_host_nor_its_own_model(name: str) -> None:
    loaded = loaded_by(f"earful_{name}")

    assert not loaded & {"peewee", "rq", "redis", "flask", "numpy", "onnxruntime", "transformers"}


@pytest.mark.parametrize("name", PLUGINS)
def test_earful_starts_without_a_plugin(name: str, tmp_path: Path) -> None:
    """As if its folder had been removed: its entry point leads nowhere."""
    code = f"""
import sys
sys.modules["earful_{name}"] = None
from earful.plugins import PluginHost
host = PluginHost.load()
print(*(f"{{each.name}}={{each.status}}" for each in host.records))
"""
    states = dict(word.split("=") for word in in_a_new_process(code).split())

    assert states.pop(name) == "failed_import"
    assert set(states.values()) == {"active"}
