"""What people say about the machine's labels, and what the classifiers have done.

`ClassifierDay` and `LabelVerdict` are roll-ups, a few rows a day: pages read them instead of
messages. A day is a UTC date as ISO text, which sorts alike on both databases.
"""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, CharField, FloatField, IntegerField

from earful.store.fields import UTCDateTimeField
from earful.store.models.messages import Message
from earful.store.models.people import Agent
from earful.store.models.row import Row, link

__all__ = [
    "ClassifierBatch",
    "ClassifierDay",
    "LabelCorrection",
    "LabelVerdict",
    "Reclassification",
]


class LabelCorrection(Row):
    """The right label of a message in one namespace, by a person; it wins over any classifier.

    `value` is empty where no label of the namespace is right. The machine's word is that of the
    moment of judging: `machine_value` is null where no classifier had looked, and empty where one
    had looked and given none. `text_version` is the version of the message that was judged.
    """

    id = BigAutoField()
    message = link(Message)
    namespace = CharField(max_length=64)
    value = CharField(max_length=100)
    agent = link(Agent, null=True)
    at = UTCDateTimeField()
    text_version = IntegerField(default=1)
    machine_value = CharField(max_length=100, null=True)
    machine_score = FloatField(null=True)
    machine_classifier = CharField(max_length=64, default="")
    machine_version = CharField(max_length=100, default="")

    class Meta:
        indexes = ((("message", "namespace"), True),)


class LabelVerdict(Row):
    """How often, of the judgements of one day, the machine said one thing and people another."""

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


class ClassifierDay(Row):
    """How many of the messages received on one day carry labels of a classifier's version.

    The row with an empty classifier counts all messages of the day.
    """

    id = BigAutoField()
    day = CharField(max_length=10)
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    messages = IntegerField()

    class Meta:
        indexes = ((("day", "classifier", "version"), True),)


class ClassifierBatch(Row):
    """How long a classifier took for one batch; only the latest rows are kept."""

    id = BigAutoField()
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    at = UTCDateTimeField()
    messages = IntegerField()
    milliseconds = FloatField()


class Reclassification(Row):
    """How far one run of a classifier over stored messages has come.

    Messages up to `cursor` are done; the run ends with the message `last_id`.
    """

    id = BigAutoField()
    classifier = CharField(max_length=64)
    version = CharField(max_length=100)
    since = UTCDateTimeField()
    until = UTCDateTimeField(null=True)
    only_unlabelled = BooleanField(default=False)
    cursor = BigIntegerField()
    last_id = BigIntegerField()
    total = IntegerField()
    done = IntegerField(default=0)
    failed = IntegerField(default=0)
    started_at = UTCDateTimeField()
    updated_at = UTCDateTimeField()
    finished_at = UTCDateTimeField(null=True)


Reclassification.add_index(
    Reclassification.index(
        Reclassification.id,
        where=Reclassification.finished_at.is_null(True),
        name="reclassification_unfinished",
    )
)
