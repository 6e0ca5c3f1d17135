"""What a policy's condition may ask about: the registry of facts, and one message's view of them.

A fact is named, typed and described here; its value is handed in by whoever decides. Nothing here
reads a row, a clock or a setting.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict, TypeVar

import regex

from earful.business_hours import BusinessHours
from earful.types import Priority, Surface
from earful.wording import mark

__all__ = [
    "Fact",
    "FactRegistry",
    "FactType",
    "FactValues",
    "FactView",
    "fold",
    "moment_facts",
    "word_run",
]

T = TypeVar("T")


class FactType(StrEnum):
    """What kind of value a fact has; it decides which questions may be asked."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    LABELS = "labels"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something a condition may ask about.

    `title` stands in a sentence: "message text", "number of followers". A choice without `choices`
    is open: its names are the installation's own (queues, channels). `denied` is the opposite of
    what the title of a boolean fact states. All words are translated where they are shown.
    """

    name: str
    title: str
    type: FactType
    choices: tuple[str, ...] = ()
    help: str = ""
    denied: str = ""


FactValues = TypedDict(
    "FactValues",
    {
        "message.text": str,
        "message.surface": str,
        "message.language": str | None,
        "message.length": int,
        "channel.name": str,
        "channel.type": str,
        "author.name": str,
        "author.handle": str,
        "author.reach": int | None,
        "author.verified": bool,
        "contact.is_known": bool,
        "labels": Collection[str],
        "conversation.title": str,
        "conversation.is_new": bool,
        "conversation.queue": str | None,
        "conversation.priority": str,
        "conversation.status": str,
        "time.weekday": str,
        "time.hour": int,
        "time.in_business_hours": bool,
    },
    total=False,
)
"""The values of the facts that come with Earful; a plain mapping with further names will do too.

A name that is missing, or None, is not known: no question about it is answered with yes, except
`is_unknown`.
"""


def moment_facts(hours: BusinessHours, at: datetime) -> dict[str, object]:
    """The facts about a moment, in the business's own time zone."""
    local = hours.local(at)
    return {
        "time.weekday": local.strftime("%A").lower(),
        "time.hour": local.hour,
        "time.in_business_hours": hours.is_open(at),
    }


_WEEKDAYS = (
    mark("monday"),
    mark("tuesday"),
    mark("wednesday"),
    mark("thursday"),
    mark("friday"),
    mark("saturday"),
    mark("sunday"),
)
_STATUSES = (mark("open"), mark("pending"), mark("snoozed"), mark("resolved"), mark("ignored"))
_OTHER_CHOICES = (
    mark("public post"),
    mark("public reply"),
    mark("private"),
    mark("negative"),
    mark("neutral"),
    mark("positive"),
)
"""What else may be chosen, as it stands in a sentence; priorities are found by themselves."""

_STANDARD = (
    Fact(name="message.text", title=mark("message text"), type=FactType.TEXT),
    Fact(
        name="message.surface",
        title=mark("kind of message"),
        type=FactType.CHOICE,
        choices=tuple(Surface),
        help=mark(
            "A public post of its own, a public reply below something, or a private message."
        ),
    ),
    Fact(
        name="message.language",
        title=mark("message language"),
        type=FactType.CHOICE,
        help=mark(
            "A language code such as en; unknown where neither platform nor classifier tells."
        ),
    ),
    Fact(
        name="message.length",
        title=mark("message length"),
        type=FactType.NUMBER,
        help=mark("In characters."),
    ),
    Fact(
        name="channel.name",
        title=mark("channel"),
        type=FactType.CHOICE,
        help=mark("The channel's name in the configuration."),
    ),
    Fact(
        name="channel.type",
        title=mark("type of channel"),
        type=FactType.CHOICE,
        help=mark("The kind of platform, as the configuration's `type` names it."),
    ),
    Fact(name="author.name", title=mark("author's name"), type=FactType.TEXT),
    Fact(name="author.handle", title=mark("author's handle"), type=FactType.TEXT),
    Fact(
        name="author.reach",
        title=mark("author's reach"),
        type=FactType.NUMBER,
        help=mark("The number of followers; unknown where the platform does not tell."),
    ),
    Fact(
        name="author.verified",
        title=mark("author is verified by the platform"),
        type=FactType.BOOLEAN,
        denied=mark("author is not verified by the platform"),
    ),
    Fact(
        name="contact.is_known",
        title=mark("contact has written before"),
        type=FactType.BOOLEAN,
        denied=mark("contact has not written before"),
    ),
    Fact(
        name="labels",
        title=mark("labels"),
        type=FactType.LABELS,
        help=mark("Labels by classifiers and people, such as sentiment:negative or intent:*."),
    ),
    Fact(name="conversation.title", title=mark("conversation title"), type=FactType.TEXT),
    Fact(
        name="conversation.is_new",
        title=mark("conversation is new"),
        type=FactType.BOOLEAN,
        denied=mark("conversation is not new"),
    ),
    Fact(
        name="conversation.queue",
        title=mark("current queue"),
        type=FactType.CHOICE,
        help=mark("Unknown until a conversation has been put into a queue."),
    ),
    Fact(
        name="conversation.priority",
        title=mark("current priority"),
        type=FactType.CHOICE,
        choices=tuple(Priority),
    ),
    Fact(
        name="conversation.status",
        title=mark("conversation status"),
        type=FactType.CHOICE,
        choices=_STATUSES,
    ),
    Fact(
        name="time.weekday",
        title=mark("day of the week"),
        type=FactType.CHOICE,
        choices=_WEEKDAYS,
        help=mark("In the time zone of the business hours."),
    ),
    Fact(
        name="time.hour",
        title=mark("hour of the day"),
        type=FactType.NUMBER,
        help=mark("0 to 23, in the time zone of the business hours."),
    ),
    Fact(
        name="time.in_business_hours",
        title=mark("message is within business hours"),
        type=FactType.BOOLEAN,
        denied=mark("message is not within business hours"),
    ),
)


class FactRegistry:
    """The facts that conditions may name, in the order in which people are offered them."""

    def __init__(self) -> None:
        self._facts: dict[str, Fact] = {}

    @classmethod
    def standard(cls) -> FactRegistry:
        """A new registry with the facts that come with Earful, ready for more."""
        registry = cls()
        for fact in _STANDARD:
            registry.register(fact)
        return registry

    def register(self, fact: Fact) -> None:
        """Offer one more fact; its name must be free."""
        if fact.name in self._facts:
            raise ValueError(f"the fact {fact.name} is registered already")
        self._facts[fact.name] = fact

    def get(self, name: str) -> Fact | None:
        return self._facts.get(name)

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._facts.values())

    def __len__(self) -> int:
        return len(self._facts)


# Scripts written without spaces: there, each character counts as a word, so that a word is found
# within a line.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"(?V1)[{_UNSPACED}]|[\w\p{{M}}--[{_UNSPACED}]]+")


def fold(text: str) -> str:
    """Text for comparing: without case, wide and narrow forms alike, one kind of apostrophe."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")


def word_run(folded: str) -> str:
    """The words of a folded text, each between single spaces: a phrase is found as a substring."""
    return f" {' '.join(_WORD.findall(folded))} "


def _folded(value: object) -> str | None:
    return fold(value) if isinstance(value, str) else None


def _words(value: object) -> str | None:
    return word_run(fold(value)) if isinstance(value, str) else None


def _encoded(value: object) -> bytes | None:
    # "replace": a lone surrogate is no valid UTF-8, and must not stop a policy.
    return value.encode("utf-8", "replace") if isinstance(value, str) else None


def _label_set(value: object) -> frozenset[str] | None:
    """Folded labels, and `namespace:*` for each namespace, so that each question is one look-up."""
    if not isinstance(value, Collection) or isinstance(value, (str, bytes)):
        return None
    labels = {fold(label) for label in value if isinstance(label, str)}
    namespaces = {f"{label.partition(':')[0]}:*" for label in labels if ":" in label}
    return frozenset(labels | namespaces)


def _number(value: object) -> int | float | None:
    # True and False are numbers to Python, and to nobody who writes policies.
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


class _Lazy(dict[str, T]):
    """Values by the name of their fact, each read and prepared when it is first asked for."""

    __slots__ = ("_prepare", "_values")

    def __init__(self, values: Mapping[str, object], prepare: Callable[[object], T]) -> None:
        super().__init__()
        self._values = values
        self._prepare = prepare

    def __missing__(self, name: str) -> T:
        prepared = self[name] = self._prepare(self._values.get(name))
        return prepared


class FactView:
    """The facts of one message, prepared for comparing at most once however many policies ask.

    Every attribute yields None for a fact that is unknown, or has a value of the wrong type.
    """

    __slots__ = ("encoded", "folded", "labels", "numbers", "values", "words")

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values = values
        self.folded = _Lazy(values, _folded)
        self.words = _Lazy(values, _words)
        self.encoded = _Lazy(values, _encoded)
        self.labels = _Lazy(values, _label_set)
        self.numbers = _Lazy(values, _number)
