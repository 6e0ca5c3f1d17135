"""Keeps the catalogues of `core/earful/locale` in step with the sources: `make texts`.

    python tools/texts.py                    find new texts, set aside those that are gone
    python tools/texts.py de words.json      the same, then put in what words.json translates
    python tools/texts.py --missing de admin  what the files under admin lack, as such a file

words.json is an object: {"Send": "Senden", "%(n)s reply": ["%(n)s Antwort", "%(n)s Antworten"]}.
A text in several forms goes by its first, one with a context as "context|text".
"""

from __future__ import annotations

import fcntl
import json
import sys
from collections.abc import Iterator
from enum import Enum
from io import SEEK_END, BytesIO
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po
from earful import types, wording
from earful.store import states
from earful_admin.formats import words

__all__ = ["ROOT", "catalogue_of", "extracted", "is_untranslated", "languages"]

ROOT = Path(__file__).parents[1]
_LOCALE = ROOT / "core" / "earful" / "locale"
_SOURCES = ("core", "admin", "plugins")
_IGNORED = [
    ("**/tests/**", "ignore"),
    ("**/node_modules/**", "ignore"),
    ("**/vendor/**", "ignore"),
    # They play the parts of platforms, for those who develop.
    ("**/sandbox/**", "ignore"),
]
_ON_SERVER = [*_IGNORED, ("**.py", "python"), ("**/templates/**.html", "jinja2")]
_Called = dict[str, Any]
_CALLED_ON_SERVER: _Called = {
    "_": None,
    "gettext": None,
    "mark": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
_IN_BROWSER = [*_IGNORED, ("**/static/**.js", "javascript")]
_CALLED_IN_BROWSER: _Called = {"text": None, "ntext": (1, 2)}
_OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
_HEADER = """\
# {name}, of Earful. `make texts` keeps this file in step with the sources; docs/translating.md.
msgid ""
msgstr ""
"Project-Id-Version: Earful\\n"
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plural}\\n"

"""


def languages() -> list[str]:
    """All but English."""
    return [code for code in wording.languages() if code != wording.ENGLISH]


def _file(language: str) -> Path:
    return _LOCALE / language / "LC_MESSAGES" / "earful.po"


def catalogue_of(language: str) -> Catalog:
    """The catalogue as it stands in the file."""
    with _file(language).open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


def extracted() -> Catalog:
    """Every text of the sources."""
    found = Catalog(project="Earful", charset="utf-8", fuzzy=False)
    for file, text, context in _from_sources():
        # Without lines, so that moving code changes no catalogue.
        found.add(text, locations=[(file, 0)], context=context)
    for text in _from_names():
        found.add(text, locations=[("core/earful/store/states.py", 0)])
    return found


def _from_sources() -> Iterator[tuple[str, str | tuple[str, ...], str | None]]:
    for folder in _SOURCES:
        for methods, called in ((_ON_SERVER, _CALLED_ON_SERVER), (_IN_BROWSER, _CALLED_IN_BROWSER)):
            messages = extract_from_dir(
                ROOT / folder, methods, _OPTIONS, keywords=called, comment_tags=()
            )
            for file, _line, text, _comments, context in messages:
                yield f"{folder}/{file}", text, context


def _from_names() -> Iterator[str]:
    """States are shown by their names (`formats.words`)."""
    for kind in (*vars(states).values(), *vars(types).values()):
        if isinstance(kind, type) and issubclass(kind, Enum):
            yield from (words(member) for member in kind)
            yield from (member.word for member in kind if hasattr(member, "word"))


def _updated(language: str, translated: dict[str, str | list[str]]) -> Catalog:
    catalogue = catalogue_of(language)
    # What was gone for a while, because a file could not be read, comes back translated.
    for message in list(catalogue.obsolete.values()):
        catalogue[message.id] = message
    catalogue.obsolete.clear()
    catalogue.update(extracted(), no_fuzzy_matching=True)
    for message in catalogue:
        if message.id and _key(message) in translated:
            given = translated.pop(_key(message))
            message.string = given if isinstance(given, str) else tuple(given)
    for key in translated:
        print(f"not in the sources: {key!r}", file=sys.stderr)
    return catalogue


def _key(message: Message) -> str:
    text = str(message.id if isinstance(message.id, str) else message.id[0])
    return f"{message.context}|{text}" if message.context else text


def _missing(language: str, under: str) -> dict[str, str | list[str]]:
    catalogue = _updated(language, {})
    return {
        _key(message): "" if isinstance(message.id, str) else ["", ""]
        for message in catalogue
        if is_untranslated(message) and any(file.startswith(under) for file, _ in message.locations)
    }


def main(arguments: list[str]) -> None:
    """Bring every catalogue up to date, and one of them forward."""
    if arguments[:1] == ["--missing"]:
        print(json.dumps(_missing(*arguments[1:]), ensure_ascii=False, indent=1))
        return
    chosen = ""
    translated: dict[str, str | list[str]] = {}
    if arguments:
        chosen = arguments[0]
        translated = json.loads(Path(arguments[1]).read_text(encoding="utf-8"))
    for language in languages():
        file = _file(language)
        with file.open("rb+") as stream:
            # Several people may translate at once.
            fcntl.flock(stream, fcntl.LOCK_EX)
            catalogue = _updated(language, dict(translated) if language == chosen else {})
            written = _written(language, catalogue)
            stream.truncate()
            stream.write(written)
        missing = sum(is_untranslated(message) for message in catalogue)
        print(f"{file.relative_to(ROOT)}: {len(catalogue)} texts, {missing} untranslated")


def is_untranslated(message: Message) -> bool:
    """Whether a text lacks a form in the other language."""
    forms = message.string if isinstance(message.string, (list, tuple)) else [message.string]
    return bool(message.id) and (message.fuzzy or not all(forms))


def _written(language: str, catalogue: Catalog) -> bytes:
    header = _HEADER.format(
        name=wording.languages()[language], language=language, plural=catalogue.plural_forms
    )
    stream = BytesIO(header.encode())
    stream.seek(0, SEEK_END)
    write_po(stream, catalogue, width=98, omit_header=True, sort_output=True, include_lineno=False)
    return stream.getvalue()


if __name__ == "__main__":
    main(sys.argv[1:])
