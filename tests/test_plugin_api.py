"""The plugin API is what `docs/plugin-api.txt` promises."""

from __future__ import annotations

import difflib
from pathlib import Path

from tools.plugin_api import described

SNAPSHOT = Path(__file__).parents[1] / "docs" / "plugin-api.txt"


def test_the_plugin_api_is_as_promised() -> None:
    promised = SNAPSHOT.read_text(encoding="utf-8").splitlines()
    found = described().splitlines()
    changes = "\n".join(difflib.unified_diff(promised, found, "promised", "found", lineterm=""))

    assert not changes, (
        f"{changes}\nWhat is added is written down with: "
        "python tools/plugin_api.py > docs/plugin-api.txt"
    )
