"""What people read in German: one text of each kind, from where it is made to where it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from earful import ReplyContext, Surface, wording
from earful.actions import Actor
from earful.actions.actor import require
from earful.errors import ActionRefused
from earful.inbox.channels import reason_in_words
from earful.policies import (
    FactRegistry,
    compile_actions,
    compile_condition,
    policy_in_words,
    validate_condition,
)
from earful.store.states import Role
from earful_forums import FORUMS

BROKEN = """
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "This needs the role %(needed)s; you have the role %(yours)s."
msgstr "Dafür ist die Rolle %(nötig)s nötig; Sie haben die Rolle %(role)s."
"""
SPAM = {"fact": "message.text", "op": "contains", "value": "spam"}


@pytest.fixture
def german() -> Iterator[None]:
    with wording.speaking("de"):
        yield


@pytest.fixture
def broken_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A translator mistook the names of the facts."""
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "earful.po").write_text(BROKEN, encoding="utf-8")
    monkeypatch.setattr(wording, "_sources", {"earful": tmp_path})
    _forget_catalogues()
    yield
    monkeypatch.undo()
    _forget_catalogues()


def _forget_catalogues() -> None:
    wording.catalogue.cache_clear()
    wording._translations.cache_clear()


def refused() -> str:
    with pytest.raises(ActionRefused) as raised:
        require(Actor(1, "Vera", Role.VIEWER), Role.ADMIN)
    return str(raised.value)


def test_a_refused_action_says_why(german: None) -> None:
    assert refused() == "Dafür ist die Rolle Admin nötig; Sie haben die Rolle Betrachter."


def test_a_policy_is_a_sentence_with_its_hints(german: None) -> None:
    condition = compile_condition({"all": [SPAM, {"none": [SPAM]}]})
    actions = compile_actions([{"do": "priority", "value": "low"}, {"do": "stop"}])
    assert policy_in_words(condition, actions) == (
        "Wenn gilt: Nachrichtentext enthält „spam“ und Nachrichtentext enthält nicht „spam“ "
        "\N{EN DASH} dann: die Priorität auf niedrig setzen und keine weitere Regel ansehen."
    )
    hour = FactRegistry.standard().get("time.hour")
    assert hour
    assert wording.gettext(hour.help) == "0 bis 23, in der Zeitzone der Geschäftszeiten."


def test_a_mistake_in_a_policy_names_its_place(german: None) -> None:
    said = validate_condition({"any": [{"fact": "labels", "op": "hass", "value": "vip"}]})
    assert [str(each) for each in said] == [
        (
            "Teil 1 von „any“: labels kann man has, has_not, has_any fragen, nicht „hass“; "
            "meinten Sie has?"
        )
    ]


def test_a_plugin_says_why_nothing_can_be_answered(german: None) -> None:
    settings = FORUMS.settings.model_validate(
        {"url": "https://blog.example.org/feed", "reader": "feed"}
    )
    now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    context = ReplyContext(
        external_id="comment-1",
        thread_id="post-1",
        surface=Surface.PUBLIC_REPLY,
        sent_at=now,
        url=None,
        extra={},
        now=now,
    )
    reason = FORUMS.permits_reply(settings, context).reason
    assert reason == "Feeds können nur gelesen werden. Öffnen Sie die Seite, um dort zu antworten."
    assert FORUMS.capabilities(settings).like.reason == "Weder Feeds noch WordPress kennen Likes."


def test_a_stored_reason_is_read_in_german(german: None) -> None:
    assert reason_in_words("paused by Ann Lee") == "pausiert von Ann Lee"
    assert reason_in_words("its plugin is not active") == "sein Plugin ist nicht aktiv"
    assert reason_in_words("what nobody translated") == "what nobody translated"


def test_a_broken_translation_falls_back_to_english(broken_catalogue: None, german: None) -> None:
    assert refused() == "This needs the role admin; you have the role viewer."
