from collections.abc import Callable

import pytest
from earful import store
from earful.store.models import Agent
from earful.store.states import DigestPace, Role
from earful_admin import passwords
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.conftest import PASSWORD

SignIn = Callable[[Role], FlaskClient]
NEW = "another good word"


def me() -> Agent:
    with store.connection():
        return Agent.get(Agent.email == "agent@example.com")


def test_name_initials_and_theme_are_kept(sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    data = {"name": "  Sam Bailey ", "initials": "SB", "theme": "dark"}
    text = client.post("/profile/", data=data, follow_redirects=True).text
    assert (me().name, me().initials, me().theme) == ("Sam Bailey", "SB", "dark")
    assert "Your profile is saved." in text
    assert 'data-theme="dark"' in text


def test_more_lines_on_the_screen_are_kept(sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    assert " data-compact" not in client.get("/").text
    client.post("/profile/", data={"name": "Sam", "density": "compact"})
    assert " data-compact" in client.get("/").text
    client.post("/profile/", data={"name": "Sam", "density": "comfortable"})
    assert " data-compact" not in client.get("/").text
    assert not me().compact


@pytest.mark.parametrize(
    ("data", "words"),
    [({"name": " "}, "Enter the name"), ({"name": "A", "initials": "ABCDE"}, "at most 4")],
)
def test_a_mistake_stays_beside_its_field(
    sign_in: SignIn, data: dict[str, str], words: str
) -> None:
    answer = sign_in(Role.AGENT).post("/profile/", data=data)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text


def test_the_theme_is_also_known_before_sign_in(sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    client.post("/profile/theme", data={"theme": "dark"})
    client.post("/sign-out")
    assert 'data-theme="dark"' in client.get("/sign-in").text


@pytest.mark.parametrize("theme", ["", "pink", '"><script>'])
def test_only_known_themes_are_taken(sign_in: SignIn, theme: str) -> None:
    client = sign_in(Role.AGENT)
    client.post("/profile/theme", data={"theme": theme})
    assert me().theme == "auto"
    assert 'data-theme="auto"' in client.get("/profile/").text


def test_a_new_password_ends_the_other_sessions(app: Flask, sign_in: SignIn) -> None:
    here, elsewhere = sign_in(Role.AGENT), sign_in(Role.AGENT)
    data = {"password": PASSWORD, "new_password": NEW, "again": NEW}
    assert here.post("/profile/password", data=data).status_code == 303
    assert passwords.matches(me().password_hash, NEW)
    assert here.get("/profile/").status_code == 200
    assert elsewhere.get("/profile/").status_code == 302


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", NEW, NEW, "This is not your password."),
        (PASSWORD, "short", "short", "at least 10 characters"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "too easy to guess"),
        (PASSWORD, "agent@example.com", "agent@example.com", "too easy to guess"),
        (PASSWORD, "x1y2" * 65, "x1y2" * 65, "at most 256 characters"),
        (PASSWORD, NEW, NEW + "!", "The two new passwords differ."),
    ],
)
def test_a_password_is_not_changed_lightly(
    sign_in: SignIn, old: str, new: str, again: str, words: str
) -> None:
    client = sign_in(Role.AGENT)
    before = me().epoch
    answer = client.post(
        "/profile/password", data={"password": old, "new_password": new, "again": again}
    )
    assert answer.status_code == 422
    assert words in answer.text
    assert me().epoch == before


def test_words_of_people_are_never_markup(sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    client.post("/profile/", data={"name": "<b onclick=x>Sam", "theme": "auto"})
    text = client.get("/profile/").text
    assert "<b onclick" not in text
    assert "&lt;b onclick=x&gt;Sam" in text


def test_somebody_goes_away_and_comes_back(sign_in: Callable[[Role], FlaskClient]) -> None:
    client = sign_in(Role.AGENT)
    assert "You are here" in client.get("/profile/").text
    client.post("/profile/away", data={"away": "1"})
    assert "You are away" in client.get("/profile/").text
    client.post("/profile/away", data={"away": "0"})
    assert "You are here" in client.get("/profile/").text
    assert sign_in(Role.VIEWER).post("/profile/away", data={"away": "1"}).status_code == 403


MAIL = '[mail]\nhost = "localhost"\nfrom_address = "earful@example.org"\n'


def test_without_a_mail_server_the_profile_says_so_and_keeps_what_was_chosen(
    sign_in: SignIn,
) -> None:
    client = sign_in(Role.AGENT)
    with store.connection():
        Agent.update(muted=["mention.mail", "overdue.mail"], digest="hourly").execute()
    text = client.get("/profile/").text
    assert "no mail server is set up" in text
    assert 'name="digest"' not in text
    assert 'value="mention.mail"' not in text

    client.post("/profile/notices", data={"told": ["mention.page"]})
    mails = {each for each in me().muted if each.endswith(".mail")}
    assert mails == {"mention.mail", "overdue.mail"}
    assert "assigned.page" in me().muted
    assert me().digest is DigestPace.HOURLY


class TestWithMail:
    @pytest.fixture
    def earful_config(self) -> str:
        return MAIL

    def test_how_often_and_what_is_told_by_mail_is_chosen(self, sign_in: SignIn) -> None:
        client = sign_in(Role.VIEWER)
        told = ["mention.page", "mention.mail", "overdue.mail"]
        answer = client.post(
            "/profile/notices",
            data={"told": told, "digest": "when_away"},
            follow_redirects=True,
        )
        with store.connection():
            row = Agent.get(Agent.email == "viewer@example.com")
        assert row.digest is DigestPace.WHEN_AWAY
        assert not set(told) & set(row.muted)
        assert "assigned.mail" in row.muted
        assert (
            '<option value="when_away" selected>Every hour while I am away</option>' in answer.text
        )
        assert 'value="mention.mail" checked' in answer.text

    @pytest.mark.parametrize("odd", ["", "never", "<script>"])
    def test_only_known_paces_are_taken(self, sign_in: SignIn, odd: str) -> None:
        sign_in(Role.AGENT).post("/profile/notices", data={"digest": odd})
        assert me().digest is DigestPace.DAILY
