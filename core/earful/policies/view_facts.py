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
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["MOST_VIEW_LEAVES", "VIEW_FACTS", "validate_view", "view_operators"]

MOST_VIEW_LEAVES = 20
"""How many questions one view may ask: each is asked of every conversation that is looked at."""

VIEW_FACTS = FactRegistry()
for _fact in (
    Fact(name="conversation.queue", title=mark("queue"), type=FactType.CHOICE),
    Fact(
        name="conversation.assignee",
        title=mark("assignee"),
        type=FactType.CHOICE,
        help=mark("An e-mail address, or me for whoever looks; unknown where nobody is assigned."),
    ),
    Fact(
        name="conversation.priority",
        title=mark("priority"),
        type=FactType.CHOICE,
        choices=tuple(Priority),
    ),
    Fact(name="channel.name", title=mark("channel"), type=FactType.CHOICE),
    Fact(name="channel.type", title=mark("type of channel"), type=FactType.CHOICE),
    Fact(
        name="conversation.surface",
        title=mark("kind of conversation"),
        type=FactType.CHOICE,
        choices=tuple(Surface),
    ),
    Fact(
        name="labels",
        title=mark("labels"),
        type=FactType.LABELS,
        help=mark("Labels on the conversation, such as topic:refund or topic:*."),
    ),
    Fact(
        name="conversation.sentiment",
        title=mark("tone of the last message"),
        type=FactType.CHOICE,
        choices=("negative", "neutral", "positive"),
    ),
    Fact(name="message.language", title=mark("language of the last message"), type=FactType.CHOICE),
    Fact(
        name="conversation.age",
        title=mark("hours since the last message"),
        type=FactType.NUMBER,
    ),
    Fact(
        name="conversation.waiting",
        title=mark("hours the person has waited"),
        type=FactType.NUMBER,
        help=mark("Unknown where nobody waits for an answer."),
    ),
    Fact(
        name="conversation.due",
        title=mark("hours until an answer is due"),
        type=FactType.NUMBER,
        help=mark("Below zero where it is overdue; unknown where no clock runs."),
    ),
    Fact(
        name="conversation.unread",
        title=mark("conversation is unread"),
        type=FactType.BOOLEAN,
        denied=mark("conversation is not unread"),
        help=mark("By whoever looks."),
    ),
    Fact(name="contact.name", title=mark("contact's name"), type=FactType.TEXT),
    Fact(name="conversation.title", title=mark("subject"), type=FactType.TEXT),
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
            text = _("a view cannot ask this about the %(fact)s; use “contains”", fact=_(title))
            mistakes.append(Mistake(place=_("the view"), text=text, path=(*path, "op")))
    if len(leaves) > MOST_VIEW_LEAVES:
        text = _("it asks more than %(most)s questions; use fewer", most=MOST_VIEW_LEAVES)
        mistakes.append(Mistake(place=_("the view"), text=text))
    return mistakes


def _leaves(node: Any, path: tuple[str | int, ...]) -> Any:
    for kind in ("all", "any", "none"):
        if kind in node:
            for number, child in enumerate(node[kind]):
                yield from _leaves(child, (*path, kind, number))
            return
    yield path, node
