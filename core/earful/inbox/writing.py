"""An answer from what was typed to what is sent: variables, sign-off, and second thoughts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from earful.components import Capabilities
from earful.inbox.caution import Caution, asks_for, reveals
from earful.inbox.text import one_line
from earful.inbox.variables import Filled, fill, first_name
from earful.store.models import SavedReply
from earful.store.queries.references import AgentName
from earful.store.queries.writing import (
    WritingFacts,
    note_that_came_last,
    was_sent_to,
    writing_facts,
)
from earful.types import Surface
from earful.wording import dated
from earful.wording import gettext as _

__all__ = ["Writing", "cautions", "mentions_in", "reply_limit", "values_of", "writing"]

MOST_MENTIONS = 100
"""At signs of one note that are looked at."""
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Writing:
    """An answer as it would be sent: `text` with its `sign_off`, and the variables it lacks."""

    text: str
    sign_off: str
    missing: tuple[str, ...]
    facts: WritingFacts

    @property
    def body(self) -> str:
        """Without what was added."""
        return self.text.removesuffix(self.sign_off).rstrip() if self.sign_off else self.text


def values_of(facts: WritingFacts) -> Mapping[str, str]:
    """What stands for each variable here; "" for what nobody knows."""
    return {
        "contact.first_name": first_name(facts.contact_name),
        "contact.name": one_line(facts.contact_name, 100),
        "contact.handle": one_line(facts.handle, 100),
        "agent.first_name": first_name(facts.agent_name) or one_line(facts.agent_name, 100),
        "agent.name": one_line(facts.agent_name, 100),
        "agent.initials": facts.agent_initials,
        "channel.name": facts.channel_title,
        "conversation.subject": one_line(facts.subject, 200),
        "queue.name": facts.queue_name,
    }


def writing(conversation_id: int, agent_id: int | None, text: str) -> Writing | None:
    """What is sent when somebody has typed `text`; None where there is no such conversation."""
    facts = writing_facts(conversation_id, agent_id)
    if facts is None:
        return None
    filled: Filled = fill(text.strip(), values_of(facts))
    is_signed = not facts.sign_off or filled.text.endswith(facts.sign_off)
    if is_signed or not filled.text:
        return Writing(filled.text, "", filled.missing, facts)
    return Writing(f"{filled.text} {facts.sign_off}", facts.sign_off, filled.missing, facts)


def reply_limit(can: Capabilities, surface: Surface) -> int | None:
    """How long an answer may be there; None where nobody says."""
    private = can.private_reply_length if surface is Surface.PRIVATE else None
    return private or can.reply_length


def cautions(
    conversation_id: int,
    written: Writing,
    *,
    surface: Surface,
    agent_id: int | None,
    saved_reply_id: int | None = None,
) -> tuple[Caution, ...]:
    """Everything to think about before this leaves."""
    found = [*_public(written.body)] if surface is not Surface.PRIVATE else []
    found += _after_a_note(conversation_id, surface, agent_id)
    found += _again(written)
    found += _unedited(saved_reply_id, written)
    return tuple(found)


def _public(text: str) -> Iterator[Caution]:
    told = reveals(text)
    if told:
        yield Caution(
            "personal",
            _("This looks like %(told)s, and everybody can read it.", told=_(" and ").join(told)),
        )
    if asked := asks_for(text):
        yield Caution(
            "asks",
            _(
                "This asks for %(asked)s where everybody can read the answer. "
                "Ask for it in private.",
                asked=asked,
            ),
        )


def _after_a_note(
    conversation_id: int, surface: Surface, agent_id: int | None
) -> Iterator[Caution]:
    author = note_that_came_last(conversation_id)
    if author is None or author.id == agent_id:
        return
    name = one_line(author.name, 60)
    yield Caution(
        "after_note",
        _(
            "The last thing here is a note of %(name)s for colleagues. "
            "This answer goes to the customer.",
            name=name,
        )
        if surface is Surface.PRIVATE
        else _(
            "The last thing here is a note of %(name)s for colleagues. "
            "This answer goes to everybody.",
            name=name,
        ),
    )


def _again(written: Writing) -> Iterator[Caution]:
    at = was_sent_to(written.facts.contact_id, written.text)
    if at is not None:
        day = dated(at, _("d MMMM"))
        text = _(
            "%(name)s got these very words before (%(day)s).",
            name=one_line(written.facts.contact_name, 60),
            day=day,
        )
        yield Caution("again", text)


def _unedited(saved_reply_id: int | None, written: Writing) -> Iterator[Caution]:
    saved = SavedReply.get_or_none(SavedReply.id == saved_reply_id) if saved_reply_id else None
    if saved is None:
        return
    as_saved = fill(saved.text, values_of(written.facts)).text
    if _plain(as_saved) == _plain(written.body):
        yield Caution(
            "unedited",
            _(
                "“%(name)s” is unchanged. A sentence of your own shows that somebody has read.",
                name=saved.name,
            ),
            confirm=False,
        )


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()


def mentions_in(text: str, people: Sequence[AgentName]) -> tuple[AgentName, ...]:
    """The colleagues that a note names as `@Full Name`, each once, in the order of the text.

    The longest name wins, so that "@Ann Lee" does not name Ann too.
    """
    if "@" not in text:
        return ()
    by_name: dict[str, list[AgentName]] = {}
    for person in people:
        by_name.setdefault(person.name.casefold(), []).append(person)
    names = sorted(filter(None, by_name), key=len, reverse=True)
    folded, found = text.casefold(), {}
    for sign in islice(re.finditer("@", folded), MOST_MENTIONS):
        named = next((each for each in names if _names(folded, sign.end(), each)), None)
        for person in by_name.get(named, ()) if named else ():
            found[person.id] = person
    return tuple(found.values())


def _names(text: str, at: int, name: str) -> bool:
    end = at + len(name)
    return text.startswith(name, at) and not text[end : end + 1].isalnum()
