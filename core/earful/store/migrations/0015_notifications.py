"""Notifications are found by their conversation, and the told ones by their time."""

from __future__ import annotations

from typing import Any

STATEMENTS = (
    """CREATE INDEX "notification_conversation" ON "notification" ("conversation_id")
    WHERE ("conversation_id" IS NOT NULL)""",
    """CREATE INDEX "notification_sent" ON "notification" ("sent_at")
    WHERE ("sent_at" IS NOT NULL)""",
)


def up(_migrator: Any, db: Any) -> None:
    for statement in STATEMENTS:
        db.execute_sql(statement)
