"""The first schema, and the triggers that keep the audit append-only."""

from __future__ import annotations

from typing import Any

import peewee
from earful.store.models import ALL_MODELS

SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER audit_event_no_update BEFORE UPDATE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
    """,
    """
    CREATE TRIGGER audit_event_no_delete BEFORE DELETE ON audit_event
    BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END
    """,
)
POSTGRES_TRIGGERS = (
    """
    CREATE FUNCTION audit_event_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the audit is append-only'; END $$
    """,
    """
    CREATE TRIGGER audit_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event
    FOR EACH STATEMENT EXECUTE FUNCTION audit_event_refuse()
    """,
)


def up(migrator: Any, db: Any) -> None:
    db.create_tables(ALL_MODELS)
    on_sqlite = isinstance(db, peewee.SqliteDatabase) or isinstance(
        getattr(db, "obj", None), peewee.SqliteDatabase
    )
    for statement in SQLITE_TRIGGERS if on_sqlite else POSTGRES_TRIGGERS:
        db.execute_sql(statement)
