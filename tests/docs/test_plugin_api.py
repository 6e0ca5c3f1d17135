"""No change of the plugin API goes unseen."""

from __future__ import annotations

from pathlib import Path

from tools.plugin_api import api

SNAPSHOT = Path(__file__).parents[2] / "docs" / "plugin-api.txt"


def test_the_plugin_api_is_as_it_was_written_down() -> None:
    told = "The API changed: run tools/plugin_api.py, and tell plugin authors in CHANGELOG.md."
    assert api() == SNAPSHOT.read_text(encoding="utf-8"), told
