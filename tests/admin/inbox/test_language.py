"""Pages, refusals and scripts speak the language of whoever reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from earful import store, wording
from earful.store.models import Agent
from earful.store.states import Role
from earful_admin.formats import ago, counted, due, exactly
from flask import Flask
from flask.testing import FlaskClient

from tests.admin.conftest import Screen
from tests.admin.inbox.town import Town

SignIn = Callable[[Role], FlaskClient]
GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
PROFILE = {"name": "Sam Bailey", "initials": "SB", "theme": "auto"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def choose(client: FlaskClient, language: str) -> str:
    data = {**PROFILE, "language": language}
    return client.post("/profile/", data=data, follow_redirects=True).text


def test_the_sign_in_page_speaks_what_the_browser_asks_for(stranger: FlaskClient) -> None:
    text = stranger.get("/sign-in", headers=GERMAN).text
    assert '<html lang="de" dir="ltr"' in text
    assert "<h1>Anmelden</h1>" in text
    answer = stranger.post("/sign-in", data={"email": "a@b.c", "password": "x"}, headers=GERMAN)
    assert "gehören nicht zusammen" in answer.text


@pytest.mark.parametrize("asked", ["", "tlh", "en-GB,de;q=0.5", "*", "x" * 5000])
def test_english_is_spoken_to_everybody_else(stranger: FlaskClient, asked: str) -> None:
    # The thread has just spoken German.
    stranger.get("/sign-in", headers=GERMAN)
    text = stranger.get("/sign-in", headers={"Accept-Language": asked}).text
    assert '<html lang="en"' in text
    assert "<h1>Sign in</h1>" in text
    assert "/texts/" not in text


def test_a_person_chooses_a_language_on_the_profile(sign_in: SignIn, town: Town) -> None:
    client = sign_in(Role.AGENT)
    saved = choose(client, "de")
    assert "Ihr Profil ist gespeichert." in saved
    assert re.search(r'<option value="de" lang="de" selected>Deutsch</option>', saved)
    page = client.get(f"/?c={town.yuki}").text
    for words in ("Posteingang", "Warteschlangen", "Fällige zuerst", "Erledigen", "dringend"):
        assert words in page
    for words in ("Inbox", "Due first", "Resolve", "just now", "Assigned to"):
        assert f">{words}<" not in page


def test_a_choice_wins_over_the_browser_until_it_is_taken_back(sign_in: SignIn) -> None:
    client = sign_in(Role.AGENT)
    choose(client, "en")
    assert "<h1>Your profile</h1>" in client.get("/profile/", headers=GERMAN).text
    choose(client, "")
    assert "<h1>Ihr Profil</h1>" in client.get("/profile/", headers=GERMAN).text


def test_an_unknown_language_is_none(sign_in: SignIn) -> None:
    choose(sign_in(Role.AGENT), "../de")
    with store.connection():
        assert Agent.get(Agent.email == "agent@example.com").language == ""


def test_core_refuses_in_the_readers_language(sign_in: SignIn, town: Town) -> None:
    client = sign_in(Role.AGENT)
    choose(client, "de")
    answer = client.post(
        f"/conversation/{town.quiet}/assign",
        data={"agent": "999999"},
        headers={"Accept": "application/json"},
    )
    assert answer.json == {
        "refused": "Diese Person kann keine Konversationen übernehmen.", "newer": 0, "doubts": ""
    }  # fmt: skip


def test_forms_and_tables_speak_the_readers_language(sign_in: SignIn) -> None:
    client = sign_in(Role.ADMIN)
    choose(client, "de")
    refused = client.post("/queues/new/", data={"name": ""}).text
    assert "Dieses Feld wird benötigt." in refused
    assert client.get("/nowhere").text.count("Hier ist nichts") == 2


def test_the_lists_lines_are_made_for_each_language(sign_in: SignIn, town: Town) -> None:
    german, english = sign_in(Role.AGENT), sign_in(Role.LEAD)
    choose(german, "de")
    for _ in range(2):
        assert "Yuki Tanaka auswählen" in german.get("/").text
        assert "Select Yuki Tanaka" in english.get("/").text


def test_a_pages_own_texts_for_scripts_may_be_kept_for_ever(
    app: Flask, stranger: FlaskClient
) -> None:
    page = stranger.get("/sign-in", headers=GERMAN).text
    address = re.search(r'<script src="(/texts/de\.js\?v=\w+)" defer>', page)
    assert address
    answer = stranger.get(address[1])
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.mimetype == "text/javascript"
    assert '"Draft saved":"Entwurf gespeichert"' in answer.text
    # What only the server says is not in it.
    assert "Posteingang leer" not in answer.text
    assert stranger.get("/texts/tlh.js").status_code == 404


def test_times_and_numbers_are_german() -> None:
    with wording.speaking("de"):
        assert exactly(NOON) == "22. November 2026, 12:00 UTC"
        assert ago(NOON - timedelta(minutes=5), NOON) == "5 min"
        assert ago(NOON - timedelta(days=20), NOON) == "2. Nov."
        assert counted(18342) == "18.342"
        left = due(NOON + timedelta(days=2), NOON)
        assert left
        assert left["words"] == "fällig in 2 Tagen"


@pytest.mark.browser
def test_the_browser_speaks_german_and_long_words_fit(screen: Screen, town: Town) -> None:
    page = screen.page
    screen.sign_in(Role.ADMIN)
    screen.open("/profile/")
    page.get_by_label("Language").select_option(label="Deutsch")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Ihr Profil ist gespeichert.").wait_for()
    page.wait_for_load_state()
    assert page.evaluate("earful.text('%(n)s selected', {n: 3})") == "3 ausgewählt"
    one = "One was refused and stays selected:"
    assert page.evaluate("(one) => earful.ntext(one, '', 2)", one).startswith("2 wurden")

    screen.open(f"/?c={town.quiet}")
    page.get_by_role("button", name="Erledigen", exact=True).first.click()
    toast = page.locator("#toasts")
    toast.get_by_text("Erledigt").wait_for()
    toast.get_by_role("button", name="Rückgängig").wait_for()

    problems = []
    page.set_viewport_size({"width": 320, "height": 640})
    for path in ("/", f"/?c={town.yuki}", "/queues/"):
        screen.open(path)
        problems += [f"{path} is too wide"] if screen.is_too_wide() else []
        problems += [f"{path} {each}" for each in screen.violations()]
    assert problems == []
