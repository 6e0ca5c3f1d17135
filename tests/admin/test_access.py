from collections.abc import Callable
from typing import Any

import pytest
from earful.runtime import Runtime
from earful.store.states import Role
from earful_admin import access, pages, server
from earful_admin.views import PageView
from flask import Flask
from flask.testing import FlaskClient
from flask_admin import expose
from werkzeug.routing import IntegerConverter, Rule

SignIn = Callable[[Role], FlaskClient]


class _Undeclared(PageView):
    @expose("/")
    def index(self) -> str:
        return "never seen"


@pytest.fixture
def with_undeclared(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = pages.pages
    added = _Undeclared(name="X", endpoint="undeclared", url="/undeclared")
    monkeypatch.setattr(pages, "pages", lambda: [*usual(), added])


def addresses(app: Flask) -> list[tuple[str, str, str]]:
    """Every endpoint with a method and an address that reach it."""
    found = []
    for rule in app.url_map.iter_rules():
        method = next(m for m in ("GET", "POST", "DELETE") if m in (rule.methods or ()))
        found.append((rule.endpoint, method, _filled(app, rule)))
    return found


def _filled(app: Flask, rule: Rule) -> str:
    values: dict[str, Any] = {
        name: 1 if isinstance(rule._converters[name], IntegerConverter) else "1"
        for name in rule.arguments
    }
    with app.test_request_context():
        return app.url_for(rule.endpoint, **values)


def test_every_endpoint_declares_who_may_call_it(app: Flask) -> None:
    silent = [
        endpoint
        for endpoint, view in app.view_functions.items()
        if access.declared_role(view) is None
    ]
    assert not silent


def test_what_is_public_is_known_by_name(app: Flask) -> None:
    public = {
        endpoint
        for endpoint, view in app.view_functions.items()
        if access.declared_role(view) == access.PUBLIC
    }
    assert public == {
        "ingress.receive",
        "operations.healthz",
        "operations.metrics",
        "sign_in.attempt",
        "sign_in.form",
        "static",
        "texts",
    }


@pytest.mark.usefixtures("with_undeclared")
def test_an_endpoint_that_declares_nothing_is_refused(sign_in: SignIn) -> None:
    assert sign_in(Role.ADMIN).get("/undeclared/").status_code == 403


def test_a_stranger_reaches_nothing_that_needs_a_role(app: Flask, stranger: FlaskClient) -> None:
    for endpoint, method, address in addresses(app):
        if access.declared_role(app.view_functions[endpoint]) == access.PUBLIC:
            continue
        answer = stranger.open(address, method=method)
        assert answer.status_code == 302, endpoint
        assert answer.location.startswith("/sign-in"), endpoint


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_is_meant_for_it(app: Flask, sign_in: SignIn, role: Role) -> None:
    client = sign_in(role)
    # Signing out would end the walk early.
    for endpoint, method, address in sorted(
        addresses(app), key=lambda a: a[0] == "sign_in.sign_out"
    ):
        needed = access.declared_role(app.view_functions[endpoint])
        if not isinstance(needed, Role):
            continue
        code = client.open(address, method=method).status_code
        if role < needed:
            assert code == 403, f"{endpoint} gave {code} to {role.word}"
        else:
            assert code not in {401, 403}, f"{endpoint} gave {code} to {role.word}"
            assert code < 500, f"{endpoint} gave {code} to {role.word}"


def test_a_refusal_is_told_in_plain_words(app: Flask, sign_in: SignIn) -> None:
    closed = next(
        address
        for endpoint, method, address in addresses(app)
        if method == "GET" and access.declared_role(app.view_functions[endpoint]) == Role.ADMIN
    )
    refused = sign_in(Role.VIEWER).get(closed)
    assert refused.status_code == 403
    assert "Not for your role" in refused.text
    assert "Ask an admin" in refused.text


def test_the_navigation_shows_only_what_may_be_opened(
    earful_runtime: Runtime, sign_in: SignIn
) -> None:
    app = server.create_app(earful_runtime)
    hidden = [
        page.url
        for page in app.extensions["earful_pages"]
        if page.requires is not None and page.requires > Role.VIEWER and page.url
    ]
    shown = sign_in(Role.VIEWER).get("/profile/").text
    for url in hidden:
        assert f'href="{url}/"' not in shown
