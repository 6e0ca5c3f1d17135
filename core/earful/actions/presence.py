"""What somebody has open, so that no two answer the same person.

Told with every poll, written only when it changes or grows old. It is over in seconds and nobody
acts by it, so it is not audited.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from earful.actions.actor import Actor
from earful.runtime import Runtime
from earful.store.database import connection, transaction
from earful.store.models import Presence
from earful.store.queries.presence import PRESENT_FOR
from earful.store.states import PresenceState, Role

__all__ = ["tell_presence"]

TOLD_EVERY = timedelta(seconds=15)
"""Only a change is written sooner than this."""
MOST_WINDOWS = 8
"""How many windows of one person count at once."""
_WINDOW = re.compile(r"[a-z0-9]{1,24}")


def tell_presence(
    _runtime: Runtime,
    actor: Actor,
    window: str,
    conversation_id: int | None,
    state: PresenceState,
    *,
    now: datetime,
) -> None:
    """One browser window shows this conversation, or none.

    A name of a window that no browser of ours makes is ignored. Who may not reply only views.
    """
    if not _WINDOW.fullmatch(window) or actor.agent_id is None:
        return
    if actor.role < Role.AGENT:
        state = PresenceState.VIEWING
    mine = (Presence.agent == actor.agent_id) & (Presence.window == window)
    with connection():
        row = Presence.get_or_none(mine)
        if conversation_id is None or not 0 < conversation_id < 2**63:
            if row is not None:
                Presence.delete().where(mine).execute()
        elif row is None:
            _appear(actor.agent_id, window, conversation_id, state, now)
        elif (row.conversation_id, row.state) != (conversation_id, state) or (
            now - row.at >= TOLD_EVERY
        ):
            Presence.update(conversation_id=conversation_id, state=state, at=now).where(
                mine
            ).execute()


def _appear(
    agent_id: int, window: str, conversation_id: int, state: PresenceState, now: datetime
) -> None:
    """A window that was not there; beyond a number of them, no more count."""
    mine = Presence.agent == agent_id
    with transaction():
        Presence.delete().where(mine & (Presence.at < now - PRESENT_FOR)).execute()
        if Presence.select().where(mine).count() < MOST_WINDOWS:
            Presence.insert(
                agent=agent_id, window=window, conversation_id=conversation_id, state=state, at=now
            ).on_conflict_ignore().execute()
