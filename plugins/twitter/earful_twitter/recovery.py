"""After a pause: has X pushes sent again that nobody took.

X marks a webhook invalid once its challenge fails for long, and sends missed events again on
request (https://docs.x.com/x-api/webhooks/introduction).
"""

from __future__ import annotations

from datetime import timedelta

from earful import ChannelError

from earful_twitter.api import part
from earful_twitter.meta import when
from earful_twitter.readers import Round

__all__ = ["WEBHOOK_ID", "replay_missed"]

WEBHOOK_ID = "webhook_id"
"""The flag that holds the id of this channel's webhook."""
PAUSE = timedelta(minutes=10)
"""A longer silence of this installation means that pushes may have been missed."""
AT_ONCE = timedelta(minutes=1)
"""What is read sooner goes on with what was there: it says nothing of how often this one reads."""
FURTHEST = timedelta(hours=24)
_MINUTE = "%Y%m%d%H%M"


def replay_missed(work: Round) -> None:
    """If this installation was away: make the webhook valid again and ask for what was missed.

    What X did not grant is asked for again with the next reading. Asked for twice, events come
    twice; they are told apart by their ids.
    """
    webhook = work.settings.state.flag(WEBHOOK_ID)
    is_news = _was_away(work)
    since = when(work.cursor.missed)
    if not webhook or since is None:
        return
    began = max(since - timedelta(minutes=1), work.now - FURTHEST)
    body = {
        "webhook_id": webhook,
        "from_date": f"{began:{_MINUTE}}",
        "to_date": f"{work.now:{_MINUTE}}",
    }
    try:
        work.x.put(f"2/webhooks/{part(webhook)}", None, endpoint="PUT /2/webhooks/:id", app=True)
        work.x.post("2/webhooks/replay", body, endpoint="POST /2/webhooks/replay", app=True)
    except ChannelError as error:
        if is_news:
            work.notices.append(
                f"What X pushed since {since:%d %B %H:%M} UTC could not be asked for again: {error}"
            )
    else:
        work.cursor.missed = ""


def _was_away(work: Round) -> bool:
    """Whether it was silent for longer than usual between two readings; notes since when."""
    cursor, alive = work.cursor, when(work.cursor.alive)
    silence = timedelta() if alive is None else work.now - alive
    longest = max(PAUSE, 2 * timedelta(seconds=cursor.usual))
    if silence >= AT_ONCE:
        cursor.usual = round(silence.total_seconds())
    if alive is None or silence < longest:
        return False
    cursor.missed = cursor.missed or alive.isoformat()
    return True
