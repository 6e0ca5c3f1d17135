"""Who writes to us, and who works here."""

from __future__ import annotations

from peewee import (
    AutoField,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CharField,
    IntegerField,
    TextField,
)

from earful.store.fields import ChoiceField, JSONField, RankField, UTCDateTimeField
from earful.store.models.row import Row, link
from earful.store.states import DigestPace, Role

__all__ = ["Agent", "Contact", "Identity"]


class Contact(Row):
    """A person, with one or more identities; `erased_at` once all that told of them is gone."""

    id = BigAutoField()
    name = CharField(max_length=300)
    created_at = UTCDateTimeField()
    vip = BooleanField(default=False)
    erased_at = UTCDateTimeField(null=True)


Contact.add_index(Contact.index(Contact.id, where=Contact.vip, name="contact_vip"))


class Identity(Row):
    """One account of a contact. `realm` is where its platform's id is unique."""

    id = BigAutoField()
    contact = link(Contact, index=True)
    realm = CharField(max_length=140)
    external_id = CharField(max_length=300)
    name = CharField(max_length=300)
    handle = CharField(max_length=300, default="")
    url = TextField(null=True)
    avatar_url = TextField(null=True)
    reach = BigIntegerField(null=True)
    verified = BooleanField(default=False)
    updated_at = UTCDateTimeField()

    class Meta:
        indexes = ((("realm", "external_id"), True),)


class Agent(Row):
    """Somebody who signs in. Raising `epoch` ends all their sessions.

    `compact` is whether they want more lines on the screen.
    `language` is what they read Earful in, "" for what their browser asks for.
    `capacity` is how many open conversations a queue may give them, None for any number.
    `skills` are labels and languages they know best. `muted` is what they are not told of, as
    `kind.way`.
    """

    id = AutoField()
    email = CharField(max_length=254, unique=True)
    name = CharField(max_length=200)
    initials = CharField(max_length=8, default="")
    role = RankField(Role, default=Role.AGENT)
    password_hash = TextField(default="")
    epoch = IntegerField(default=0)
    active = BooleanField(default=True)
    theme = CharField(max_length=8, default="auto")
    compact = BooleanField(default=False)
    language = CharField(max_length=16, default="")
    created_at = UTCDateTimeField()
    last_sign_in_at = UTCDateTimeField(null=True)
    away = BooleanField(default=False)
    capacity = IntegerField(null=True)
    skills = JSONField(default=list)
    muted = JSONField(default=list)
    digest = ChoiceField(DigestPace, default=DigestPace.DAILY)
