"""A view while somebody edits it: the lines of a form, and the condition they stand for.

Pure. A line is a group or a question with its level; what stands deeper belongs to the group before
it. Whatever was typed is kept, right or wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from earful.policies import VIEW_FACTS, Operator, Takes, validate_view, view_operators
from earful.store.queries.views import ViewLine
from earful.store.states import ConversationStatus, ListOrder
from earful.wording import gettext as _
from werkzeug.datastructures import MultiDict

from earful_admin.manage.policy_draft import GROUPS, shown, typed

__all__ = ["Node", "ViewDraft", "ViewRow"]

ASK = "ask"
MOST_LINES = 60
"""More than a view may have, so that its own words about the limit are read."""
DEEPEST = 4
"""Groups in groups; the policies' own limit is one more."""


@dataclass(slots=True)
class ViewRow:
    """One line: a group (`kind` is how many must hold) or, as `ask`, a question. Always text."""

    level: int
    kind: str
    fact: str = ""
    op: str = ""
    value: str = ""
    mistakes: list[str] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was chosen or typed; such a question is left out."""
        return self.kind == ASK and not (self.fact or self.op or self.value.strip())

    @property
    def takes(self) -> Takes | None:
        """What the question wants beside the fact; None where none is chosen."""
        operator = _operator(self.fact, self.op)
        return operator.takes if operator else None


@dataclass(slots=True)
class Node:
    """A line with its place in the form and, of a group, what stands in it."""

    at: int
    row: ViewRow
    children: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class ViewDraft:
    """All that one form holds. The first line is the group around everything."""

    name: str = ""
    status: ConversationStatus = ConversationStatus.OPEN
    order: ListOrder = ListOrder.DUE
    shared: bool = False
    version: int = 0
    rows: list[ViewRow] = field(default_factory=lambda: [ViewRow(0, "all"), ViewRow(1, ASK)])
    mistakes: list[tuple[str, str]] = field(default_factory=list)
    """Every mistake with the id of the control it belongs to."""

    @classmethod
    def of(cls, line: ViewLine) -> ViewDraft:
        """A kept view."""
        rows = list(_rows_of(line.conditions, 0))
        if rows and rows[0].kind == ASK:
            rows = [ViewRow(0, "all"), *(_deeper(row) for row in rows)]
        return cls(line.name, line.status, line.order, line.shared, line.version, rows)

    @classmethod
    def read(cls, form: MultiDict[str, str]) -> ViewDraft:
        """What somebody sent."""
        columns = [
            form.getlist(name)[:MOST_LINES] for name in ("level", "kind", "fact", "op", "value")
        ]
        rows = [_row(*each) for each in zip(*columns, strict=False)]
        version = form.get("version", "")
        draft = cls(
            name=form.get("name", ""),
            status=_member(ConversationStatus, form.get("status"), ConversationStatus.OPEN),
            order=_member(ListOrder, form.get("order"), ListOrder.DUE),
            shared="shared" in form,
            version=int(version) if version.isdecimal() and len(version) < 10 else 0,  # noqa: PLR2004
            rows=rows or [ViewRow(0, "all")],
        )
        draft.settle()
        return draft

    def settle(self) -> None:
        """Make levels a tree whatever was sent: the first line is the outer group."""
        if self.rows[0].kind == ASK:
            self.rows.insert(0, ViewRow(0, "all"))
        self.rows[0].level = 0
        open_to = 1
        for row in self.rows[1:]:
            row.level = max(1, min(row.level, open_to))
            open_to = row.level + (row.kind != ASK)

    def nodes(self) -> Node:
        """The lines as a tree."""
        root = Node(0, self.rows[0])
        path = [root]
        for at, row in enumerate(self.rows[1:], 1):
            del path[row.level :]
            node = Node(at, row)
            path[-1].children.append(node)
            if row.kind != ASK:
                path.append(node)
        return root

    def conditions(self) -> dict[str, Any]:
        """The condition's JSON."""
        return _tree(self.nodes())

    def check(self) -> bool:
        """Whether the condition can be asked; what is wrong is put to its line, in words."""
        for mistake in validate_view(self.conditions()):
            node = _place(self.nodes(), mistake.path)
            at, text = node.at, _sentence(mistake.text, node)
            self.rows[at].mistakes.append(text)
            control = (
                str(mistake.path[-1]) if mistake.path and self.rows[at].kind == ASK else "kind"
            )
            control = control if control in {"fact", "op", "value"} else "kind"
            self.mistakes.append((f"{control}-{at}", text))
        return not self.mistakes

    def change(self, step: str) -> int:
        """Do what one of the form's own buttons says; gives the line that deserves the focus."""
        name, _dash, number = step.rpartition("-")
        at = int(number) if number.isdecimal() and len(number) < 4 else -1  # noqa: PLR2004
        if not 0 <= at < len(self.rows):
            return 0
        if name == "remove" and at:
            del self.rows[at : self._end(at)]
            return 0
        if name in {"add", "group"} and self.rows[at].kind != ASK and len(self.rows) < MOST_LINES:
            end, level = self._end(at), self.rows[at].level + 1
            if name == "add":
                self.rows.insert(end, ViewRow(level, ASK))
            elif level <= DEEPEST - 1:
                self.rows[end:end] = [ViewRow(level, "any"), ViewRow(level + 1, ASK)]
                return end + 1
            return end
        return at

    def _end(self, at: int) -> int:
        """Where what belongs to a line ends."""
        level = self.rows[at].level
        deeper = (n for n, row in enumerate(self.rows) if n > at and row.level <= level)
        return next(deeper, len(self.rows))


def _operator(fact: str, op: str) -> Operator | None:
    known = VIEW_FACTS.get(fact)
    return view_operators(known).get(op) if known else None


def _row(level: str, kind: str, fact: str, op: str, value: str) -> ViewRow:
    deep = int(level) if level.isdecimal() and len(level) < 3 else 1  # noqa: PLR2004
    if kind not in GROUPS:
        return ViewRow(min(deep, DEEPEST), ASK, fact, op, value)
    return ViewRow(min(deep, DEEPEST), kind)


def _deeper(row: ViewRow) -> ViewRow:
    row.level += 1
    return row


def _member(enum: Any, text: str | None, default: Any) -> Any:
    try:
        return enum(text)
    except ValueError:
        return default


def _rows_of(node: Any, level: int) -> Iterable[ViewRow]:
    for kind in GROUPS:
        if kind in node:
            yield ViewRow(level, kind)
            for child in node[kind]:
                yield from _rows_of(child, level + 1)
            return
    yield ViewRow(level, ASK, node["fact"], node["op"], shown(node.get("value")))


def _tree(node: Node) -> dict[str, Any]:
    if node.row.kind != ASK:
        return {node.row.kind: [_tree(each) for each in _kept(node)]}
    leaf: dict[str, Any] = {"fact": node.row.fact or None, "op": node.row.op or None}
    if node.row.takes is not Takes.NOTHING:
        leaf["value"] = typed(node.row.value, node.row.takes)
    return leaf


def _kept(node: Node) -> list[Node]:
    return [each for each in node.children if not each.row.is_empty]


def _place(root: Node, path: Sequence[str | int]) -> Node:
    """The line that a place in the tree came from."""
    node = root
    for step in path:
        if isinstance(step, int):
            node = _kept(node)[step]
    return node


def _sentence(text: str, node: Node) -> str:
    """The engine's words, where it speaks to people who write JSON in those of the form."""
    row = node.row
    if row.kind == ASK and not row.fact:
        text = _("choose what to look at")
    elif row.kind == ASK and not row.op:
        text = _("choose a question")
    elif row.kind != ASK and not _kept(node):
        text = _("this group is empty: add a question, or remove it")
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"
