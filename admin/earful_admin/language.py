"""Which language a page speaks, and the texts that its scripts need.

The person's own choice wins, then what their browser asks for, then English.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache

import flask_babel
from babel import Locale, negotiate_locale
from earful import wording
from flask import Flask, Response, abort, request
from flask_login import current_user

from earful_admin.access import public

__all__ = ["by_person", "choose", "init_app", "script_texts_url"]

_YEAR = 31_536_000
_PLURAL = re.compile(r"[n0-9 ()?:=!<>&|%]+")


def choose(chosen: str = "") -> None:
    """Speak `chosen`, or what the browser asks for, as far as we can."""
    wording.use(chosen or _asked() or wording.ENGLISH)
    # It remembers the first language it was asked for.
    flask_babel.refresh()


def _asked() -> str | None:
    """The first language of the browser that we know: whoever reads en-GB reads our English."""
    wanted = [code.replace("-", "_") for code, quality in request.accept_languages if quality]
    return negotiate_locale(wanted, wording.languages())


def by_person() -> None:
    """Speak what the person who is signed in has chosen."""
    if current_user.is_authenticated:
        choose(current_user.row.language)


def _be_quiet(error: BaseException | None) -> None:  # noqa: ARG001
    # The thread goes on to somebody else's request.
    wording.use(wording.ENGLISH)


def script_texts_url() -> str:
    """Where the scripts' texts are; nothing for English, which stands in the scripts."""
    spoken = wording.language()
    if spoken == wording.ENGLISH:
        return ""
    version = hashlib.sha256(_script_texts(spoken)).hexdigest()[:12]
    return f"{request.script_root}/texts/{spoken}.js?v={version}"


@cache
def _script_texts(language: str) -> bytes:
    """A script with the texts of scripts; a list holds the forms that `plural` chooses from."""
    catalogue = wording.catalogue(language)
    texts = {
        message.id if isinstance(message.id, str) else message.id[0]: message.string
        for message in catalogue
        if message.id and any(file.endswith(".js") for file, _line in message.locations)
    }
    # The rule is in C, and so in JavaScript too.
    plural = catalogue.plural_expr if _PLURAL.fullmatch(catalogue.plural_expr) else "n != 1"
    listed = json.dumps(texts, ensure_ascii=False, separators=(",", ":"))
    return f"window.earfulTexts={{plural:(n)=>Number({plural}),texts:{listed}}};\n".encode()


@public
def _texts(language: str) -> Response:
    if language not in wording.languages():
        abort(404)
    response = Response(_script_texts(language), mimetype="text/javascript")
    if request.args.get("v"):
        response.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
    return response


def init_app(app: Flask) -> None:
    """Let pages speak: `_("…")` and `{% trans %}` in templates, and Flask-Admin's own words."""
    flask_babel.Babel(app, configure_jinja=False, locale_selector=wording.language)
    app.teardown_request(_be_quiet)
    app.add_url_rule("/texts/<language>.js", "texts", _texts)
    jinja = app.jinja_env
    jinja.add_extension("jinja2.ext.i18n")
    # Not Jinja's new style, which takes every text for markup.
    jinja.install_gettext_callables(wording.gettext, wording.ngettext, newstyle=False)  # type: ignore[attr-defined]
    jinja.policies["ext.i18n.trimmed"] = True
    # For texts that a form keeps since it was defined: `{{ item.errors | map("translated") }}`.
    jinja.filters["translated"] = lambda text: wording.gettext(str(text or ""))
    jinja.globals.update(
        _=wording.gettext,
        pgettext=wording.pgettext,
        spoken=lambda: Locale.parse(wording.language()),
        script_texts_url=script_texts_url,
    )
