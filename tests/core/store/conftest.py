"""A filled database of each kind."""

from __future__ import annotations

import pytest

from tests.core.store.filler import Filler


@pytest.fixture
def filled(open_database: str) -> Filler:
    return Filler()
