import re
from collections.abc import Callable

import pytest
from earful.store.states import Role
from earful_admin import security
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.conftest import PASSWORD

SignIn = Callable[[Role], FlaskClient]
ANY_PAGE = ["/sign-in", "/nothing", "/healthz", "/metrics", "/webhooks/none"]


@pytest.mark.parametrize("path", ANY_PAGE)
def test_every_answer_carries_the_headers(stranger: FlaskClient, path: str) -> None:
    headers = stranger.get(path).headers
    assert headers["Content-Security-Policy"] == security.POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert headers["Cache-Control"] == "no-store"


def test_the_policy_allows_nothing_unsafe() -> None:
    assert "unsafe" not in security.POLICY
    assert "nonce" not in security.POLICY
    assert security.POLICY.startswith("default-src 'none'")


@pytest.fixture
def checked(app: Flask, sign_in: SignIn) -> FlaskClient:
    """Signed in, and the token is asked for as in real life."""
    client = sign_in(Role.VIEWER)
    app.config["WTF_CSRF_ENABLED"] = True
    return client


def token_of(client: FlaskClient) -> str:
    found = re.search(r'name="csrf-token" content="([^"]+)"', client.get("/profile/").text)
    assert found is not None
    return found[1]


def test_a_change_without_the_token_is_refused(checked: FlaskClient) -> None:
    refused = checked.post("/profile/theme", data={"theme": "dark"})
    assert refused.status_code == 400
    assert "open for too long" in refused.text


def test_the_token_is_taken_from_the_form_or_the_header(checked: FlaskClient) -> None:
    token = token_of(checked)
    by_form = checked.post("/profile/theme", data={"theme": "dark", "csrf_token": token})
    by_header = checked.post(
        "/profile/theme", data={"theme": "light"}, headers={"X-CSRFToken": token}
    )
    assert (by_form.status_code, by_header.status_code) == (303, 303)


def test_sign_in_asks_for_the_token_too(app: Flask, stranger: FlaskClient) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    answer = stranger.post("/sign-in", data={"email": "agent@example.com", "password": PASSWORD})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_changes_nothing_even_with_a_token(
    checked: FlaskClient, headers: dict[str, str]
) -> None:
    data = {"theme": "dark", "csrf_token": token_of(checked)}
    assert checked.post("/profile/theme", data=data, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}],
)
def test_our_own_pages_change_things(checked: FlaskClient, headers: dict[str, str]) -> None:
    data = {"theme": "dark", "csrf_token": token_of(checked)}
    assert checked.post("/profile/theme", data=data, headers=headers).status_code == 303


def test_a_form_may_not_be_endless(sign_in: SignIn) -> None:
    answer = sign_in(Role.VIEWER).post("/profile/", data={"name": "x" * 1_100_000})
    assert answer.status_code == 413
    assert "larger than this server takes" in answer.text


def test_going_back_leads_to_no_other_site(sign_in: SignIn) -> None:
    answer = sign_in(Role.VIEWER).post(
        "/profile/theme", data={"theme": "dark"}, headers={"Referer": "https://evil.example/"}
    )
    assert answer.location == "/profile/"


def test_static_files_stay_in_caches_while_they_are_the_same(stranger: FlaskClient) -> None:
    page = stranger.get("/sign-in").text
    address = re.search(r'href="(/static/app\.css\?v=\w+)"', page)
    assert address is not None
    assert "immutable" in stranger.get(address[1], buffered=True).headers["Cache-Control"]
    assert (
        "immutable" not in stranger.get("/static/app.css", buffered=True).headers["Cache-Control"]
    )


@pytest.mark.parametrize(
    "path", ["/static/../server.py", "/static/%2e%2e/server.py", "/static/nothing"]
)
def test_only_static_files_are_static(stranger: FlaskClient, path: str) -> None:
    assert stranger.get(path).status_code == 404


def test_nothing_of_flask_admins_front_end_is_served(app: Flask, stranger: FlaskClient) -> None:
    assert not [rule for rule in app.url_map.iter_rules() if rule.endpoint.endswith(".static")]
    assert stranger.get("/static/admin/bootstrap/bootstrap4/js/bootstrap.min.js").status_code == 404
