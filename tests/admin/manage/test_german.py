"""The pages of those who set Earful up, in German: their own texts, and what forms kept."""

from collections.abc import Callable

import pytest
from earful.store.states import Role
from earful.testing.inbox import Inbox
from flask.testing import FlaskClient

from tests.admin.manage.conftest import ADMIN

SignIn = Callable[[Role], FlaskClient]
GERMAN = {"Accept-Language": "de"}


@pytest.mark.parametrize(
    ("address", "texts"),
    [
        ("/queues/", ("Warteschlangen", "Erste Antwort", "Kein Ziel", "Auffang")),
        ("/queues/new/", ("Beschreibung", "Nach Last: wer die wenigsten", "Bernstein")),
        ("/hours/", ("Keine Öffnungszeiten festgelegt", "Montag", "Rund um die Uhr")),
        ("/policies/", ("in den letzten 7 Tagen", "Version 1, gespeichert")),
        ("/policies/new", ("alle davon zutreffen", "Nachrichtentext", "Priorität setzen")),
        ("/channels/", ("bis zu 500 Zeichen, binnen 24 Stunden", "2 in Quarantäne", "Anhalten")),
        ("/people/", ("Was jede Rolle darf", "Darf sich anmelden", "Betrachter</option>")),
        ("/people/new/", ("Erstes Passwort", "<strong>Leitung</strong>")),
        ("/plugins/", ("Kann nicht geladen werden", "Abschalten")),
        ("/system/", ("Auftragsschlangen", "Nachrichten unfertig")),
        ("/setup/", ("Willkommen bei Earful", "Ersten Admin anlegen")),
        ("/audit/", ("Protokoll", "Art des Objekts")),
        ("/models/", ("30 Tage", "Kein Klassifikator ist konfiguriert")),
        ("/saved-replies/new/", ("Womit er nach / gefunden wird.", "Für das ganze Team")),
        ("/contact-fields/", ("Kontaktfelder", "Noch kein Feld")),
        ("/contacts/", ("Zuletzt gesehen", "Nur VIPs")),
    ],
)
def test_a_page_speaks_german(
    shop: Inbox, sign_in: SignIn, address: str, texts: tuple[str, ...]
) -> None:
    page = sign_in(ADMIN).get(address, headers=GERMAN).text
    for text in ('<html lang="de"', *texts):
        assert text in page, text


def test_what_is_wrong_with_a_form_is_said_in_german(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(ADMIN).post("/people/new/", data={"email": "kim@shop.example"}, headers=GERMAN)
    assert "Name: Geben Sie den Namen ein, den Kollegen verwenden." in page.text
    assert "Enter the name" not in page.text


def test_the_next_reader_is_spoken_to_in_english(shop: Inbox, sign_in: SignIn) -> None:
    """Labels are made once, by whoever came first."""
    client = sign_in(ADMIN)
    for address in ("/queues/new/", "/people/"):
        client.get(address, headers=GERMAN)
    assert "Least loaded: who holds the fewest" in client.get("/queues/new/").text
    assert "Last signed in" in client.get("/people/").text
