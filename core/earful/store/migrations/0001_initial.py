"""The first schema."""

from __future__ import annotations

from typing import Any

from earful.store.models import ALL_MODELS


def up(migrator: Any, db: Any) -> None:
    db.create_tables(ALL_MODELS)
