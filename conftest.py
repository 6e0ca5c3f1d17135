"""What the tests of the whole repository share: one real browser for each process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tools import chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """An installed Chromium. Playwright can be started once in a process only."""
    found = chromium.program()
    if found is None:
        pytest.skip("no Chromium is installed (tools/ensure_chromium.sh installs it)")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=found, args=chromium.FLAGS)
        yield launched
        launched.close()
