"""Files beside an answer: taking them, showing them, and telling what cannot be sent where."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful import actions
from earful.actions import Actor
from earful.errors import ActionRefused
from earful.inbox.answering import permitted, surface_of
from earful.inbox.attaching import LARGEST, Taking, check_fit, in_bytes, taking
from earful.runtime import Runtime
from earful.store.queries.attachments import (
    AttachmentLine,
    attachment_content,
    unsent_attachments,
)
from earful.store.queries.conversation import answerable, conversation_page
from earful.store.states import Role, WritingMode
from flask import Response, abort, jsonify, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin import context
from earful_admin.access import needs
from earful_admin.security import takes_up_to

__all__ = ["Attached", "Attaching", "Beside", "beside", "wanted_attachments"]

ON_CONVERSATION = "/conversation/<int:conversation_id>/attachments"
# No larger number is an id, and PostgreSQL would refuse it.
ON_ATTACHMENT = "/attachment/<int(max=9007199254740991):attachment_id>"
MOST_WANTED = 40


@dataclass(frozen=True, slots=True)
class Attached:
    """One file, and why it cannot be sent there; "" where it can."""

    line: AttachmentLine
    problem: str = ""

    @property
    def size(self) -> str:
        """As people read it."""
        return in_bytes(self.line.size)


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside one way to write, and what may."""

    mode: WritingMode
    taken: Taking
    files: tuple[Attached, ...]

    @property
    def alt_length(self) -> int:
        """The longest description there; 0 where none is taken."""
        return self.taken.media.alt_length if self.taken.media else 0

    @property
    def accept(self) -> str:
        """What a browser offers to choose from."""
        return ",".join(self.taken.media.largest) if self.taken.media else ""


def beside(mode: WritingMode, taken: Taking, lines: Iterable[AttachmentLine]) -> Beside:
    """The files with what is wrong with each."""
    return Beside(mode, taken, tuple(Attached(line, _problem(line, taken)) for line in lines))


def _problem(line: AttachmentLine, taken: Taking) -> str:
    try:
        check_fit(line.content_type, line.size, taken)
    except ActionRefused as refused:
        return str(refused)
    return ""


def wanted_attachments(form: Any) -> Mapping[int, str]:
    """The files that a form names, each with its description."""
    numbers = [each for each in form.getlist("attachment")[:MOST_WANTED] if _is_id(each)]
    return {int(each): form.get(f"alt-{each}", "") for each in numbers}


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 15  # noqa: PLR2004


class Attaching:
    """The endpoints around files. The list of one way to write is made anew after each change."""

    runtime: Runtime
    actor: Actor
    now: datetime
    render: Callable[..., str]

    @expose(ON_CONVERSATION)
    @needs(Role.AGENT)
    def attachments(self, conversation_id: int) -> ResponseReturnValue:
        """The list."""
        return self._beside(conversation_id, _mode("mode"))

    @expose(ON_CONVERSATION, methods=["POST"])
    @needs(Role.AGENT)
    @takes_up_to(LARGEST)
    def attach(self, conversation_id: int) -> ResponseReturnValue:
        """Take a file: the body of the request, and nothing around it."""
        mode = _mode("mode")
        name = request.args.get("name", "")[:1000]
        data = request.get_data(cache=False)
        return self._then(
            lambda: actions.attach(
                self.runtime,
                self.actor,
                conversation_id,
                mode=mode,
                name=name,
                data=data,
                now=self.now,
            ),
            lambda: self._beside(conversation_id, mode),
        )

    @expose(f"{ON_CONVERSATION}/move", methods=["POST"])
    @needs(Role.AGENT)
    def move_attachments(self, conversation_id: int) -> ResponseReturnValue:
        """The answer changed its audience."""
        to = _mode("to")
        return self._then(
            lambda: actions.move_attachments(
                self.runtime, self.actor, conversation_id, mode=_mode("mode"), to=to, now=self.now
            ),
            lambda: self._beside(conversation_id, to),
        )

    @expose(f"{ON_ATTACHMENT}/description", methods=["POST"])
    @needs(Role.AGENT)
    def describe_attachment(self, attachment_id: int) -> ResponseReturnValue:
        """Keep what somebody says a picture shows."""
        alt = request.form.get("alt", "")
        return self._then(
            lambda: actions.describe_attachment(
                self.runtime, self.actor, attachment_id, alt, now=self.now
            ),
            lambda: jsonify(done=True),
        )

    @expose(f"{ON_ATTACHMENT}/remove", methods=["POST"])
    @needs(Role.AGENT)
    def remove_attachment(self, attachment_id: int) -> ResponseReturnValue:
        """Take a file away again."""
        return self._then(
            lambda: actions.remove_attachment(
                self.runtime, self.actor, attachment_id, now=self.now
            ),
            lambda: jsonify(done=True),
        )

    @expose(ON_ATTACHMENT)
    def attachment(self, attachment_id: int) -> ResponseReturnValue:
        """A file as it is. Nothing in it can run: it is what its bytes are, in a box of its own."""
        found = attachment_content(attachment_id, context.agent().id)
        if found is None:
            abort(404)
        response = Response(found.body, content_type=found.content_type)
        response.headers.set("Content-Disposition", "inline", filename=found.name)
        response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return response

    def _beside(self, conversation_id: int, mode: WritingMode) -> str:
        page = conversation_page(conversation_id)
        if page is None or mode is WritingMode.NOTE:
            abort(404)
        lines = unsent_attachments(context.agent().id, conversation_id).get(mode, ())
        taken = self._taken(page.row.channel.name, conversation_id, mode)
        return self.render("inbox/attached.html", beside=beside(mode, taken, lines))

    def _taken(self, channel_name: str, conversation_id: int, mode: WritingMode) -> Taking:
        channel = self.runtime.channels.get(channel_name)
        target = answerable(conversation_id, request.values.get("message", None, int))
        surface = surface_of(mode)
        if channel is None or target is None:
            return Taking(None)
        may = permitted(channel, target, surface, now=self.now)
        return taking(channel.capabilities, surface, may.media)

    def _then(
        self, work: Callable[[], object], answer: Callable[[], ResponseReturnValue]
    ) -> ResponseReturnValue:
        try:
            work()
        except ActionRefused as refused:
            return jsonify(refused=str(refused)), 422
        return answer()


def _mode(name: str) -> WritingMode:
    try:
        return WritingMode(request.values.get(name, ""))
    except ValueError:
        abort(400)
