"""Recent search over the sandbox's posts: the operators that people and this plugin use.

Words, "phrases", #tags, @names, `from:`, `to:`, `conversation_id:`, `lang:`, `is:retweet`,
`is:reply`, negation by `-`, `OR`, and brackets. Words side by side bind closer than OR.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from earful_twitter.sandbox.world import Post, Refused, World

__all__ = ["matcher"]

Test = Callable[[Post], bool]
_TOKEN = re.compile(r'\s*(-?"[^"]*"|-?\(|\)|[^\s()"]+)')


def matcher(world: World, query: str) -> Test:
    """Whether a post answers the query. Raises `Refused` for one that X would not understand."""
    tokens = _TOKEN.findall(query)
    if not tokens or len("".join(query.split())) == 0:
        raise Refused("query: is empty", status=400, kind="invalid-request")
    parser = _Parser(world, tokens)
    test = parser.either()
    if parser.rest:
        raise Refused("query: brackets do not match", status=400, kind="invalid-request")
    return test


class _Parser:
    def __init__(self, world: World, tokens: list[str]) -> None:
        self._world = world
        self.rest = tokens

    def either(self) -> Test:
        tests = [self._all()]
        while self.rest and self.rest[0] == "OR":
            self.rest = self.rest[1:]
            tests.append(self._all())
        return lambda post: any(test(post) for test in tests)

    def _all(self) -> Test:
        tests = []
        while self.rest and self.rest[0] not in {"OR", ")"}:
            tests.append(self._one())
        if not tests:
            raise Refused("query: an operand is missing", status=400, kind="invalid-request")
        return lambda post: all(test(post) for test in tests)

    def _one(self) -> Test:
        token, self.rest = self.rest[0], self.rest[1:]
        negated, token = token.startswith("-"), token.removeprefix("-")
        test = self._group() if token == "(" else self._operator(token)  # noqa: S105 - a bracket
        return (lambda post: not test(post)) if negated else test

    def _group(self) -> Test:
        test = self.either()
        if not self.rest or self.rest[0] != ")":
            raise Refused("query: brackets do not match", status=400, kind="invalid-request")
        self.rest = self.rest[1:]
        return test

    def _operator(self, token: str) -> Test:
        name, colon, value = token.partition(":")
        world = self._world
        if colon and not token.startswith('"'):
            named = {
                "from": lambda post: self._is(post.author_id, value),
                "to": lambda post: self._is(self._answered(post), value),
                "conversation_id": lambda post: post.conversation_id == value,
                "lang": lambda post: post.language == value,
                "is": lambda post: value == "reply" and bool(post.parent_id),
            }
            if name not in named:
                raise Refused(f"query: unknown operator {name}", status=400, kind="invalid-request")
            return named[name]
        if token.startswith("@"):
            return lambda post: any(
                one.username.casefold() == token[1:].casefold()
                for one in world.mentioned(post.text)
            )
        words = re.escape(token.strip('"').casefold())
        pattern = re.compile(rf"(?<!\w){words}(?!\w)")
        return lambda post: bool(pattern.search(post.text.casefold()))

    def _is(self, user_id: str, wanted: str) -> bool:
        person = self._world.people.get(user_id)
        return bool(person) and wanted.casefold() in {user_id, person.username.casefold()}  # type: ignore[union-attr]

    def _answered(self, post: Post) -> str:
        parent = self._world.posts.get(post.parent_id)
        return parent.author_id if parent else ""
