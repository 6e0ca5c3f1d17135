"""People say which label of a message is right: one click, whatever the classifier offers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from earful import LabelSet, actions
from earful.actions import Actor
from earful.runtime import Runtime
from earful.store.queries.labels import Judgement, LabelScore
from earful.store.states import Role
from earful.wording import gettext as _
from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import needs
from earful_admin.formats import words

__all__ = ["Choice", "Judging", "Question", "questions"]

ON_MESSAGE = "/message/<int:message_id>/judgement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One label that can be right. `name` is what is sent; `stands` marks the present one."""

    name: str
    value: str
    words: str
    stands: bool
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One namespace of a message: what stands, and what can be chosen instead."""

    namespace: str
    title: str
    choices: tuple[Choice, ...]
    standing: LabelScore | None

    @property
    def is_quiet(self) -> bool:
        """Whether nothing was said that is worth showing before somebody comes near."""
        if self.judged or all(choice.value for choice in self.choices):
            return False
        return self.standing is None or not self.standing.value

    @property
    def judged(self) -> Judgement | None:
        """What a person said, if anybody did."""
        return self.standing.judged if self.standing else None


def questions(
    labels: Iterable[LabelScore], offered: Mapping[str, LabelSet]
) -> tuple[Question, ...]:
    """What people may be asked about a message with these labels, in the order of the offer."""
    standing: dict[str, LabelScore] = {}
    for label in labels:
        standing.setdefault(label.namespace, label)
    return tuple(_question(each, standing) for each in offered.values())


def _question(offered: LabelSet, labels: Mapping[str, LabelScore]) -> Question:
    standing = labels.get(offered.namespace)
    if standing is None and offered.none and labels:
        # Whoever has labelled the message otherwise has said that none of these is right.
        standing = LabelScore(name=f"{offered.namespace}:", score=None)
    values: Sequence[str] = (*offered.values, "") if offered.none else offered.values
    return Question(
        namespace=offered.namespace,
        title=_(offered.title) or words(offered.namespace),
        choices=tuple(_choice(offered, value, standing) for value in values),
        standing=standing,
    )


def _choice(offered: LabelSet, value: str, standing: LabelScore | None) -> Choice:
    said = _(value or offered.none)
    stands = standing is not None and standing.value == value
    return Choice(
        name=f"{offered.namespace}:{value}",
        value=value,
        words=said,
        stands=stands,
        title=_title(said, standing if stands else None),
    )


def _title(said: str, standing: LabelScore | None) -> str:
    if standing is None:
        return _("Correct to: %(label)s", label=said)
    if standing.judged is None:
        return _("Confirm: %(label)s is right", label=said)
    by = who(standing.judged)
    if standing.judged.agrees:
        return _("Confirmed by %(name)s: %(label)s", name=by, label=said)
    return _("Corrected by %(name)s: %(label)s", name=by, label=said)


def who(judged: Judgement) -> str:
    """Who judged, in words."""
    return judged.agent.name if judged.agent else _("somebody")


class Judging:
    """The endpoints for one click on a label; each needs the role agent."""

    runtime: Runtime
    actor: Actor
    now: datetime
    _try: Callable[..., ResponseReturnValue]
    _done: Callable[..., ResponseReturnValue]

    def label_questions(self, labels: Iterable[LabelScore]) -> tuple[Question, ...]:
        """What people may be asked about a message, for templates."""
        return questions(labels, self.runtime.label_sets)

    @expose(ON_MESSAGE, methods=["POST"])
    @needs(Role.AGENT)
    def judge(self, message_id: int) -> ResponseReturnValue:
        """This label is right: the machine's own confirms it, another one corrects it."""
        name = request.form.get("label", "")

        def work() -> ResponseReturnValue:
            first = actions.judge_label(self.runtime, self.actor, message_id, name, now=self.now)
            namespace, _, value = name.partition(":")
            undo = url_for("inbox.take_back", message_id=message_id, namespace=namespace)
            return self._done(
                _conversation(), _said(value, self._set(namespace)), undo=undo * first
            )

        return self._try(_conversation(), work)

    @expose(f"{ON_MESSAGE}/<namespace>/undo", methods=["POST"])
    @needs(Role.AGENT)
    def take_back(self, message_id: int, namespace: str) -> ResponseReturnValue:
        """Let the machine's word stand again."""

        def work() -> ResponseReturnValue:
            actions.take_back_judgement(
                self.runtime, self.actor, message_id, namespace, now=self.now
            )
            return self._done(_conversation(), _("Taken back. The machine's word stands."))

        return self._try(_conversation(), work)

    def _set(self, namespace: str) -> Any:
        return self.runtime.label_sets.get(namespace)


def _said(value: str, offered: LabelSet | None) -> str:
    right = value or (offered.none if offered else "")
    return _("Noted: %(label)s. It stays when classifiers read the message again.", label=_(right))


def _conversation() -> int:
    """Which conversation the message stands in; only used to show it again."""
    return request.form.get("conversation", 0, type=int)
