"""A policy or a macro as one sentence, so that people can check that it says what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from earful.policies.actions import Wish
from earful.policies.conditions import Condition, Group, Leaf, Node
from earful.wording import gettext as _
from earful.wording import mark

__all__ = ["condition_in_words", "macro_in_words", "policy_in_words"]

_AND = mark("%(some)s and %(last)s")
_OR = mark("%(some)s or %(last)s")


def policy_in_words(condition: Condition, actions: Sequence[Wish], *, once: bool = False) -> str:
    """The whole policy: "When message text contains “refund”, set the priority to high."."""
    facts = {
        "questions": condition_in_words(condition),
        "actions": _listed([wish.words for wish in actions]),
    }
    if not facts["questions"]:
        if once:
            return _("For every message, %(actions)s, once per conversation.", **facts)
        return _("For every message, %(actions)s.", **facts)
    if once:
        return _("When %(questions)s, %(actions)s, once per conversation.", **facts)
    return _("When %(questions)s, %(actions)s.", **facts)


def macro_in_words(steps: Sequence[Wish], *, begins_reply: bool = False) -> str:
    """What a macro does: "Add the label “refund” and resolve it.", told before it is run."""
    parts = [wish.words for wish in steps]
    if begins_reply:
        parts.append(_("begin a reply, which you send"))
    words = _listed(parts)
    return f"{words[:1].upper()}{words[1:]}."


def condition_in_words(condition: Condition) -> str:
    """The condition alone: "message text contains “refund” and author is verified".

    Empty for one that always holds.
    """
    root = condition.root
    if isinstance(root, Group) and not root.children:
        return ""
    return _node(root, nested=False)


def _node(node: Node, *, nested: bool) -> str:
    if isinstance(node, Leaf):
        return node.phrase()
    if len(node.children) == 1 and node.kind != "none":
        return _node(node.children[0], nested=nested)
    if not node.children:
        return _("always")
    words = _group(node)
    return f"({words})" if nested and len(node.children) > 1 else words


def _group(node: Group) -> str:
    if node.kind == "none":
        return _listed([_denied(child) for child in node.children])
    parts = [_node(child, nested=True) for child in node.children]
    return _listed(parts) if node.kind == "all" else _listed(parts, _OR)


def _denied(node: Node) -> str:
    if isinstance(node, Leaf):
        return node.phrase(denied=True)
    return _("not %(questions)s", questions=_node(node, nested=True))


def _listed(parts: list[str], pair: str = _AND) -> str:
    """The parts as prose lists them: "a, b and c"; `pair` joins the last one to the others."""
    if len(parts) <= 1:
        return "".join(parts)
    return _(pair, some=", ".join(parts[:-1]), last=parts[-1])
