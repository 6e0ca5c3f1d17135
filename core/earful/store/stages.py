"""Compare-and-set on a message's stage: what lets every step run twice.

Written as plain SQL: each batch passes here eight times, and building these two statements anew
would cost more than running them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from earful.store.database import execute, is_postgres
from earful.store.states import Stage

__all__ = ["held", "move"]


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
    return ",".join(str(int(each)) for each in ids)
