"""Who else has a conversation open, in the list and above the composer; part of every poll."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from earful import actions
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.queries.presence import Viewer, held_by, viewers
from earful.store.states import PresenceState
from flask import get_template_attribute, request

__all__ = ["Presence", "presence_state"]

Here = Mapping[int, Sequence[Viewer]]


class Presence:
    """What a poll tells of its own window, and learns of the others."""

    runtime: Runtime
    actor: Actor
    now: datetime
    render: Any

    def _tell_presence(self, conversation_id: int | None) -> None:
        """A window that nobody looks at names itself in no poll, and is soon forgotten."""
        window = request.args.get("window")
        if window:
            replies = request.args.get("doing") == PresenceState.REPLYING
            state = PresenceState.REPLYING if replies else PresenceState.VIEWING
            actions.tell_presence(
                self.runtime, self.actor, window, conversation_id, state, now=self.now
            )

    def _others(self) -> Here:
        return viewers(self.actor.agent_id or 0, now=self.now)

    def _drawn(self, here: Here, conversation_id: int | None) -> dict[str, Any]:
        """The marks of the list's lines by conversation, and the open one's own line."""
        drawn = get_template_attribute("inbox/viewers.html", "viewers_of")
        marks = {str(key): drawn(those) for key, those in here.items()}
        return {"viewers": marks, "here": self._line(here, conversation_id)}

    def _line(self, here: Here, conversation_id: int | None) -> str:
        those = here.get(conversation_id or 0, ())
        if not those or conversation_id is None:
            return ""
        return str(
            self.render(
                "inbox/presence.html",
                viewers=those,
                conversation_id=conversation_id,
                assignee=held_by(conversation_id),
            )
        )


def presence_state(here: Here, conversation_id: int | None) -> str:
    """A word that changes when somebody comes, goes, or begins to write."""
    lines = (
        f"{key}:{viewer.agent.id}{'r' if viewer.is_replying else 'v'}"
        for key, those in here.items()
        for viewer in those
    )
    return f"{conversation_id}@{','.join(lines)}"
