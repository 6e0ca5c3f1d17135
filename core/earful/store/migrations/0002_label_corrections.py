"""Corrections of labels, what the classifiers have done, and runs over stored messages."""

from __future__ import annotations

from typing import Any

import peewee
from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    FloatField,
    ForeignKeyField,
    IntegerField,
)


class Moment(peewee.Field):  # type: ignore[misc]
    field_type = "TIMESTAMPTZ"


class Table(peewee.Model):  # type: ignore[misc]
    class Meta:
        legacy_table_names = False


class Message(Table):
    id = BigAutoField()


class Agent(Table):
    id = peewee.AutoField()


def link(model: Any, *, null: bool = False) -> ForeignKeyField:
    return ForeignKeyField(model, index=False, null=null, on_delete="RESTRICT", backref="+")


class LabelCorrection(Table):
    id = BigAutoField()
    message = link(Message)
    namespace = CharField(max_length=64)
    value = CharField(max_length=100)
    agent = link(Agent, null=True)
    at = Moment()
    text_version = IntegerField()
    machine_value = CharField(max_length=100, null=True)
    machine_score = FloatField(null=True)
    machine_classifier = CharField(max_length=64)
    machine_version = CharField(max_length=100)

    class Meta:
        indexes = ((("message", "namespace"), True),)


class LabelVerdict(Table):
    id = BigAutoField()
    day = CharField(max_length=10)
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    namespace = CharField(max_length=64)
    said = CharField(max_length=100)
    meant = CharField(max_length=100)
    count = IntegerField()

    class Meta:
        indexes = ((("day", "classifier", "version", "namespace", "said", "meant"), True),)


class ClassifierDay(Table):
    id = BigAutoField()
    day = CharField(max_length=10)
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    messages = IntegerField()

    class Meta:
        indexes = ((("day", "classifier", "version"), True),)


class ClassifierBatch(Table):
    id = BigAutoField()
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    at = Moment()
    messages = IntegerField()
    milliseconds = FloatField()


class Reclassification(Table):
    id = BigAutoField()
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    since = Moment()
    until = Moment(null=True)
    only_unlabelled = BooleanField()
    cursor = BigIntegerField()
    last_id = BigIntegerField()
    total = IntegerField()
    done = IntegerField()
    failed = IntegerField()
    started_at = Moment()
    updated_at = Moment()
    finished_at = Moment(null=True)


TABLES = (LabelCorrection, LabelVerdict, ClassifierDay, ClassifierBatch, Reclassification)

UNFINISHED = """CREATE INDEX "reclassification_unfinished" ON "reclassification" ("id") WHERE ("finished_at" IS NULL)"""


# What was classified before this step is counted once, so that later changes count from there.
ALL_MESSAGES = """
    INSERT INTO classifier_day (day, classifier, version, messages)
    SELECT {day}, '', '', count(*) FROM message AS m
    WHERE m.direction = 'in' AND m.stage <> 'ingested' GROUP BY 1
"""
LABELLED = """
    INSERT INTO classifier_day (day, classifier, version, messages)
    SELECT {day}, l.classifier, l.version, count(DISTINCT l.message_id)
    FROM message_label AS l JOIN message AS m ON m.id = l.message_id GROUP BY 1, 2, 3
"""
DAY_ON_SQLITE = "substr(m.received_at, 1, 10)"
DAY_ON_POSTGRES = "to_char(m.received_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')"


def up(migrator: Any, db: Any) -> None:
    on_sqlite = isinstance(getattr(db, "obj", db), peewee.SqliteDatabase)
    with db.bind_ctx((Message, Agent, *TABLES)):
        db.create_tables(TABLES)
    db.execute_sql(UNFINISHED)
    for statement in (ALL_MESSAGES, LABELLED):
        db.execute_sql(statement.format(day=DAY_ON_SQLITE if on_sqlite else DAY_ON_POSTGRES))
