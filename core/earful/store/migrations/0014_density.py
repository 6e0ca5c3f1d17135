"""Whether a person wants more lines on the screen."""

from __future__ import annotations

from typing import Any


def up(_migrator: Any, db: Any) -> None:
    db.execute_sql("""ALTER TABLE "agent" ADD COLUMN "compact" BOOLEAN NOT NULL DEFAULT false""")
