"""The labels of messages as they stand: a person's word wins over every classifier's.

Whoever reads labels reads them here, so that the rule holds everywhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import JOIN

from earful.store.models import Agent, LabelCorrection, MessageLabel
from earful.store.queries.reading import among, dicts, holders, select, tuples
from earful.store.queries.references import AgentName, agent_name

__all__ = ["Judgement", "LabelScore", "label_names", "newest_moods", "standing_labels"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a person said of a namespace, and what the machine had said then.

    `value` is empty where no label is right. `said` is None where no classifier had looked, and
    empty where one had looked and given no label of this namespace.
    """

    namespace: str
    value: str
    agent: AgentName | None
    at: datetime
    said: str | None
    score: float | None
    classifier: str
    version: str

    @property
    def agrees(self) -> bool:
        """Whether the machine had it right."""
        return self.value == self.said


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelScore:
    """A label as it stands: a classifier's with how sure it is, or a person's with `judged`.

    `overruled` is what classifiers say today where a person has spoken.
    """

    name: str
    score: float | None
    detail: str = ""
    classifier: str = ""
    version: str = ""
    at: datetime | None = None
    judged: Judgement | None = None
    overruled: tuple[LabelScore, ...] = ()

    @property
    def namespace(self) -> str:
        return self.name.partition(":")[0]

    @property
    def value(self) -> str:
        """What stands after the colon; empty where a person said that no label is right."""
        return self.name.partition(":")[2] if ":" in self.name else self.name


def label_names(message_ids: Collection[int]) -> dict[int, set[str]]:
    """The names alone of what stands, for every given message; two statements."""
    found: dict[int, set[str]] = {each: set() for each in message_ids}
    if not found:
        return found
    said = MessageLabel.select(MessageLabel.message, MessageLabel.name)
    for message, name in tuples(said.where(among(MessageLabel.message, found))):
        found[message].add(name)
    judged = LabelCorrection.select(
        LabelCorrection.message, LabelCorrection.namespace, LabelCorrection.value
    )
    for message, namespace, value in tuples(judged.where(among(LabelCorrection.message, found))):
        others = {each for each in found[message] if not each.startswith(f"{namespace}:")}
        found[message] = others | ({f"{namespace}:{value}"} if value else set())
    return found


def standing_labels(
    message_ids: Sequence[int], *, namespace: str | None = None
) -> Mapping[int, list[LabelScore]]:
    """What stands with each message, with who said it and why; two statements.

    A judgement that no label is right stands too, as a label without a value.
    """
    machine = _machine(message_ids, namespace)
    judged = _judged(message_ids, namespace)
    found: dict[int, list[LabelScore]] = defaultdict(list)
    for message in message_ids:
        found[message] = list(_stand(machine.get(message, ()), judged.get(message, ())))
    return found


def newest_moods(
    conversation_ids: Sequence[int],
) -> dict[int, tuple[int, LabelScore | None]]:
    """Each conversation's newest message that came in, with its tone; one statement.

    Literal SQL, because every list and every poll asks it.
    """
    return {
        key: (message, _mood(judged, name, score, detail))
        for key, message, judged, name, score, detail in select(
            f"{_NEWEST_IN} WHERE c.id IN ({holders(conversation_ids)}) ORDER BY l.id",
            conversation_ids,
        )
    }


_NEWEST_IN = """SELECT c.id, m.id, j.value, l.name, l.score, l.detail FROM conversation c
    JOIN message m ON m.id = (
        SELECT n.id FROM message n WHERE n.conversation_id = c.id AND n.direction = 'in'
        ORDER BY n.sent_at DESC, n.id DESC LIMIT 1)
    LEFT JOIN label_correction j ON j.message_id = m.id AND j.namespace = 'sentiment'
    LEFT JOIN message_label l
        ON l.message_id = m.id AND l.name >= 'sentiment:' AND l.name < 'sentiment;'"""


def _mood(
    judged: str | None, name: str | None, score: float | None, detail: str | None
) -> LabelScore | None:
    if judged is not None:
        return LabelScore(name=f"sentiment:{judged}", score=None) if judged else None
    return LabelScore(name=name, score=score, detail=detail or "") if name else None


def _stand(said: Sequence[LabelScore], judged: Sequence[Judgement]) -> Iterable[LabelScore]:
    decided = {each.namespace for each in judged}
    for each in judged:
        yield LabelScore(
            name=f"{each.namespace}:{each.value}",
            score=None,
            at=each.at,
            judged=each,
            overruled=tuple(label for label in said if label.namespace == each.namespace),
        )
    yield from (label for label in said if label.namespace not in decided)


def _machine(ids: Sequence[int], namespace: str | None) -> Mapping[int, list[LabelScore]]:
    query = MessageLabel.select().where(MessageLabel.message.in_(list(ids)))
    if namespace is not None:
        query = query.where(MessageLabel.name.startswith(f"{namespace}:"))
    found: dict[int, list[LabelScore]] = defaultdict(list)
    for row in dicts(query.order_by(MessageLabel.id)):
        label = LabelScore(
            name=row["name"],
            score=row["score"],
            detail=row["detail"],
            classifier=row["classifier"],
            version=row["version"],
            at=row["created_at"],
        )
        found[row["message"]].append(label)
    return found


def _judged(ids: Sequence[int], namespace: str | None) -> Mapping[int, list[Judgement]]:
    query = (
        LabelCorrection.select(
            LabelCorrection,
            Agent.id.alias("agent_id"),
            Agent.name.alias("agent_name"),
            Agent.initials.alias("agent_initials"),
        )
        .join(Agent, JOIN.LEFT_OUTER)
        .where(LabelCorrection.message.in_(list(ids)))
        .order_by(LabelCorrection.namespace)
    )
    if namespace is not None:
        query = query.where(LabelCorrection.namespace == namespace)
    found: dict[int, list[Judgement]] = defaultdict(list)
    for row in dicts(query):
        found[row["message"]].append(_judgement(row))
    return found


def _judgement(row: dict[str, Any]) -> Judgement:
    return Judgement(
        namespace=row["namespace"],
        value=row["value"],
        agent=agent_name(row["agent_id"], row["agent_name"], row["agent_initials"]),
        at=row["at"],
        said=row["machine_value"],
        score=row["machine_score"],
        classifier=row["machine_classifier"],
        version=row["machine_version"],
    )
