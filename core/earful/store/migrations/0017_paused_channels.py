"""A channel that is disabled for a while keeps in mind that it was paused, and why."""

from __future__ import annotations

from typing import Any


def up(_migrator: Any, db: Any) -> None:
    db.execute_sql("""ALTER TABLE "channel" ADD COLUMN "paused_reason" TEXT""")
