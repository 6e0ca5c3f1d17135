"""Which messages wait, and compare-and-set on their stage: what lets every step run twice.

Written as plain SQL: each batch passes here eight times, and building these two statements anew
would cost more than running them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from earful.store.database import execute, is_postgres
from earful.store.states import Stage

__all__ = ["Waiting", "held", "move", "newest_waiting"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Messages to triage together, oldest first, and whether others wait as well."""

    message_ids: tuple[int, ...]
    more: bool


def newest_waiting(most: int, characters: int, *, without: Collection[int] = ()) -> Waiting:
    """The newest unfinished messages, at most `most` of them and about `characters` of text.

    What opens their conversations goes along if it waits, too: the messages of a conversation may
    be triaged in any order, but not before the one that opened it.
    """
    rows = execute(
        "SELECT id, conversation_id, LENGTH(text) FROM message WHERE stage <> 'done' "  # noqa: S608
        f"AND id NOT IN ({_numbers(without)}) ORDER BY id DESC LIMIT {int(most) + 1}"
    ).fetchall()
    taken: dict[int, int] = {}
    for message_id, conversation_id, length in rows[:most]:
        if taken and length > characters:
            break
        taken[message_id] = conversation_id
        characters -= length
    openers = _waiting_openers(set(taken.values())) - set(without)
    return Waiting(tuple(sorted({*taken, *openers})), more=len(taken) < len(rows))


def _waiting_openers(conversation_ids: Collection[int]) -> set[int]:
    """The first messages of conversations, as far as they are unfinished."""
    rows = execute(
        "SELECT id FROM message WHERE stage <> 'done' AND id IN (SELECT (SELECT first.id "  # noqa: S608
        "FROM message AS first WHERE first.conversation_id = conversation.id "
        "ORDER BY first.sent_at, first.id LIMIT 1) FROM conversation "
        f"WHERE conversation.id IN ({_numbers(conversation_ids)}))"
    )
    return {row[0] for row in rows.fetchall()}


def held(message_ids: Sequence[int], stage: Stage) -> dict[int, int]:
    """The messages still in `stage`, held until the transaction ends, with their conversations."""
    if not message_ids:
        return {}
    rows = execute(
        f"SELECT id, conversation_id FROM message WHERE id IN ({_numbers(message_ids)}) "  # noqa: S608
        f"AND stage = '{stage}' ORDER BY id{' FOR NO KEY UPDATE' if is_postgres() else ''}"
    )
    return dict(rows.fetchall())


def move(message_ids: Collection[int], to: Stage) -> None:
    """Move messages that are held."""
    if message_ids:
        execute(f"UPDATE message SET stage = '{to}' WHERE id IN ({_numbers(message_ids)})")  # noqa: S608


def _numbers(ids: Collection[int]) -> str:
    return ",".join(str(int(each)) for each in ids) or "-1"
