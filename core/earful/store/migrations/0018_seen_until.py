"""How far the person in a private thread has seen what was written to them."""

from __future__ import annotations

from typing import Any


def up(_migrator: Any, db: Any) -> None:
    db.execute_sql("""ALTER TABLE "thread" ADD COLUMN "seen_until" TIMESTAMPTZ""")
