"""Fields, notes, merges and refused matches of contacts; VIPs, and contacts that were erased."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    AutoField,
    BigAutoField,
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


def link(model: Any, *, index: bool = False, null: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=index, null=null, on_delete="RESTRICT", backref="+")


class Agent(Table):
    id = AutoField()


class Contact(Table):
    id = BigAutoField()


class Identity(Table):
    id = BigAutoField()


class ContactField(Table):
    id = AutoField()
    name = CharField(max_length=80, unique=True)
    purpose = TextField()
    position = IntegerField()
    active = BooleanField()


class ContactValue(Table):
    id = BigAutoField()
    contact = link(Contact)
    field = link(ContactField)
    text = TextField()
    agent = link(Agent, null=True)
    at = Moment()

    class Meta:
        indexes = ((("contact", "field"), True),)


class ContactNote(Table):
    id = BigAutoField()
    contact = link(Contact, index=True)
    agent = link(Agent, null=True)
    text = TextField()
    at = Moment()


class ContactMerge(Table):
    id = BigAutoField()
    kept = link(Contact, index=True)
    merged = link(Contact)
    agent = link(Agent, null=True)
    at = Moment()
    evidence = TextField()
    moved = TextField()
    undone_at = Moment(null=True)
    undone_by = link(Agent, null=True)


class RefusedMatch(Table):
    id = BigAutoField()
    first = link(Identity)
    second = link(Identity, index=True)
    agent = link(Agent, null=True)
    at = Moment()

    class Meta:
        indexes = ((("first", "second"), True),)


MADE = (ContactField, ContactValue, ContactNote, ContactMerge, RefusedMatch)

STATEMENTS = (
    """ALTER TABLE "contact" ADD COLUMN "vip" BOOLEAN NOT NULL DEFAULT FALSE""",
    """ALTER TABLE "contact" ADD COLUMN "erased_at" TIMESTAMPTZ""",
    """CREATE INDEX "contact_vip" ON "contact" ("id") WHERE ("vip")""",
    """CREATE UNIQUE INDEX "contact_merge_standing" ON "contact_merge" ("merged_id")
        WHERE ("undone_at" IS NULL)""",
    # A contact's conversations, the newest first.
    """DROP INDEX "conversation_contact_id" """,
    """CREATE INDEX "conversation_by_contact" ON "conversation" ("contact_id", "id")""",
    # What matching identities are looked up by. An address may be longer than an index can hold.
    """CREATE INDEX "identity_handle" ON "identity" (lower("handle"))""",
    """CREATE INDEX "identity_name" ON "identity" (lower("name"))""",
    """CREATE INDEX "identity_url" ON "identity" (substr("url", 1, 500))""",
)


def up(_migrator: Any, db: Any) -> None:
    with db.bind_ctx((Agent, Contact, Identity, *MADE)):
        db.create_tables(MADE)
    for statement in STATEMENTS:
        db.execute_sql(statement)
