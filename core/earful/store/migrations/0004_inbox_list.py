# ruff: noqa: S608 - names are ours
"""What the inbox's list stands on: read cursors, saved views, bulk undo, orders, and search.

The search index is a table of its own on both databases, kept by triggers: FTS5 on SQLite, a
`tsvector` with a GIN index on PostgreSQL. What it holds of a message is its text, its author's
name and handle, and its conversation's subject; of a message that was removed, nothing.
"""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    ForeignKeyField,
    IntegerField,
    TextField,
)


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


class Agent(Table):
    id = AutoField()


class Conversation(Table):
    id = BigAutoField()


def link(model: Any, *, index: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=index, on_delete="RESTRICT", backref="+")


class ReadCursor(Table):
    id = BigAutoField()
    agent = link(Agent)
    conversation = link(Conversation)
    message_id = BigIntegerField()

    class Meta:
        indexes = ((("conversation", "agent"), True),)


class SavedView(Table):
    id = AutoField()
    name = CharField(max_length=80)
    agent = link(Agent, index=True)
    shared = BooleanField(index=True)
    status = CharField(max_length=32)
    conditions = TextField()
    order = CharField(max_length=32)
    version = IntegerField()
    created_at = Moment()
    updated_at = Moment()


class BulkUndo(Table):
    id = BigAutoField()
    agent = link(Agent, index=True)
    at = Moment()
    kind = CharField(max_length=20)
    entries = TextField()
    used_at = Moment(null=True)


TABLES = (ReadCursor, SavedView, BulkUndo)

_ORDERS = ('"last_message_at", "id"', '"priority" DESC, "due_at", "id"')
_VIEWS = (
    ("by_status", '"status"', ""),
    ("by_queue", '"queue_id", "status"', ""),
    ("by_assignee", '"assignee_id", "status"', ' WHERE ("assignee_id" IS NOT NULL)'),
    ("unassigned", '"status"', ' WHERE ("assignee_id" IS NULL)'),
)
INDEXES = (
    *(
        f'CREATE INDEX "conversation_{view}_{name}" ON "conversation" ({first}, {order}){where}'
        for view, first, where in _VIEWS
        for name, order in zip(("moment", "priority"), _ORDERS, strict=True)
    ),
    'CREATE INDEX "message_identity_id" ON "message" ("identity_id")',
    'CREATE INDEX "conversation_label_by_name" ON "conversation_label" ("name", "conversation_id")',
)

_AUTHOR = "(SELECT i.name || ' ' || i.handle FROM identity i WHERE i.id = m.identity_id)"
_SUBJECT = "(SELECT c.subject FROM conversation c WHERE c.id = m.conversation_id)"
_SELECTED = f"SELECT m.id, m.text, {_AUTHOR}, {_SUBJECT} FROM message m WHERE m.removal IS NULL"


def _sqlite_insert(which: str) -> str:
    return f"INSERT INTO message_search (rowid, text, author, subject) {_SELECTED} {which}"


def _sqlite_again(which: str) -> str:
    """Index these messages anew."""
    return (
        f"DELETE FROM message_search WHERE rowid IN (SELECT m.id FROM message m WHERE {which}); "
        f"{_sqlite_insert(f'AND {which}')};"
    )


SQLITE = (
    """
    CREATE VIRTUAL TABLE message_search USING fts5(
        text, author, subject, tokenize = "unicode61 remove_diacritics 2"
    )
    """,
    _sqlite_insert(""),
    f"""
    CREATE TRIGGER message_search_new AFTER INSERT ON message
    BEGIN {_sqlite_insert("AND m.id = NEW.id")}; END
    """,
    f"""
    CREATE TRIGGER message_search_changed AFTER UPDATE OF text, removal, conversation_id ON message
    WHEN OLD.text IS NOT NEW.text OR OLD.removal IS NOT NEW.removal
        OR OLD.conversation_id IS NOT NEW.conversation_id
    BEGIN {_sqlite_again("m.id = NEW.id")} END
    """,
    """
    CREATE TRIGGER message_search_gone AFTER DELETE ON message
    BEGIN DELETE FROM message_search WHERE rowid = OLD.id; END
    """,
    f"""
    CREATE TRIGGER message_search_author AFTER UPDATE OF name, handle ON identity
    WHEN OLD.name IS NOT NEW.name OR OLD.handle IS NOT NEW.handle
    BEGIN {_sqlite_again("m.identity_id = NEW.id")} END
    """,
    f"""
    CREATE TRIGGER message_search_subject AFTER UPDATE OF subject ON conversation
    WHEN OLD.subject IS NOT NEW.subject
    BEGIN {_sqlite_again("m.conversation_id = NEW.id")} END
    """,
)

_DOCUMENT = f"""
    setweight(to_tsvector('simple', {_AUTHOR}), 'A')
    || setweight(to_tsvector('simple', m.text), 'B')
    || setweight(to_tsvector('simple', {_SUBJECT}), 'C')
"""


def _postgres_insert(which: str) -> str:
    return (
        f"INSERT INTO message_search (message_id, document) SELECT m.id, {_DOCUMENT} "
        f"FROM message m WHERE m.removal IS NULL {which}"
    )


def _postgres_trigger(name: str, when: str, condition: str, which: str) -> tuple[str, str]:
    return (
        f"""
        CREATE FUNCTION message_search_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            DELETE FROM message_search WHERE message_id IN
                (SELECT m.id FROM message m WHERE {which});
            {_postgres_insert(f"AND {which}")};
            RETURN NULL;
        END $$
        """,
        f"""
        CREATE TRIGGER message_search_{name} AFTER {when} FOR EACH ROW WHEN ({condition})
        EXECUTE FUNCTION message_search_{name}()
        """,
    )


POSTGRES = (
    """
    CREATE TABLE message_search (
        message_id bigint PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
        document tsvector NOT NULL
    )
    """,
    _postgres_insert(""),
    "CREATE INDEX message_search_words ON message_search USING gin (document)",
    *_postgres_trigger("new", "INSERT ON message", "TRUE", "m.id = NEW.id"),
    *_postgres_trigger(
        "changed",
        "UPDATE OF text, removal, conversation_id ON message",
        "(OLD.text, OLD.removal, OLD.conversation_id) IS DISTINCT FROM "
        "(NEW.text, NEW.removal, NEW.conversation_id)",
        "m.id = NEW.id",
    ),
    *_postgres_trigger(
        "author",
        "UPDATE OF name, handle ON identity",
        "(OLD.name, OLD.handle) IS DISTINCT FROM (NEW.name, NEW.handle)",
        "m.identity_id = NEW.id",
    ),
    *_postgres_trigger(
        "subject",
        "UPDATE OF subject ON conversation",
        "OLD.subject IS DISTINCT FROM NEW.subject",
        "m.conversation_id = NEW.id",
    ),
)


def up(migrator: Any, db: Any) -> None:
    on_sqlite = isinstance(getattr(db, "obj", db), peewee.SqliteDatabase)
    with db.bind_ctx(TABLES):
        db.create_tables(TABLES)
    for statement in (*INDEXES, *(SQLITE if on_sqlite else POSTGRES)):
        db.execute_sql(statement)
