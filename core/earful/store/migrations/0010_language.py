"""The language that a person reads Earful in."""

from __future__ import annotations

from typing import Any


def up(_migrator: Any, db: Any) -> None:
    db.execute_sql("""ALTER TABLE "agent" ADD COLUMN "language" VARCHAR(16) NOT NULL DEFAULT ''""")
