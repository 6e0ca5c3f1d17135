"""Whatever the plugin sends stands in the tables of Facebook's own library.

The library is generated from Facebook's interface. Its tables say which fields an object has, and
which parameters a call takes with which values.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from earful import Action, ActionKind, OutboundAttachment, OutboundReply, Surface
from earful_facebook.connect import FacebookConnector
from earful_facebook.fields import NEEDED_PERMISSIONS, PUSHED
from earful_facebook.sandbox.expansion import Field, read_fields
from earful_facebook.sandbox.people import APP_ID, PAGES, PEOPLE
from facebook_business.adobjects.application import Application
from facebook_business.adobjects.comment import Comment
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.pagepost import PagePost
from facebook_business.adobjects.photo import Photo
from facebook_business.adobjects.recommendation import Recommendation
from facebook_business.adobjects.unifiedthread import UnifiedThread
from facebook_business.adobjects.user import User

PAGE = PAGES[0]
PICTURE = OutboundAttachment(name="hall.png", content_type="image/png", data=b"p", alt="The hall")
PAGING = {"fields", "limit", "after", "before"}
"""Taken by every list, and therefore in no table."""
MESSAGE_FIELDS = {"id", "created_time", "from", "message", "attachments", "sticker"}
"""Of a private message the library has no table; these are of the document on conversations."""
UNLISTED = {
    "debug_token": {"input_token"},
    "oauth/access_token": {"client_id", "code", "redirect_uri", "grant_type", "fb_exchange_token"},
}
"""Calls that belong to no object: "Access Token Debugging", "Get Long-Lived Tokens"."""

EDGES: dict[tuple[str, str], tuple[Any, str, Any]] = {
    ("GET", "feed"): (Page, "get_feed", PagePost),
    ("GET", "tagged"): (Page, "get_tagged", PagePost),
    ("GET", "ratings"): (Page, "get_ratings", Recommendation),
    ("GET", "conversations"): (Page, "get_conversations", UnifiedThread),
    ("GET", "subscribed_apps"): (Page, "get_subscribed_apps", Application),
    ("POST", "subscribed_apps"): (Page, "create_subscribed_app", None),
    ("POST", "subscriptions"): (Application, "create_subscription", None),
    ("GET", "accounts"): (User, "get_accounts", Page),
    ("GET", "comments"): (Comment, "get_comments", Comment),
    ("POST", "comments"): (Comment, "create_comment", None),
    ("POST", "photos"): (Page, "create_photo", None),
    ("POST", "likes"): (Comment, "create_like", None),
    ("DELETE", "likes"): (Comment, "delete_likes", None),
}
BELOW = {("PagePost", "comments"): (PagePost, "get_comments", Comment)}


def tables(method: Any) -> tuple[set[str], dict[str, set[str]]]:
    """The parameters of a call, and the values of those that take only some."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(method)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "param_types":
            types = ast.literal_eval(node.value)
            owner = method.__globals__
            values = {
                name: _enum(owner, _plain(each), tree)
                for name, each in types.items()
                if _plain(each).endswith("_enum")
            }
            return set(types), values
    raise AssertionError(method)


def _plain(kind: str) -> str:
    """`list<platform_enum>` -> `platform_enum`."""
    return kind.removeprefix("list<").removesuffix(">")


def _enum(owner: dict[str, Any], name: str, tree: ast.Module) -> set[str]:
    """The values of one enum: `Page.Folder.__dict__.values()` or a list, in the source."""
    known = {**owner, "Comment": Comment, "UnifiedThread": UnifiedThread, "PagePost": PagePost,
             "Photo": Photo}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "enums":
            assert isinstance(node.value, ast.Dict)
            for key, value in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(key, ast.Constant) and key.value == name:
                    code = compile(ast.Expression(value), "enum", "eval")
                    return {each for each in eval(code, known) if isinstance(each, str)}
    raise AssertionError(name)


def check_fields(kind: Any, asked: list[Field]) -> None:
    for each in asked:
        if each.below:
            node, method, below = BELOW.get((kind.__name__, each.name), (None, "", None))
            if kind is UnifiedThread and each.name == "messages":
                assert {one.name for one in each.below} <= MESSAGE_FIELDS
                assert set(each.modifiers) <= PAGING
                continue
            assert node is not None, f"{kind.__name__} has no {each.name}"
            check_params(getattr(node, method), each.modifiers)
            check_fields(below, each.below)
        else:
            assert each.name in kind._field_types, f"{kind.__name__}.{each.name}"


def check_params(method: Any, params: dict[str, str]) -> None:
    known, values = tables(method)
    assert set(params) - PAGING <= known, f"{method.__name__}: {set(params) - PAGING - known}"
    for name in set(params) & set(values):
        assert set(params[name].split(",")) <= values[name], f"{name}={params[name]}"


def check_call(call: Any) -> None:
    params = dict(call.params)
    if call.path in UNLISTED:
        assert set(params) <= UNLISTED[call.path]
        return
    of, _, edge = call.path.partition("/")
    if not edge:
        check_node(call, of, params)
        return
    if edge == "messages":
        check_messages(call, params)
        return
    kind, method, listed = EDGES[call.method, edge]
    if edge == "comments" and of.startswith(PAGE.id):
        kind = PagePost
    if call.method == "GET" and "fields" in params:
        check_fields(listed, read_fields(params["fields"]))
    check_params(getattr(kind, method), params)


def check_node(call: Any, of: str, params: dict[str, str]) -> None:
    kind: Any = PagePost if of.startswith(f"{PAGE.id}_") else Comment
    kind = Page if of == PAGE.id else UnifiedThread if of.startswith("t_") else kind
    if call.method == "GET":
        check_fields(kind, read_fields(params.pop("fields")))
        assert params == {}
    else:
        check_params(kind.api_update, params)


def check_messages(call: Any, params: dict[str, str]) -> None:
    if call.method == "POST":
        check_params(Page.create_message, params)
        return
    assert {each.name for each in read_fields(params["fields"])} <= MESSAGE_FIELDS
    check_params(UnifiedThread.get_messages, params)


@pytest.fixture
def everything(facebook: Any) -> Iterator[Any]:
    """A sandbox in which the plugin has done all it can do."""
    world, sender = facebook.world, facebook.sender(human_agent=True)
    comment = next(each for each in world.items.values() if each.author == PEOPLE[2])
    visit = next(each for each in world.items.values() if each.author == PEOPLE[4])
    for number in range(30):
        world.write_comment(PEOPLE[0].id, comment.post, f"Comment {number}")
        world.write_message(PEOPLE[0].id, f"Message {number}")
    _, result = facebook.look()
    world.remove(world.write_comment(PEOPLE[0].id, visit.id, "Gone").id)
    facebook.look(result.cursor)
    facebook.source().check()
    _reply_everywhere(facebook, sender, comment, visit)
    for kind in ActionKind:
        for item in (comment, visit):
            extra = {"kind": item.kind}
            sender.act(Action(kind=kind, external_id=item.id, extra=extra))
            sender.act(Action(kind=kind, external_id=item.id, extra=extra, undo=True))
    _connect(facebook)
    return facebook


def _reply_everywhere(facebook: Any, sender: Any, comment: Any, visit: Any) -> None:
    places = [
        (comment, Surface.PUBLIC_REPLY, Surface.PUBLIC_REPLY),
        (comment, Surface.PUBLIC_REPLY, Surface.PRIVATE),
        (visit, Surface.PUBLIC_POST, Surface.PUBLIC_REPLY),
        (visit, Surface.PUBLIC_POST, Surface.PRIVATE),
        (facebook.world.talk(PEOPLE[0].id)[0], Surface.PRIVATE, Surface.PRIVATE),
        (facebook.world.talk(PEOPLE[5].id)[0], Surface.PRIVATE, Surface.PRIVATE),
    ]
    facebook.stage.passed = facebook.stage.passed.__class__(days=1)
    for item, answered, surface in places:
        reply = OutboundReply(
            idempotency_key="k", text="Hello", surface=surface, in_reply_to=item.id,
            thread_id="t", url=None, extra={}, submitted_at=facebook.stage.now(),
            author_id=item.author.id, answered_surface=answered,
            last_inbound_at=facebook.stage.now() if item.author == PEOPLE[0] else item.at,
        )  # fmt: skip
        if answered is Surface.PRIVATE and item.author == PEOPLE[0]:
            facebook.world.write_message(PEOPLE[0].id, "Now")
        if surface is not Surface.PRIVATE:
            reply = replace(reply, attachments=(PICTURE,))
        sender.send(reply)
        assert sender.find(reply) is not None


def _connect(facebook: Any) -> None:
    connector = FacebookConnector(facebook.settings())
    code = facebook.stage.access.code("https://a.example/", frozenset(NEEDED_PERMISSIONS),
                                      tuple(each.id for each in PAGES))  # fmt: skip
    account = connector.complete({"code": code}, {}, "https://a.example/")[0]
    connector.attach(account, facebook.stage.webhook)


def test_every_parameter_and_field_stands_in_facebooks_tables(everything: Any) -> None:
    calls = list(everything.stage.calls)
    for call in calls:
        check_call(call)
    made = {(call.method, call.path.partition("/")[2]) for call in calls}
    assert {edge for edge in EDGES if edge[1] not in {"subscriptions", "accounts"}} <= made
    assert {("POST", "messages"), ("GET", "messages"), ("POST", "")} <= made
    assert ("POST", f"{APP_ID}/subscriptions") in {(each.method, each.path) for each in calls}


def test_what_is_subscribed_to_can_be() -> None:
    assert set(PUSHED) <= set(vars(Page.SubscribedFields).values())


def test_a_field_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AssertionError, match=r"Comment\.mood"):
        check_fields(Comment, read_fields("id,mood"))
    with pytest.raises(AssertionError, match="mood"):
        check_params(Page.create_message, {"mood": "good"})
    with pytest.raises(AssertionError, match="messaging_type=SHOUT"):
        check_params(Page.create_message, {"messaging_type": "SHOUT"})
