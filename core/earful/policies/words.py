"""A policy as one English sentence, so that people can check that it says what they mean."""

from __future__ import annotations

from collections.abc import Sequence

from earful.policies.actions import Wish
from earful.policies.conditions import Condition, Group, Leaf, Node

__all__ = ["condition_in_words", "policy_in_words"]


def policy_in_words(condition: Condition, actions: Sequence[Wish], *, once: bool = False) -> str:
    """The whole policy: "When message text contains “refund”, set the priority to high."."""
    when = condition_in_words(condition)
    doing = _list([wish.words for wish in actions], "and")
    tail = ", once per conversation" if once else ""
    return f"{when[:1].upper()}{when[1:]}, {doing}{tail}."


def condition_in_words(condition: Condition) -> str:
    """The condition alone: "when message text contains “refund” and author is verified"."""
    root = condition.root
    if isinstance(root, Group) and not root.children:
        return "for every message"
    return f"when {_node(root, nested=False)}"


def _node(node: Node, *, nested: bool) -> str:
    if isinstance(node, Leaf):
        return node.phrase()
    if len(node.children) == 1 and node.kind != "none":
        return _node(node.children[0], nested=nested)
    if not node.children:
        return "always"
    words = _group(node)
    return f"({words})" if nested and len(node.children) > 1 else words


def _group(node: Group) -> str:
    if node.kind == "none":
        return _list([_denied(child) for child in node.children], "and")
    joint = "and" if node.kind == "all" else "or"
    return _list([_node(child, nested=True) for child in node.children], joint)


def _denied(node: Node) -> str:
    if isinstance(node, Leaf):
        return node.phrase(denied=True)
    return f"not {_node(node, nested=True)}"


def _list(parts: list[str], joint: str) -> str:
    """The parts as prose lists them: "a, b and c"."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {joint} {parts[-1]}"
