"""Whether requests agree with an OpenAPI document of X; both spellings, whichever it is in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema

SPELLINGS = {
    "post.fields": "tweet.fields",
    "note_post": "note_tweet",
    "edit_history_post_ids": "edit_history_tweet_ids",
    "referenced_posts": "referenced_tweets.id",
}
"""What is called otherwise in a document of the older spelling."""


class Document:
    """One published version of X's API."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._paths = {
            re.compile(re.sub(r"\\\{\w+\\\}", r"[^/]+", re.escape(path)) + "$"): path
            for path in document["paths"]
        }
        self.speaks_of_posts = '"post.fields"' in json.dumps(document["components"])

    def problems(self, method: str, path: str, query: dict[str, str], body: bytes) -> Iterator[str]:
        """What X would have to refuse about a request."""
        operation = self._operation(method, path)
        if operation is None:
            yield f"{method} {path} is not in the document"
            return
        yield from self._query_problems(operation, query)
        yield from self._body_problems(operation, body)

    def _operation(self, method: str, path: str) -> dict[str, Any] | None:
        exact = self._document["paths"].get(path, {}).get(method.lower())
        found = (
            self._document["paths"][name].get(method.lower())
            for pattern, name in self._paths.items()
            if pattern.match(path)
        )
        return exact or next((one for one in found if one), None)

    def _query_problems(self, operation: dict[str, Any], query: dict[str, str]) -> Iterator[str]:
        known = {one["name"]: one for one in map(self._whole, operation.get("parameters", []))}
        for name, value in query.items():
            spelt, told = self._spelt(name), value
            if spelt not in known or known[spelt]["in"] != "query":
                yield f"{name} is no parameter of {operation['operationId']}"
                continue
            schema = self._whole(known[spelt]["schema"])
            read: Any = told
            if schema.get("type") == "array":
                read = [self._spelt(one) for one in told.split(",")]
            elif schema.get("type") == "integer":
                read = int(told)
            yield from self._against(schema, read, name)
        for name, one in known.items():
            if one["in"] == "query" and one.get("required") and name not in query:
                yield f"{name} is missing"

    def _body_problems(self, operation: dict[str, Any], body: bytes) -> Iterator[str]:
        described = operation.get("requestBody")
        if not described:
            if body:
                yield f"{operation['operationId']} takes no body"
            return
        schema = described["content"]["application/json"]["schema"]
        yield from self._against(schema, json.loads(body), "body")

    def _against(self, schema: dict[str, Any], value: Any, name: str) -> Iterator[str]:
        whole = {**schema, "components": self._document["components"]}
        for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
            # Only documents from 2.167 on list all events that X documents for webhooks.
            late = list(error.path) == ["event_type"] and (
                "post.reply.create" not in error.validator_value
            )
            if not late:
                yield f"{name}: {error.message[:300]}"

    def _whole(self, found: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in found:
            value: Any = self._document
            for part in found["$ref"].split("/")[1:]:
                value = value[part]
            found = value
        return found

    def _spelt(self, name: str) -> str:
        return name if self.speaks_of_posts else SPELLINGS.get(name, name)
