"""Rows for the inbox's tests: conversations as the pipeline leaves them, one call each."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from earful.store import models
from earful.store.states import ReplyState
from earful.types import Surface

HOSTILE = (
    "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
    "\u202e\u2066 \"'><b>bold</b> {{ 7 * 7 }} " + "long" * 80
)


@dataclass
class House:
    """An installation with one channel and three queues, filled row by row."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.channel = models.Channel.get(models.Channel.name == "wall")
        colours = {"Delivery": "blue", "Billing": "amber", "Technical": "violet"}
        self.queues = {
            name: models.Queue.create(name=name, colour=colour, position=at)
            for at, (name, colour) in enumerate(colours.items())
        }

    def ago(self, minutes: float) -> datetime:
        return self.now - timedelta(minutes=minutes)

    def identity(self, name: str, handle: str = "", **fields: Any) -> models.Identity:
        contact = models.Contact.create(name=name, created_at=self.ago(90_000))
        return models.Identity.create(
            **{
                "contact": contact,
                "realm": "wall",
                "external_id": f"person-{next(self.numbers)}",
                "name": name,
                "handle": handle,
                "updated_at": self.now,
            }
            | fields
        )

    def conversation(
        self, who: models.Identity, *said: str, minutes: float = 60, **fields: Any
    ) -> models.Conversation:
        """A conversation in which a person said these things, a minute apart."""
        fields = {"queue": self.queues["Delivery"], "channel": self.channel} | fields
        conversation = models.Conversation.create(
            **{
                "contact": who.contact,
                "subject": "",
                "snippet": said[-1] if said else "",
                "surface": Surface.PUBLIC_POST,
                "opened_at": self.ago(minutes),
                "last_message_at": self.ago(minutes),
                "message_count": len(said),
            }
            | fields
        )
        models.Thread.create(
            channel=conversation.channel_id,
            external_id=f"thread-{conversation.id}",
            conversation=conversation,
            surface=conversation.surface,
            title=conversation.subject or "A thread",
            url=f"https://wall.example/{conversation.id}",
        )
        for at, text in enumerate(said):
            self.message(conversation, who, text, minutes=minutes - at)
        return conversation

    def message(
        self,
        conversation: models.Conversation,
        who: models.Identity,
        text: str,
        *,
        minutes: float = 0,
        **fields: Any,
    ) -> models.Message:
        thread = models.Thread.get(models.Thread.conversation == conversation.id)
        number = next(self.numbers)
        return models.Message.create(
            **{
                "channel": conversation.channel_id,
                "external_id": f"message-{number}",
                "conversation": conversation,
                "thread": thread,
                "identity": who,
                "surface": Surface.PUBLIC_REPLY,
                "text": text,
                "url": f"https://wall.example/{conversation.id}#{number}",
                "sent_at": self.ago(minutes),
                "received_at": self.ago(minutes),
                "stage": "done",
            }
            | fields
        )

    def arrive(
        self, conversation: models.Conversation, who: models.Identity, text: str
    ) -> models.Message:
        """A message that arrives now, as the pipeline would store it."""
        self.now = datetime.now(UTC)
        message = self.message(conversation, who, text)
        models.Conversation.update(
            message_count=models.Conversation.message_count + 1,
            last_message_at=message.sent_at,
            snippet=text,
        ).where(models.Conversation.id == conversation.id).execute()
        self.event(conversation, "routed", queue="Delivery", by="fallback")
        return message

    def mood(self, message: models.Message, mood: str, score: float) -> None:
        models.MessageLabel.create(
            message=message,
            name=f"sentiment:{mood}",
            score=score,
            classifier="mood",
            created_at=self.now,
        )

    def note(
        self, conversation: models.Conversation, agent_id: int, text: str, minutes: float = 5
    ) -> models.Note:
        return models.Note.create(
            conversation=conversation, agent=agent_id, text=text, at=self.ago(minutes)
        )

    def event(
        self,
        conversation: models.Conversation,
        kind: str,
        *,
        minutes: float = 0,
        agent_id: int | None = None,
        **data: Any,
    ) -> models.Event:
        return models.Event.create(
            conversation=conversation, at=self.ago(minutes), kind=kind, agent=agent_id, data=data
        )

    def reply(
        self,
        message: models.Message,
        agent_id: int,
        text: str,
        state: ReplyState = ReplyState.SENT,
        *,
        minutes: float = 3,
        **fields: Any,
    ) -> models.Reply:
        return models.Reply.create(
            **{
                "channel": message.channel_id,
                "conversation": message.conversation_id,
                "thread": message.thread_id,
                "message": message,
                "agent": agent_id,
                "surface": Surface.PUBLIC_REPLY,
                "text": text,
                "state": state,
                "idempotency_key": f"key-{next(self.numbers)}",
                "created_at": self.ago(minutes),
                "due_at": self.ago(minutes) + timedelta(seconds=10),
            }
            | fields
        )
