"""What people here know and decide about a contact: fields, notes, merges, refused matches."""

from __future__ import annotations

from peewee import AutoField, BigAutoField, BooleanField, CharField, IntegerField, TextField

from earful.store.fields import JSONField, UTCDateTimeField
from earful.store.models.people import Agent, Contact, Identity
from earful.store.models.row import Row, link

__all__ = ["ContactField", "ContactMerge", "ContactNote", "ContactValue", "RefusedMatch"]


class ContactField(Row):
    """A question that can be answered for every contact; `purpose` says why it is asked."""

    id = AutoField()
    name = CharField(max_length=80, unique=True)
    purpose = TextField(default="")
    position = IntegerField(default=0)
    active = BooleanField(default=True)


class ContactValue(Row):
    """The answer for one contact, who wrote it and when."""

    id = BigAutoField()
    contact = link(Contact)
    field = link(ContactField)
    text = TextField()
    agent = link(Agent, null=True)
    at = UTCDateTimeField()

    class Meta:
        indexes = ((("contact", "field"), True),)


class ContactNote(Row):
    """What colleagues keep in mind about a contact, whatever the conversation; never sent."""

    id = BigAutoField()
    contact = link(Contact, index=True)
    agent = link(Agent, null=True)
    text = TextField()
    at = UTCDateTimeField()


class ContactMerge(Row):
    """`merged` is the same person as `kept`, which now holds all it had; until it is undone.

    `moved` lists by table the ids that changed hands, so that undoing gives back exactly these.
    """

    id = BigAutoField()
    kept = link(Contact, index=True)
    merged = link(Contact)
    agent = link(Agent, null=True)
    at = UTCDateTimeField()
    evidence = JSONField(default=list)
    moved = JSONField()
    undone_at = UTCDateTimeField(null=True)
    undone_by = link(Agent, null=True)


ContactMerge.add_index(
    ContactMerge.index(
        ContactMerge.merged,
        unique=True,
        where=ContactMerge.undone_at.is_null(),
        name="contact_merge_standing",
    )
)


class RefusedMatch(Row):
    """Somebody said that two identities are not one person; `first` has the smaller id."""

    id = BigAutoField()
    first = link(Identity)
    second = link(Identity, index=True)
    agent = link(Agent, null=True)
    at = UTCDateTimeField()

    class Meta:
        indexes = ((("first", "second"), True),)
