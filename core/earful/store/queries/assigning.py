"""Who can be given a conversation, and what it asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from earful.store.database import connection
from earful.store.models import Agent, ConversationLabel, Queue
from earful.store.queries.labels import label_names
from earful.store.queries.reading import holders, select, tuples
from earful.store.states import Role

__all__ = ["Candidate", "candidates", "members_of", "needs_of"]


@dataclass(slots=True)
class Candidate:
    """Somebody who is there, and how many open conversations they hold."""

    id: int
    name: str
    capacity: int | None
    skills: frozenset[str]
    load: int = 0

    @property
    def is_free(self) -> bool:
        return self.capacity is None or self.load < self.capacity


def candidates() -> list[Candidate]:
    """Everybody who may answer and is not away, in the order of their ids; two statements."""
    query = (
        Agent.select(Agent.id, Agent.name, Agent.capacity, Agent.skills)
        .where(Agent.active & ~Agent.away & (Agent.role >= Role.AGENT))
        .order_by(Agent.id)
    )
    loads = (
        "SELECT assignee_id, count(*) FROM conversation"
        " WHERE status = 'open' AND assignee_id IS NOT NULL GROUP BY assignee_id"
    )
    with connection():
        held = dict(select(loads))
        return [
            Candidate(key, name, capacity, frozenset(skills), held.get(key, 0))
            for key, name, capacity, skills in tuples(query)
        ]


def members_of(queue_id: int) -> frozenset[int]:
    """The agents whom a queue gives its conversations to; none where it gives to everybody."""
    with connection():
        found = tuples(Queue.select(Queue.members).where(Queue.id == queue_id))
    return frozenset(found[0][0]) if found else frozenset()


def needs_of(conversation_ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
    """The conversation's labels, its newest message's labels and language.

    A label `topic:billing` counts whole and as `billing`. A fixed number of statements.
    """
    if not conversation_ids:
        return {}
    put = ConversationLabel.select(ConversationLabel.conversation, ConversationLabel.name).where(
        ConversationLabel.conversation.in_(conversation_ids)
    )
    newest = (
        "SELECT message.conversation_id, message.id, message.language FROM conversation"  # noqa: S608 - the marks are ours
        " JOIN message ON message.id = (SELECT latest.id FROM message AS latest"
        "  WHERE latest.conversation_id = conversation.id AND latest.direction = 'in'"
        "  ORDER BY latest.sent_at DESC, latest.id DESC LIMIT 1)"
        f" WHERE conversation.id IN ({holders(conversation_ids)})"
    )
    with connection():
        names: list[tuple[int, str | None]] = [*tuples(put)]
        latest = select(newest, conversation_ids)
        labels = label_names([message_id for _, message_id, _ in latest])
    for conversation_id, message_id, language in latest:
        names += [(conversation_id, name) for name in (language, *labels[message_id])]
    found: dict[int, set[str]] = {}
    for conversation_id, name in names:
        if name:
            found.setdefault(conversation_id, set()).update((name, name.partition(":")[2] or name))
    return {key: frozenset(each) for key, each in found.items()}
