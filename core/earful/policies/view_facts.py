"""What a view of the inbox may ask about: facts of a conversation that the database can answer.

The tree is the one of the policies, and is checked by the same code; only the facts differ, and of
the questions those that the database cannot ask are left out.
"""

from __future__ import annotations

from typing import Any

from earful.policies.conditions import validate_condition
from earful.policies.facts import Fact, FactRegistry, FactType
from earful.policies.mistakes import Mistake
from earful.policies.operators import OPERATORS, Operator
from earful.types import Priority, Surface

__all__ = ["MOST_VIEW_LEAVES", "VIEW_FACTS", "validate_view", "view_operators"]

MOST_VIEW_LEAVES = 20
"""How many questions one view may ask: each is asked of every conversation that is looked at."""

VIEW_FACTS = FactRegistry()
for _fact in (
    Fact(name="conversation.queue", title="queue", type=FactType.CHOICE),
    Fact(
        name="conversation.assignee",
        title="assignee",
        type=FactType.CHOICE,
        help="An e-mail address, or me for whoever looks; unknown where nobody is assigned.",
    ),
    Fact(
        name="conversation.priority",
        title="priority",
        type=FactType.CHOICE,
        choices=tuple(Priority),
    ),
    Fact(name="channel.name", title="channel", type=FactType.CHOICE),
    Fact(name="channel.type", title="type of channel", type=FactType.CHOICE),
    Fact(
        name="conversation.surface",
        title="kind of conversation",
        type=FactType.CHOICE,
        choices=tuple(Surface),
    ),
    Fact(
        name="labels",
        title="labels",
        type=FactType.LABELS,
        help="Labels on the conversation, such as topic:refund or topic:*.",
    ),
    Fact(
        name="conversation.sentiment",
        title="tone of the last message",
        type=FactType.CHOICE,
        choices=("negative", "neutral", "positive"),
    ),
    Fact(name="message.language", title="language of the last message", type=FactType.CHOICE),
    Fact(
        name="conversation.age",
        title="hours since the last message",
        type=FactType.NUMBER,
    ),
    Fact(
        name="conversation.waiting",
        title="hours the person has waited",
        type=FactType.NUMBER,
        help="Unknown where nobody waits for an answer.",
    ),
    Fact(
        name="conversation.due",
        title="hours until an answer is due",
        type=FactType.NUMBER,
        help="Below zero where it is overdue; unknown where no clock runs.",
    ),
    Fact(
        name="conversation.unread",
        title="conversation is unread",
        type=FactType.BOOLEAN,
        help="By whoever looks.",
    ),
    Fact(name="contact.name", title="contact's name", type=FactType.TEXT),
    Fact(name="conversation.title", title="subject", type=FactType.TEXT),
):
    VIEW_FACTS.register(_fact)

_NOT_ASKED = {"contains_any_word", "matches"}


def view_operators(fact: Fact) -> dict[str, Operator]:
    """The questions a view may ask about a fact."""
    return {name: each for name, each in OPERATORS[fact.type].items() if name not in _NOT_ASKED}


def validate_view(tree: object) -> list[Mistake]:
    """Every mistake in a view's condition, each with its place."""
    mistakes = validate_condition(tree, VIEW_FACTS)
    if mistakes:
        return mistakes
    leaves = list(_leaves(tree, ()))
    for path, leaf in leaves:
        if leaf["op"] in _NOT_ASKED:
            fact = VIEW_FACTS.get(leaf["fact"])
            title = fact.title if fact else leaf["fact"]
            text = f"a view cannot ask this about the {title}; use “contains”"
            mistakes.append(Mistake(place="the view", text=text, path=(*path, "op")))
    if len(leaves) > MOST_VIEW_LEAVES:
        text = f"it asks more than {MOST_VIEW_LEAVES} questions; use fewer"
        mistakes.append(Mistake(place="the view", text=text))
    return mistakes


def _leaves(node: Any, path: tuple[str | int, ...]) -> Any:
    for kind in ("all", "any", "none"):
        if kind in node:
            for number, child in enumerate(node[kind]):
                yield from _leaves(child, (*path, kind, number))
            return
    yield path, node
