"""Rows for the tests of reads, and a look at the statements that read them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from earful.store import bulk, models
from earful.types import Surface

__all__ = ["NOW", "Filler", "seeing"]

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Filler:
    """A small shop's inbox, row by row."""

    def __init__(self) -> None:
        self.channel = models.Channel.create(name="forum", kind="forums", title="Our forum")
        self.queues = [
            models.Queue.create(name=name, colour=colour, position=at)
            for at, (name, colour) in enumerate([("Delivery", "blue"), ("Billing", "amber")])
        ]
        self.sam, self.maya = (
            models.Agent.create(email=f"{name}@example.com", name=name, created_at=NOW)
            for name in ("Sam Bailey", "Maya Ortiz")
        )
        self.contact = models.Contact.create(name="Yuki Tanaka", created_at=NOW)
        self.identity = models.Identity.create(
            contact=self.contact,
            realm="forums",
            external_id="u1",
            name="Yuki Tanaka",
            handle="@yuki",
            updated_at=NOW,
        )
        self.number = 0

    def conversation(self, **fields: Any) -> models.Conversation:
        self.number += 1
        at = NOW - timedelta(hours=1)
        return models.Conversation.create(
            **{
                "channel": self.channel,
                "contact": self.contact,
                "subject": f"Parcel {self.number}",
                "snippet": "Where is it?",
                "surface": Surface.PUBLIC_POST,
                "queue": self.queues[0],
                "opened_at": at,
                "last_message_at": at,
            }
            | fields
        )

    def message(self, conversation: models.Conversation, **fields: Any) -> models.Message:
        self.number += 1
        thread, _ = models.Thread.get_or_create(
            channel=self.channel,
            external_id=f"t{conversation.id}",
            defaults={"conversation": conversation, "surface": Surface.PUBLIC_POST},
        )
        return models.Message.create(
            **{
                "channel": self.channel,
                "external_id": f"m{self.number}",
                "conversation": conversation,
                "thread": thread,
                "identity": self.identity,
                "surface": Surface.PUBLIC_REPLY,
                "text": "Where is my parcel?",
                "sent_at": NOW + timedelta(seconds=self.number),
                "received_at": NOW,
            }
            | fields
        )

    def many(self, count: int) -> None:
        """As many conversations, each with a message, two labels, a note and an event."""
        due = [NOW + timedelta(minutes=n) for n in range(count)]
        ids = bulk.insert(
            models.Conversation,
            [
                {
                    "channel": self.channel.id,
                    "contact": self.contact.id,
                    "subject": f"No {n}",
                    "surface": Surface.PUBLIC_POST,
                    "queue": self.queues[n % 2].id,
                    "opened_at": NOW,
                    "last_message_at": NOW,
                    "due_at": due[n],
                    "assignee": self.sam.id if n % 2 else None,
                }
                for n in range(count)
            ],
        )
        threads = bulk.insert(
            models.Thread,
            [
                {
                    "channel": self.channel.id,
                    "external_id": f"b{n}",
                    "conversation": n,
                    "surface": Surface.PUBLIC_POST,
                }
                for n in ids
            ],
        )
        said = bulk.insert(
            models.Message,
            [
                {
                    "channel": self.channel.id,
                    "external_id": f"b{n}",
                    "conversation": n,
                    "thread": thread,
                    "identity": self.identity.id,
                    "text": "Hello",
                    "surface": Surface.PUBLIC_POST,
                    "sent_at": NOW,
                    "received_at": NOW,
                }
                for n, thread in zip(ids, threads, strict=True)
            ],
        )
        bulk.insert(
            models.MessageLabel,
            [
                {
                    "message": n,
                    "name": "sentiment:negative",
                    "score": 0.9,
                    "classifier": "mood",
                    "created_at": NOW,
                }
                for n in said
            ],
        )
        bulk.insert(
            models.ConversationLabel,
            [{"conversation": n, "name": "parcel", "added_by": "x", "added_at": NOW} for n in ids],
        )
        bulk.insert(models.Event, [{"conversation": n, "at": NOW, "kind": "opened"} for n in ids])


@contextmanager
def seeing() -> Iterator[list[tuple[str, Any]]]:
    """The statements that run meanwhile, with their values."""
    database = models.database.obj
    run, seen = database.execute_sql, []

    def execute_sql(sql: str, values: Any = None) -> Any:
        seen.append((sql, values))
        return run(sql, values)

    database.execute_sql = execute_sql
    try:
        yield seen
    finally:
        del database.execute_sql
