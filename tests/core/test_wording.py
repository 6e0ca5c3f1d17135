"""Texts in the language in force, and what a broken catalogue does to them: nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from earful import gettext, ngettext, wording

HEADER = """
msgid ""
msgstr ""
"Language: de\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The German catalogue of a stranger's plugin, still to be written and added."""
    module = ModuleType("stranger_texts")
    module.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    monkeypatch.setattr(wording, "_sources", dict(wording._sources))
    yield folder / "stranger_texts.po"
    wording.catalogue.cache_clear()
    wording._translations.cache_clear()


def test_english_is_spoken_by_default() -> None:
    assert wording.language() == "en"
    assert gettext("Sign in") == "Sign in"


def test_a_language_holds_for_its_block_only() -> None:
    with wording.speaking("de"):
        assert gettext("Sign in") == "Anmelden"
    assert gettext("Sign in") == "Sign in"


def test_threads_do_not_hear_each_other() -> None:
    with wording.speaking("de"), ThreadPoolExecutor(1) as threads:
        assert threads.submit(wording.language).result() == "en"


@pytest.mark.parametrize("language", ["", "tlh", "../de", "DE"])
def test_what_is_not_spoken_is_english(language: str) -> None:
    with wording.speaking(language):
        assert wording.language() == "en"


def test_languages_have_names_of_their_own() -> None:
    assert wording.languages() == {"en": "English", "de": "Deutsch"}


def test_facts_are_filled_in_and_a_percent_sign_is_only_that() -> None:
    assert gettext("%(n)s% of %(what)s", n=50, what="%(n)s") == "50% of %(n)s"
    assert gettext("100% %(missing)s", n=1) == "100% %(missing)s"
    assert ngettext("%(n)s reply", "%(n)s replies", 1) == "1 reply"
    assert ngettext("%(n)s reply", "%(n)s replies", 0) == "0 replies"


def test_nothing_has_no_translation() -> None:
    with wording.speaking("de"):
        assert gettext("") == ""


def test_a_plugin_brings_texts_of_its_own_and_earfuls_win(plugin: Path) -> None:
    texts = 'msgid "A strange text"\nmsgstr "Ein seltsamer Text"\n\n'
    plugin.write_text(HEADER + texts + 'msgid "Sign in"\nmsgstr "Kapern"\n', encoding="utf-8")
    wording.add_texts("stranger_texts")
    with wording.speaking("de"):
        assert gettext("A strange text") == "Ein seltsamer Text"
        assert gettext("Sign in") == "Anmelden"


def test_a_translation_with_other_facts_is_left_out(plugin: Path) -> None:
    texts = 'msgid "Held by %(name)s"\nmsgstr "Liegt bei %(nmae)s"\n\n'
    more = (
        'msgid "%(n)s owl"\nmsgid_plural "%(n)s owls"\nmsgstr[0] "Eine Eule"\nmsgstr[1] "%(m)s"\n'
    )
    plugin.write_text(HEADER + texts + more, encoding="utf-8")
    wording.add_texts("stranger_texts")
    with wording.speaking("de"):
        assert gettext("Held by %(name)s", name="Ada") == "Held by Ada"
        assert ngettext("%(n)s owl", "%(n)s owls", 2) == "2 owls"


@pytest.mark.parametrize("content", [b"msgid nonsense", b"\xff\xfe\x00", b'msgid "a"\nmsgstr "'])
def test_a_broken_catalogue_costs_nothing_but_itself(plugin: Path, content: bytes) -> None:
    plugin.write_bytes(content)
    wording.add_texts("stranger_texts")
    with wording.speaking("de"):
        assert gettext("Sign in") == "Anmelden"
