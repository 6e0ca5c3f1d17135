"""The database: tables, transactions, queries and migrations. The only place that says peewee."""

from __future__ import annotations

from earful.store.database import (
    close,
    connection,
    is_postgres,
    open_database,
    transaction,
)
from earful.store.migrate import SchemaState, migrate, schema_state

__all__ = [
    "SchemaState",
    "close",
    "connection",
    "is_postgres",
    "migrate",
    "open_database",
    "schema_state",
    "transaction",
]
