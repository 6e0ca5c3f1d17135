"""What the composer asks while somebody writes: keep the draft, count, preview, offer texts.

One request at each pause does all three of the first: it keeps the draft, and answers with what
the server alone can tell about it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful import actions
from earful.actions import Actor, DraftConflict
from earful.errors import ActionRefused
from earful.inbox.answering import surface_of
from earful.inbox.text import MAX_TEXT, clean
from earful.inbox.variables import fill, split
from earful.inbox.writing import Writing as Written
from earful.inbox.writing import cautions, reply_limit, values_of, writing
from earful.runtime import Runtime
from earful.store.queries.attachments import unsent_attachments
from earful.store.queries.conversation import answerable, conversation_page
from earful.store.queries.writing import colleagues, saved_replies, writing_facts
from earful.store.states import Role, WritingMode
from earful.types import Surface
from flask import abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import needs
from earful_admin.inbox.composing import in_dollars

__all__ = ["Piece", "Writing", "pieces"]

ON_CONVERSATION = "/conversation/<int:conversation_id>"
MOST_OFFERED = 8
_LINK = re.compile(r"https?://[^\s<>\"]{1,500}|(?<!\w)[@#][\w.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a preview: "text", "link", "missing" or "sign-off"."""

    kind: str
    text: str


def pieces(text: str, values: Any, sign_off: str = "") -> tuple[Piece, ...]:
    """A text as the platform will show it: links found, variables filled in, gaps marked."""
    found: list[Piece] = []
    words = ""
    for part in split(text, values):
        if part.is_missing:
            found += [*_linked(words), Piece("missing", f"{{{part.variable}}}")]
            words = ""
        else:
            words += part.text
    found += _linked(words)
    if sign_off:
        found.append(Piece("sign-off", f" {sign_off}"))
    return tuple(found)


def _linked(text: str) -> Iterator[Piece]:
    end = 0
    for link in _LINK.finditer(text):
        yield Piece("text", text[end : link.start()])
        yield Piece("link", link[0])
        end = link.end()
    if text[end:]:
        yield Piece("text", text[end:])


class Writing:
    """The endpoints of the composer that send nothing."""

    runtime: Runtime
    actor: Actor
    now: datetime
    render: Callable[..., str]
    _badge: Callable[[str], Any]

    @expose(f"{ON_CONVERSATION}/draft", methods=["POST"])
    @needs(Role.AGENT)
    def draft(self, conversation_id: int) -> ResponseReturnValue:
        """Keep what is being written, and tell what the channel makes of it."""
        mode = _mode()
        try:
            version = actions.save_draft(
                self.runtime,
                self.actor,
                conversation_id,
                mode=mode,
                text=_text(),
                version=request.form.get("version", 0, int),
                saved_reply_id=request.form.get("saved", None, int),
                now=self.now,
            )
        except DraftConflict as other:
            return jsonify(conflict=other.text, version=other.version), 409
        except ActionRefused as refused:
            return jsonify(refused=str(refused)), 422
        if mode is WritingMode.NOTE:
            return jsonify(version=version)
        return jsonify(version=version, **self._told(conversation_id, mode))

    @expose(f"{ON_CONVERSATION}/preview", methods=["POST"])
    @needs(Role.AGENT)
    def preview(self, conversation_id: int) -> ResponseReturnValue:
        """The answer as the platform will show it."""
        mode = _mode()
        page = conversation_page(conversation_id)
        written = writing(conversation_id, self.actor.agent_id, _text())
        if page is None or written is None or mode is WritingMode.NOTE:
            abort(404)
        return self.render(
            "inbox/preview.html",
            page=page,
            badge_of=self._badge,
            is_private=mode is WritingMode.PRIVATE,
            target=answerable(conversation_id, request.form.get("message", None, int)),
            files=unsent_attachments(context.agent().id, conversation_id).get(mode, ()),
            pieces=pieces(_text(), values_of(written.facts), written.sign_off),
            **self._told(conversation_id, mode),
        )

    @expose(f"{ON_CONVERSATION}/saved")
    @needs(Role.AGENT)
    def saved(self, conversation_id: int) -> ResponseReturnValue:
        """The saved replies that fit what was typed after `/`, filled in for this person."""
        facts = writing_facts(conversation_id, self.actor.agent_id)
        if facts is None:
            abort(404)
        wanted = request.args.get("q", "")[:100]
        found = saved_replies(self.actor.agent_id, channel=facts.channel_name, search=wanted)
        values = values_of(facts)
        offers = [(line, fill(line.text, values)) for line in found[:MOST_OFFERED]]
        return self.render(
            "inbox/saved.html", offers=offers, wanted=wanted.strip(), more=len(found) > MOST_OFFERED
        )

    @expose("/inbox/colleagues")
    @needs(Role.AGENT)
    def colleagues(self) -> ResponseReturnValue:
        """Whom a note can name, by what was typed after `@`."""
        wanted = request.args.get("q", "").strip()[:100]
        folded = wanted.casefold()
        others = [each for each in colleagues() if each.id != self.actor.agent_id]
        fitting = [each for each in others if folded in each.name.casefold()]
        fitting.sort(key=lambda each: not each.name.casefold().startswith(folded))
        return self.render("inbox/colleagues.html", people=fitting[:MOST_OFFERED], wanted=wanted)

    def _told(self, conversation_id: int, mode: WritingMode) -> dict[str, Any]:
        """Length, limit, cost, gaps and doubts of what was typed."""
        written = writing(conversation_id, self.actor.agent_id, _text())
        channel = self.runtime.channels.get(written.facts.channel_name) if written else None
        if written is None or channel is None:
            return {}
        surface = surface_of(mode)
        return {
            "length": channel.count_length(written.text, surface),
            "limit": reply_limit(channel.capabilities, surface),
            "cost": in_dollars(channel.reply_cost(written.text, surface)),
            "missing": written.missing,
            "cautions": self._doubts(conversation_id, written, surface),
        }

    def _doubts(
        self, conversation_id: int, written: Written, surface: Surface
    ) -> list[dict[str, Any]]:
        if not written.body:
            return []
        found = cautions(
            conversation_id,
            written,
            surface=surface,
            agent_id=self.actor.agent_id,
            saved_reply_id=request.form.get("saved", None, int),
        )
        return [{"code": each.code, "text": each.text, "confirm": each.confirm} for each in found]


def _mode() -> WritingMode:
    try:
        return WritingMode(request.form.get("mode", ""))
    except ValueError:
        abort(400)


def _text() -> str:
    return clean(request.form.get("text", ""), MAX_TEXT)
