"""Takes the words of a deleted message out of what was written from them."""

from __future__ import annotations

from collections.abc import Collection

from earful.inbox.text import snippet, title_from
from earful.store.models import Conversation, Notification

__all__ = ["forget"]

_GONE = "(deleted)"


def forget(conversation_ids: Collection[int], texts: Collection[str]) -> None:
    """Empty subjects, snippets and notifications of these conversations that quote these texts."""
    titles = {title_from(text) for text in texts}
    snippets = {snippet(text) for text in texts}
    mine = Conversation.id.in_(list(conversation_ids))
    (
        Conversation.update(subject=_GONE)
        .where(mine & Conversation.subject.in_(list(titles)))
        .execute()
    )
    Conversation.update(snippet="").where(mine & Conversation.snippet.in_(list(snippets))).execute()
    (
        Notification.update(title=_GONE, body="")
        .where(
            Notification.conversation.in_(list(conversation_ids))
            & Notification.body.in_(list(snippets))
        )
        .execute()
    )
