"""A macro while somebody edits it: what the form holds on one side, its JSON on the other. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from earful.policies import MACRO_STEPS
from earful.wording import gettext as _
from werkzeug.datastructures import MultiDict

from earful_admin.manage.policy_check import Names, check_actions
from earful_admin.manage.policy_draft import ActionRow, columns, wish_of

__all__ = ["LONGEST_NAME", "MacroDraft"]

LONGEST_NAME = 80


@dataclass(slots=True)
class MacroDraft:
    """All that one form holds, right or wrong."""

    name: str = ""
    text: str = ""
    shared: bool = False
    actions: list[ActionRow] = field(default_factory=lambda: [ActionRow()])
    mistakes: list[tuple[str, str]] = field(default_factory=list)
    """Every mistake with the id of the control it belongs to, in the order of the page."""

    @classmethod
    def of(cls, row: Any) -> MacroDraft:
        """A stored macro."""
        steps = [
            ActionRow(str(each.get("do", "")), str(each.get("value") or "")) for each in row.steps
        ]
        return cls(row.name, row.text, row.owner_id is None, steps)

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> MacroDraft:
        """What somebody sent."""
        steps = [ActionRow(each[0], each[1]) for each in columns(form, "do", "act")]
        return cls(form.get("name", ""), form.get("text", ""), "shared" in form, steps)

    def wishes(self) -> list[dict[str, str]]:
        """The steps' JSON."""
        return [wish_of(row, MACRO_STEPS) for row in self.actions if not row.is_empty]

    def change(self, step: str) -> None:
        """Do what one of the form's own buttons says: add or remove a row."""
        name, _dash, number = step.rpartition("-")
        at = int(number) if number.isdecimal() else -1
        if step == "add-action":
            self.actions.append(ActionRow())
        elif name == "remove-action" and 0 <= at < len(self.actions):
            del self.actions[at]

    def check(self, names: Names) -> bool:
        """Whether it can be saved. What is wrong is added to `mistakes`."""
        if not self.name.strip():
            self.mistakes.append(("name", _("Name: give the macro a name.")))
        elif len(self.name.strip()) > LONGEST_NAME:
            words = _("Name: use at most %(n)s characters.", n=LONGEST_NAME)
            self.mistakes.append(("name", words))
        nothing = _("Actions: choose at least one; the macro would do nothing.")
        check_actions(self, names, MACRO_STEPS, nothing=nothing)
        return not self.mistakes
