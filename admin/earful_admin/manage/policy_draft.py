"""A policy while somebody edits it: rows of a form on one side, the policies' JSON on the other.

Pure. Whatever was typed is kept, right or wrong; what is wrong with it is `policy_check`'s.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from earful.policies import ACTIONS, OPERATORS, ActionType, FactRegistry, Operator, Takes
from earful.wording import gettext as _
from earful.wording import mark
from werkzeug.datastructures import MultiDict

__all__ = [
    "FACTS",
    "GROUPS",
    "ActionRow",
    "Draft",
    "Row",
    "columns",
    "operator_of",
    "shown",
    "typed",
    "wish_of",
]

FACTS = FactRegistry.standard()
GROUPS = {
    "all": mark("all of these hold"),
    "any": mark("any of these holds"),
    "none": mark("none of these holds"),
}
_YES, _NO = "yes", "no"
_MOST_ROWS = 120
"""More than a policy may have, so that its own words about the limit are read."""


@dataclass(slots=True)
class Row:
    """One question as it stands in the form: always text."""

    fact: str = ""
    op: str = ""
    value: str = ""
    mistakes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was chosen or typed; such a row is left out."""
        return not (self.fact or self.op or self.value.strip())

    @property
    def takes(self) -> Takes | None:
        """What the operator wants beside the fact; None where none is chosen."""
        operator = operator_of(self.fact, self.op)
        return operator.takes if operator else None


@dataclass(slots=True)
class ActionRow:
    """One action as it stands in the form."""

    do: str = ""
    value: str = ""
    mistakes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.do or self.value.strip())


@dataclass(slots=True)
class Draft:
    """All that one form holds. With `text` the condition is edited as JSON, else as rows."""

    name: str = ""
    enabled: bool = True
    once: bool = True
    version: int = 0
    match: str = "all"
    rows: list[Row] = field(default_factory=lambda: [Row()])
    actions: list[ActionRow] = field(default_factory=lambda: [ActionRow()])
    text: str | None = None
    mistakes: list[tuple[str, str]] = field(default_factory=list)
    """Every mistake with the id of the control it belongs to, in the order of the page."""

    @classmethod
    def of(cls, line: Any) -> Draft:
        """A stored policy."""
        draft = cls(line.name, enabled=line.enabled, once=line.once, version=line.version)
        draft.show(line.conditions)
        draft.actions = [
            ActionRow(str(each.get("do", "")), str(each.get("value") or ""))
            for each in line.actions
        ]
        return draft

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> Draft:
        """What somebody sent."""
        version = form.get("version", "")
        match = form.get("match", "all")
        return cls(
            name=form.get("name", ""),
            enabled="enabled" in form,
            once="once" in form,
            version=int(version) if version.isdecimal() else 0,
            match=match if match in GROUPS else "all",
            rows=[Row(each[0], each[1], each[2]) for each in columns(form, "fact", "op", "value")],
            actions=[ActionRow(each[0], each[1]) for each in columns(form, "do", "act")],
            text=form.get("text"),
        )

    def show(self, conditions: Any) -> None:
        """Show a condition as rows, where rows can say it, else as JSON."""
        found = _as_rows(conditions)
        if found is None:
            self.text = json.dumps(conditions, indent=2, ensure_ascii=False)
        else:
            self.text = None
            self.match, self.rows = found

    def conditions(self) -> Any:
        """The condition's JSON. Raises `ValueError` for a text that is none."""
        return self._rows_as_tree() if self.text is None else _loaded(self.text)

    def _rows_as_tree(self) -> dict[str, list[dict[str, Any]]]:
        return {self.match: [_leaf(row) for row in self.rows if not row.is_empty]}

    def wishes(self) -> list[dict[str, str]]:
        """The actions' JSON."""
        return [wish_of(row, ACTIONS) for row in self.actions if not row.is_empty]

    def change(self, step: str) -> None:
        """Do what one of the form's own buttons says: add or remove a row, or change the way."""
        name, _, number = step.rpartition("-")
        at = int(number) if number.isdecimal() else -1
        if step == "add-condition":
            self.rows.append(Row())
        elif step == "add-action":
            self.actions.append(ActionRow())
        elif name == "remove-condition" and 0 <= at < len(self.rows):
            del self.rows[at]
        elif name == "remove-action" and 0 <= at < len(self.actions):
            del self.actions[at]
        elif step == "as-json" and self.text is None:
            self.text = json.dumps(self._rows_as_tree(), indent=2, ensure_ascii=False)
        elif step == "as-rows" and self.text is not None:
            self._leave_json()

    def _leave_json(self) -> None:
        try:
            tree = _loaded(self.text or "")
        except ValueError:
            words = _("This is not JSON yet, so it cannot become rows.")
            self.mistakes.append(("text", words))
            return
        self.show(tree)
        if self.text is not None:
            words = _("Rows can hold one group without groups inside: this condition stays JSON.")
            self.mistakes.append(("text", words))


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(_("it is nested too deeply")) from None


def operator_of(fact: str, op: str) -> Operator | None:
    """The question that a row asks; None where fact or operator is not known."""
    known = FACTS.get(fact)
    return OPERATORS[known.type].get(op) if known else None


def columns(form: MultiDict[str, str], *names: str) -> list[tuple[str, ...]]:
    """Fields that are repeated once a row, row by row."""
    lists = [form.getlist(name)[:_MOST_ROWS] for name in names]
    return list(zip(*lists, strict=False))


def _leaf(row: Row) -> dict[str, Any]:
    leaf: dict[str, Any] = {"fact": row.fact or None, "op": row.op or None}
    if row.takes is not Takes.NOTHING:
        leaf["value"] = typed(row.value, row.takes)
    return leaf


def typed(text: str, takes: Takes | None) -> Any:
    """What was typed as the operator wants it; as text where it cannot be that."""
    text = text.strip()
    if takes is Takes.TEXTS:
        return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    if takes is Takes.BOOLEAN:
        return {_YES: True, _NO: False}.get(text.lower(), text)
    if takes is Takes.NUMBER:
        return _number(text)
    return text


def _number(text: str) -> Any:
    try:
        value = float(text.replace("\N{NARROW NO-BREAK SPACE}", "").replace(" ", ""))
    except ValueError:
        return text
    return int(value) if value.is_integer() else value


def wish_of(row: ActionRow, kinds: Mapping[str, ActionType]) -> dict[str, str]:
    """The row's JSON."""
    kind = kinds.get(row.do)
    if kind is not None and not kind.takes_value:
        return {"do": row.do}
    return {"do": row.do, "value": row.value.strip()}


def _as_rows(tree: Any) -> tuple[str, list[Row]] | None:
    """The rows that say the same; None where rows cannot."""
    if not isinstance(tree, dict):
        return None
    group = tree if tree.keys() & GROUPS.keys() else {"all": [tree]}
    if len(group) != 1:
        return None
    (match, leaves), *_ = group.items()
    if not isinstance(leaves, list) or not all(_is_leaf(each) for each in leaves):
        return None
    rows = [Row(each["fact"], each["op"], shown(each.get("value"))) for each in leaves]
    # Only what comes back unchanged may be edited that way.
    return (match, rows) if _says_the_same(rows, leaves) else None


def _is_leaf(node: Any) -> bool:
    return (
        isinstance(node, Mapping)
        and {"fact", "op"} <= node.keys() <= {"fact", "op", "value"}
        and isinstance(node["fact"], str)
        and isinstance(node["op"], str)
    )


def _says_the_same(rows: Sequence[Row], leaves: Sequence[Mapping[str, Any]]) -> bool:
    def bare(leaf: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in leaf.items() if key != "value" or value is not None}

    return [bare(_leaf(row)) for row in rows] == [bare(leaf) for leaf in leaves]


def shown(value: Any) -> str:
    """A condition's value as a form shows it."""
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)
