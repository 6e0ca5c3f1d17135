"""The people whom a queue gives its conversations to."""

from __future__ import annotations

from typing import Any


def up(_migrator: Any, db: Any) -> None:
    db.execute_sql("""ALTER TABLE "queue" ADD COLUMN "members" TEXT NOT NULL DEFAULT '[]'""")
