"""The steps of a round: one call each, and what follows from its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from earful import TemporaryFailure

from earful_facebook import fields
from earful_facebook.compare import Comparison, Listing
from earful_facebook.graph import Graph
from earful_facebook.health import connection_notes
from earful_facebook.problems import Gone, NotPermitted
from earful_facebook.rounds import Round, Seen, Step
from earful_facebook.settings import FacebookSettings
from earful_facebook.values import identifier, items, moment, record, text

__all__ = ["Look"]

_MOST_PAGES = 10
"""Most further pages of one post's comments, and of one conversation's messages, in a round."""
_SMALL_LIST = 25
_TOO_MUCH = "reduce the amount of data"
_UNSURE = (
    "Facebook shows nothing any more that others have written on the Page. What was known of it is "
    "kept: it may be a permission that is missing. Look at the Page, and connect the channel again."
)

_Object = Mapping[str, Any]


class Look:
    """Takes steps; `found` has what they brought."""

    def __init__(
        self, settings: FacebookSettings, graph: Graph, round_: Round, now: datetime
    ) -> None:
        self._settings, self._graph, self._round, self._now = settings, graph, round_, now
        page = {"page_id": graph.page_id, "page_name": graph.page_name}
        began = moment(round_.began) or now
        oldest = began - timedelta(days=settings.history_days)
        self.found = Comparison(settings.state, page, now, began, oldest)
        self._takers: Mapping[str, Callable[[Step], None]] = {
            "posts": self._posts,
            "comments": self._comments,
            "conversations": self._conversations,
            "messages": self._messages,
            "tagged": self._small_list,
            "ratings": self._small_list,
            "connection": self._connection,
            "gone": self._gone,
        }

    def take(self, step: Step) -> None:
        """Make one call. What may not be read, or is there no more, does not stop the others."""
        try:
            self._takers[step.kind](step)
        except NotPermitted as error:
            self._round.notes.append(f"Facebook's list of {step.kind} cannot be read. {error}")
        except Gone:
            return  # its list went with it
        except TemporaryFailure as error:
            if _TOO_MUCH not in str(error) or self._round.page_size == 1:
                raise
            self._round.page_size //= 2
            self._round.todo.insert(0, step)

    def _posts(self, step: Step) -> None:
        """The newest posts, each with its newest comments."""
        size = min(self._round.page_size, self._settings.recent_posts - step.done)
        page = self._graph.read_next(
            f"{self._graph.page_id}/feed", step.after, fields=fields.POST, limit=size
        )
        posts = items(page.get("data"))
        plain = [{key: value for key, value in each.items() if key != "comments"} for each in posts]
        self.found.add(Listing(kind="posts", objects=plain))
        for post in posts:
            self._post(post)
        done, after = step.done + len(posts), _after(page)
        if after and posts and done < self._settings.recent_posts:
            self._round.todo.insert(0, Step(kind="posts", after=after, done=done))
        else:
            before = {key: seen.at for key, seen in self._round.posts.items()}
            self._ask_for_vanished(before, self._round.listed, complete=not after)

    def _post(self, post: _Object) -> None:
        post_id = identifier(post.get("id"))
        if not post_id:
            return
        comments = record(post.get("comments"))
        listed = _times(items(comments.get("data")))
        self._note_others("posts", [post])
        self._note_others("comments", items(comments.get("data")))
        context = {key: post[key] for key in ("id", "from", "permalink_url") if key in post}
        self._add_comments(comments, context)
        before = self._round.posts.get(post_id)
        if before is not None:
            complete = not _after(comments)
            self._ask_for_vanished(before.comments, listed, complete=complete, post=post_id)
        self._round.listed[post_id] = _epoch(post)
        self._round.posts[post_id] = Seen(at=_epoch(post), comments=listed)
        first = Step(
            kind="comments", of=post_id, until=before.until if before else 0.0, context=context
        )
        if self._goes_on(first, comments):
            self._round.todo.append(replace(first, after=_after(comments)))

    def _add_comments(self, page: _Object, context: _Object) -> None:
        listed = items(page.get("data"))
        self.found.add(Listing(kind="comments", objects=listed, context=context))

    def _comments(self, step: Step) -> None:
        """Further comments of a post, newest first, back to those of the round before."""
        page = self._graph.read_next(
            f"{step.of}/comments",
            step.after,
            filter="stream",
            order="reverse_chronological",
            fields=fields.COMMENT,
            limit=100,
        )
        self._add_comments(page, step.context)
        self._turn_page(step, page)

    def _conversations(self, step: Step) -> None:
        """The newest conversations, each with its newest messages."""
        size = min(self._round.page_size, self._settings.recent_conversations - step.done)
        page = self._graph.read_next(
            f"{self._graph.page_id}/conversations",
            step.after,
            platform="MESSENGER",
            fields=fields.CONVERSATION,
            limit=size,
        )
        conversations = items(page.get("data"))
        times = [_epoch(each, "updated_time") for each in conversations]
        if not step.after:
            step = replace(step, until=self._round.talked)
            self._round.talked = max([self._round.talked, *times])
        for each in conversations:
            self._conversation(each, step.until)
        done = step.done + len(conversations)
        # They come in the order of their last message.
        has_more = bool(times) and times[-1] >= step.until and _after(page)
        if has_more and done < self._settings.recent_conversations:
            self._round.todo.append(replace(step, after=_after(page), done=done))

    def _conversation(self, conversation: _Object, until: float) -> None:
        people = items(record(conversation.get("participants")).get("data"))
        ids = [identifier(each.get("id")) for each in people]
        person = next((each for each in ids if each and each != self._graph.page_id), "")
        if not person:
            return
        messages, context = record(conversation.get("messages")), {"person": person}
        self._add_messages(messages, context)
        of = identifier(conversation.get("id"))
        first = Step(kind="messages", of=of, until=until, context=context)
        if self._goes_on(first, messages):
            self._round.todo.append(replace(first, after=_after(messages)))

    def _add_messages(self, page: _Object, context: _Object) -> None:
        listed = items(page.get("data"))
        self.found.add(Listing(kind="messages", objects=listed, context=context))

    def _messages(self, step: Step) -> None:
        """Further messages of a conversation, newest first, back to those of the round before."""
        page = self._graph.read_next(
            f"{step.of}/messages", step.after, fields=fields.MESSAGE, limit=100
        )
        self._add_messages(page, step.context)
        self._turn_page(step, page)

    def _turn_page(self, step: Step, page: _Object) -> None:
        if self._goes_on(step, page) and step.done + 1 < _MOST_PAGES:
            further = replace(step, after=_after(page), done=step.done + 1)
            self._round.todo.insert(0, further)

    def _goes_on(self, step: Step, page: _Object) -> bool:
        """Whether the list has not been read back to the round before, or to the oldest wanted.

        What is known already says nothing: pushes bring the newest, and may have missed others.
        """
        listed = items(page.get("data"))
        until = max(step.until, self.found.oldest.timestamp())
        return bool(_after(page) and listed and _epoch(listed[-1]) >= until)

    def _small_list(self, step: Step) -> None:
        """Lists that seldom change, without further pages: mentions and recommendations."""
        asked = fields.TAGGED if step.kind == "tagged" else fields.RATING
        page = self._graph.get(
            f"{self._graph.page_id}/{step.kind}", fields=asked, limit=_SMALL_LIST
        )
        self.found.add(Listing(kind=step.kind, objects=items(page.get("data"))))

    def _connection(self, _step: Step) -> None:
        self._round.notes += connection_notes(self._settings, self._graph, self._now)

    def _note_others(self, kind: str, listed: Iterable[_Object]) -> None:
        writers = {identifier(record(each.get("from")).get("id")) for each in listed}
        if writers - {self._graph.page_id} and kind not in self._round.shown:
            self._round.shown.append(kind)

    def _ask_for_vanished(
        self,
        before: Mapping[str, float],
        listed: Mapping[str, float],
        *,
        complete: bool,
        post: str = "",
    ) -> None:
        """What was listed before and should be now, but is not, is asked for by its id."""
        oldest = min(listed.values(), default=0.0)
        vanished = {
            key: at for key, at in before.items() if key not in listed and (complete or at > oldest)
        }
        self._round.todo += [
            Step(kind="gone", of=key, context={"post": post, "at": at})
            for key, at in vanished.items()
        ]

    def _gone(self, step: Step) -> None:
        """Whether something is really gone. A post takes its comments with it.

        Facebook says the same of what may not be read any more. So it is believed only while it
        shows what others have written.
        """
        if not self._shows_others(step):
            self._round.notes.append(_UNSURE)
            self._ask_again(step)
            return
        try:
            self._graph.get(step.of, fields="id")
        except Gone:
            post = self._round.posts.pop(step.of, None)
            self.found.remove([step.of, *(post.comments if post else ())])

    def _shows_others(self, step: Step) -> bool:
        shown = self._round.shown
        return "comments" in shown if step.context.get("post") else bool(shown)

    def _ask_again(self, step: Step) -> None:
        """Let the next round miss it, too."""
        post = self._round.posts.get(step.context.get("post", ""))
        known = post.comments if post else self._round.listed
        known[step.of] = step.context.get("at", 0.0)


def _after(page: _Object) -> str:
    """The cursor of the next page; nothing on the last one."""
    paging = record(page.get("paging"))
    if not text(paging.get("next")):
        return ""
    return text(record(paging.get("cursors")).get("after"))


def _times(listed: Iterable[_Object]) -> dict[str, float]:
    return {identifier(each.get("id")): _epoch(each) for each in listed}


def _epoch(item: _Object, name: str = "created_time") -> float:
    at = moment(item.get(name))
    return at.timestamp() if at else 0.0
