"""What people read, in their language.

Texts stand in the sources in English and go through `gettext`; `locale/<language>/LC_MESSAGES`
holds the others. The language in force belongs to the context: a request speaks its reader's, a job
speaks English unless it makes a text for one person. Catalogues are read as translators write
them, at the first text in a language, so there is nothing to compile.

What is stored or logged stays English, or is stored as facts and worded where it is shown.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import parse_pattern
from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

__all__ = [
    "ENGLISH",
    "add_texts",
    "catalogue",
    "dated",
    "gettext",
    "language",
    "languages",
    "mark",
    "ngettext",
    "pgettext",
    "placeholders",
    "speaking",
    "use",
]

ENGLISH = "en"
logger = logging.getLogger(__name__)

_LOCALE = Path(__file__).parent / "locale"
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")
_language: ContextVar[str] = ContextVar("language", default=ENGLISH)
_sources: dict[str, Path] = {"earful": _LOCALE}
"""Folders with catalogues by the name of their files; Earful's own words win."""


def gettext(text: str, /, **facts: object) -> str:
    """`text` in the language in force, each `%(name)s` in it replaced by that fact."""
    return _filled(_translations(_language.get()).gettext(text) if text else "", facts)


def pgettext(context: str, text: str, /, **facts: object) -> str:
    """As `gettext`, where a text means two things: `context` says which, to translators only."""
    return _filled(_translations(_language.get()).pgettext(context, text), facts)


def ngettext(one: str, many: str, n: int, /, **facts: object) -> str:
    """`one` or `many` in the language in force, whichever goes with `n`, which is `%(n)s`."""
    return _filled(_translations(_language.get()).ngettext(one, many, n), {"n": n, **facts})


def mark(text: str) -> str:
    """`text` itself, found for translators; for tables that are made before a language is known.

    Whoever shows it says `gettext(TABLE[key])`.
    """
    return text


def dated(moment: date, pattern: str, /) -> str:
    """A day or a moment by a pattern of CLDR, which translators change: `_("d MMMM")`."""
    return _dated(moment, pattern, language())


@lru_cache(4096)
def _dated(moment: date, pattern: str, language: str) -> str:
    # The same moments stand on page after page.
    return parse_pattern(pattern).apply(moment, language)


def language() -> str:
    """The language in force, as the name of its folder: `en`, `de`."""
    return _language.get()


def use(language: str) -> None:
    """Speak `language` in this context from now on; English where there is no catalogue for it."""
    _language.set(language if language in languages() else ENGLISH)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak `language` for a while."""
    before = _language.get()
    use(language)
    try:
        yield
    finally:
        _language.set(before)


@cache
def languages() -> Mapping[str, str]:
    """What Earful speaks: the names of its languages, each in its own words."""
    codes = sorted(folder.name for folder in _LOCALE.iterdir() if folder.is_dir())
    return {code: _own_name(code) for code in (ENGLISH, *codes)}


def _own_name(code: str) -> str:
    name = Locale.parse(code).display_name or code
    return name[:1].upper() + name[1:]


def add_texts(package: str) -> None:
    """Let an imported plugin bring its own `locale/<language>/LC_MESSAGES/<package>.po`."""
    for folder in getattr(sys.modules.get(package), "__path__", ()):
        locale = Path(folder, "locale")
        if locale.is_dir() and package not in _sources:
            _sources[package] = locale
            catalogue.cache_clear()
            _translations.cache_clear()


@cache
def catalogue(language: str) -> Catalog:
    """All that translators wrote in `language`, without what would lose or invent a fact."""
    found = Catalog(locale=language)
    for name, folder in _sources.items():
        file = folder / language / "LC_MESSAGES" / f"{name}.po"
        if file.is_file():
            found = _with(found, file)
    return found


def _with(found: Catalog, file: Path) -> Catalog:
    try:
        with file.open("rb") as stream:
            read = read_po(stream, abort_invalid=True)
    except (OSError, ValueError, PoFileError) as error:
        # English is better than no page.
        logger.warning("%s cannot be read: %s", file, error)
        return found
    for message in read:
        if not _is_sound(message):
            logger.warning("%s: other placeholders than in %r", file, message.id)
        elif message.id and found.get(message.id, message.context) is None:
            found[message.id] = message
    return found


def _is_sound(message: Message) -> bool:
    """Whether a translation names the facts that the original has, and no other."""
    forms = message.string if isinstance(message.string, tuple) else (message.string,)
    return all(placeholders(form) <= placeholders(message.id) for form in forms if form)


def placeholders(text: str | list[str] | tuple[str, ...]) -> set[str]:
    """The names of the facts in a text, or in any form of it."""
    forms = (text,) if isinstance(text, str) else text
    return {name for form in forms for name in _PLACEHOLDER.findall(form)}


@cache
def _translations(language: str) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language))
    compiled.seek(0)
    return GNUTranslations(compiled)


def _filled(text: str, facts: Mapping[str, object]) -> str:
    """Any other `%` stays as it is, so no translation can make this fail."""
    if not facts:
        return text
    if len(facts) == 1:
        # What the rest does, at a third of its cost: triage words every policy that held.
        ((name, fact),) = facts.items()
        return text.replace(f"%({name})s", str(fact))
    return _PLACEHOLDER.sub(
        lambda found: str(facts[found[1]]) if found[1] in facts else found[0], text
    )
