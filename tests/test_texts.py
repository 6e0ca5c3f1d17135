"""Every text that people read goes through gettext, and every catalogue has all of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages import Catalog
from earful.wording import placeholders
from jinja2 import Environment, nodes

from tools.texts import ROOT, catalogue_of, extracted, is_untranslated, languages

PACKAGES = [ROOT / "core", ROOT / "admin", *sorted((ROOT / "plugins").iterdir())]
FOLDERS = ("admin", "core", "plugins")
ADMIN = ROOT / "admin" / "earful_admin"
TEMPLATES = sorted((ADMIN / "templates").rglob("*.html"))
SCRIPTS = sorted((ADMIN / "static").glob("*.js"))
ALLOWED = {
    "Earful",
    # What people type into a field, not what they read.
    "topic:refund",
}
READ_ALOUD = {
    "alt", "aria-description", "aria-label", "data-confirm", "data-confirm-label",
    "data-confirm-text", "label", "placeholder", "title",
}  # fmt: skip
TRANSLATES = {"_", "gettext", "ngettext", "pgettext"}
NOT_READ = {"autocomplete", "icon_name", "kind", "type"}
"""What macros take that nobody reads."""
STYLES = {"page_class", "width"}
"""Blocks that hold classes."""
CODE = {"code", "kbd", "pre", "script", "style"}
VOID = {"br", "circle", "hr", "img", "input", "link", "meta", "path", "rect", "use", "wbr"}
HOLE = "\0"
environment = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])


@cache
def sources() -> Catalog:
    return extracted()


@cache
def catalogue(language: str) -> Catalog:
    return catalogue_of(language)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_catalogue_has_every_text_of_the_sources(language: str, folder: str) -> None:
    found = catalogue(language)
    for message in sources():
        if any(file.startswith(f"{folder}/") for file, _line in message.locations):
            said = found.get(message.id, message.context)
            assert said is not None, f"run `make texts` for {message.id!r}"
            assert not is_untranslated(said), message.id


@pytest.mark.parametrize("language", languages())
def test_a_translation_names_the_facts_of_its_original(language: str) -> None:
    for message in catalogue(language):
        forms = message.string if isinstance(message.string, tuple) else [message.string]
        named = placeholders(message.id) if message.id else set()
        for form in filter(None, forms if message.id else []):
            # One of a thing may go without its number.
            left_out = named - placeholders(form)
            assert left_out <= (set() if isinstance(message.id, str) else {"n"}), form
            assert placeholders(form) <= named, form


@pytest.mark.parametrize("language", languages())
def test_a_translation_has_the_markup_of_its_original(language: str) -> None:
    for message in catalogue(language):
        if isinstance(message.id, str) and message.id:
            tags = sorted(re.findall(r"</?[a-z]+[^>]*>", message.id))
            assert sorted(re.findall(r"</?[a-z]+[^>]*>", message.string)) == tags, message.id


class Page(HTMLParser):
    """Finds what is read in a template whose expressions are holes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.read: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        self.read += [value or "" for name, value in attrs if name in READ_ALOUD]

    def handle_endtag(self, tag: str) -> None:
        while tag in self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not set(self.open) & CODE:
            self.read += data.split(HOLE)


def with_holes(source: str) -> str:
    """The literal parts of a template; expressions, tags and translated blocks are holes."""
    parts: list[str] = []
    skipped, tag = "", ""
    for _line, kind, value in environment.lexer.tokeniter(source, None):
        if kind == "data" and not skipped:
            parts.append(value)
        elif kind in {"block_begin", "variable_begin"}:
            parts.append(HOLE)
            tag = ""
        elif kind == "name":
            tag = f"{tag} {value}".strip()
        elif kind == "block_end":
            name, _space, rest = tag.partition(" ")
            if name == "trans" or (name == "block" and rest in STYLES):
                skipped = name
            elif name == f"end{skipped}":
                skipped = ""
    return "".join(parts)


def is_text(value: str) -> bool:
    """Whether a constant of an expression looks like words for people."""
    if "=" in value or value.strip() in ALLOWED:
        return False
    words = re.findall(r"[A-Za-z]{2,}", value)
    starts = re.match(r"[A-Z][a-z]+([ .,…?:!]|$)| [a-z]+ [a-z]", value)
    return bool(starts) or (" " in value and len(words) > 2)


def is_silent(node: nodes.Node) -> bool:
    """Whether nothing in it is read, or all of it is translated."""
    match node:
        case nodes.Call(node=nodes.Name(name=name)):
            return name in TRANSLATES
        case nodes.Call(node=nodes.Getattr(attr=name)):
            return name == "kbd"
        case nodes.Keyword(key=key):
            return key in NOT_READ
        case nodes.Pair(key=nodes.Const(value=key)):
            return key not in READ_ALOUD
    return isinstance(node, UNREAD)


UNREAD = (nodes.Extends, nodes.FromImport, nodes.Import, nodes.Include, nodes.Operand)


def constants(node: nodes.Node) -> Iterator[str]:
    """The words in expressions that go through no gettext."""
    if is_silent(node):
        return
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and is_text(node.value):
        yield node.value
    for child in node.iter_child_nodes():
        yield from constants(child)


def bare_texts(source: str) -> list[str]:
    page = Page()
    page.feed(with_holes(source))
    page.close()
    read = [" ".join(text.replace(HOLE, " ").split()).strip("· ") for text in page.read]
    literal = [text for text in read if re.search("[A-Za-z]{2}", text) and text not in ALLOWED]
    return literal + list(constants(environment.parse(source)))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ADMIN)))
def test_a_template_shows_nothing_that_cannot_be_translated(path: Path) -> None:
    assert not bare_texts(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "<p>Bare words</p>",
        '<input placeholder="Bare words">',
        '{{ ui.button("Bare words") }}',
        '{{ _("Well") ~ " and badly" }}',
        '<p>{{ "Open" if row.open else _("Closed") }}</p>',
        "{% trans %}Well{% endtrans %} and badly",
    ],
)
def test_the_check_sees_bare_words(source: str) -> None:
    assert bare_texts(source)


SAYS = re.compile(
    r"""(?:announce|toast|hint)\(\s*|(?:textContent|title|placeholder)\s=\s"""
    r"""|"aria-label",\s""",
)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_says_nothing_that_cannot_be_translated(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    for said in SAYS.finditer(source):
        literal = re.match(r"""(["'`])(.*?)\1""", source[said.end() :])
        text = re.sub(r"\$\{[^}]*\}", "", literal[2]) if literal else ""
        assert not re.search("[A-Za-z]{2}", text), text


def has_words(node: ast.AST) -> bool:
    return any(
        re.search("[A-Za-z]{2}", str(each.value))
        for each in ast.walk(node)
        if isinstance(each, ast.Constant)
    )


def refusals(path: Path) -> Iterator[str]:
    """What a module tells people without gettext."""
    for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(function, ast.FunctionDef):
            continue
        named = {
            target.id: each.value
            for each in ast.walk(function)
            if isinstance(each, ast.Assign)
            for target in each.targets
            if isinstance(target, ast.Name)
        }
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in SAID_BY and call.args:
                said = call.args[0]
                said = named.get(said.id, said) if isinstance(said, ast.Name) else said
                if isinstance(said, ast.Constant | ast.JoinedStr) and has_words(said):
                    yield ast.unparse(said)


SAID_BY = {"ActionRefused", "say", "toast_header"}
TO_MACHINES = {"core/earful/actions/inlet.py"}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_what_is_refused_is_said_in_the_readers_language(package: Path) -> None:
    paths = [path for path in package.rglob("*.py") if "node_modules" not in path.parts]
    bare = {
        str(path.relative_to(ROOT)): found
        for path in paths
        if "tests" not in path.parts and "sandbox" not in path.parts
        if (found := list(refusals(path)))
    }
    assert bare.keys() <= TO_MACHINES
