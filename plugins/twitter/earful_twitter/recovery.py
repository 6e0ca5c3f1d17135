"""After a pause: has X pushes sent again that nobody took.

X marks a webhook invalid once its challenge fails for long, and sends missed events again on
request (https://docs.x.com/x-api/webhooks/introduction).
"""

from __future__ import annotations

from datetime import timedelta

from earful import ChannelError, OutcomeUnknown

from earful_twitter.api import part
from earful_twitter.meta import when
from earful_twitter.readers import Round

__all__ = ["WEBHOOK_ID", "replay_missed"]

WEBHOOK_ID = "webhook_id"
"""The flag that holds the id of this channel's webhook."""
PAUSE = timedelta(minutes=10)
"""A longer silence of this installation means that pushes may have been missed."""
FURTHEST = timedelta(hours=24)
_MINUTE = "%Y%m%d%H%M"


def replay_missed(work: Round) -> None:
    """If this installation was away: make the webhook valid again and ask for what was missed."""
    alive, webhook = when(work.cursor.alive), work.settings.state.flag(WEBHOOK_ID)
    if not webhook or alive is None or work.now - alive < PAUSE:
        return
    began = max(alive - timedelta(minutes=1), work.now - FURTHEST)
    body = {
        "webhook_id": webhook,
        "from_date": f"{began:{_MINUTE}}",
        "to_date": f"{work.now:{_MINUTE}}",
    }
    try:
        work.x.put(f"2/webhooks/{part(webhook)}", None, endpoint="PUT /2/webhooks/:id", app=True)
        work.x.post("2/webhooks/replay", body, endpoint="POST /2/webhooks/replay", app=True)
    except OutcomeUnknown:
        return  # asked twice, events come twice; they are told apart by their ids
    except ChannelError as error:
        work.notices.append(
            f"What X pushed since {alive:%d %B %H:%M} UTC could not be asked for again: {error}"
        )
