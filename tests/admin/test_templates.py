"""What no template and no page may contain."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from earful.store.states import Role
from earful_admin import assets
from flask import Flask
from flask.testing import FlaskClient

SignIn = Callable[[Role], FlaskClient]
TEMPLATES = assets.STATIC.parent / "templates"
FILES = sorted(TEMPLATES.rglob("*.html"))
SCRIPTS = sorted(assets.STATIC.glob("*.js"))
FORBIDDEN = {
    "an inline style": r"\bstyle\s*=",
    "an inline handler": r"\son[a-z]+\s*=",
    "a script address": r"javascript:",
    "htmx code to evaluate": r"\bhx-(on|vals\s*=\s*['\"]?js:|vars)",
    "an inline style sheet": r"<style",
    "another site's file": r"(src|href)=[\"']https?:",
}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_a_template_keeps_to_the_policy(file: Path) -> None:
    text = file.read_text()
    found = [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)]
    scripts = re.findall(r"<script\b([^>]*)>", text)
    found += [each for each in scripts if "src=" not in each and "application/json" not in each]
    assert not found


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_every_form_that_posts_carries_the_token(file: Path) -> None:
    for form in re.findall(r'<form\b[^>]*method="post".*?</form>', file.read_text(), re.DOTALL):
        assert "csrf" in form


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_every_file_that_a_template_names_is_there(file: Path) -> None:
    text = file.read_text()
    names = re.findall(r'asset\("([^"]+)"\)', text)
    names += re.findall(r'url_for\("static", filename="([^"]+)"\)', text)
    parts = [part for name in names for part in assets.JOINED.get(name, [name])]
    assert [part for part in parts if not (assets.STATIC / part).is_file()] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TEMPLATES)))
def test_every_icon_that_a_template_names_is_in_the_sprite(file: Path) -> None:
    sprite = (assets.STATIC / "vendor/icons.svg").read_text()
    named = re.findall(r'\bicon\("([a-z0-9-]+)"', file.read_text())
    assert [name for name in named if f'id="{name}"' not in sprite] == []


def test_every_icon_that_is_sent_is_used_somewhere() -> None:
    sources = [*assets.STATIC.parent.rglob("*.py"), *assets.STATIC.parent.rglob("*.html"), *SCRIPTS]
    written = "\n".join(file.read_text() for file in sources)
    asked = (assets.STATIC.parents[1] / "icons.txt").read_text().split()
    assert [name for name in asked if not re.search(rf"[\"'#]{name}[\"']", written)] == []


def test_every_vendored_file_brings_its_licence() -> None:
    files = [
        f for f in (assets.STATIC / "vendor").iterdir() if f.suffix in {".js", ".woff2", ".svg"}
    ]
    assert files
    assert [f.name for f in files if not f.with_name(f"{f.name}.LICENSE").is_file()] == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_a_script_evaluates_nothing(file: Path) -> None:
    assert not re.search(
        r"\beval\(|new Function|document\.write|setTimeout\([\"']", file.read_text()
    )


def test_the_style_sheet_stays_readable() -> None:
    assert (assets.STATIC / "app.css").stat().st_size < 36_000


def pages_without_arguments(app: Flask) -> list[str]:
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ()) and not rule.arguments and rule.endpoint != "static"
    )


def test_no_page_uses_flask_admins_front_end(app: Flask, sign_in: SignIn) -> None:
    client = sign_in(Role.ADMIN)
    for path in pages_without_arguments(app):
        answer = client.get(path)
        if answer.mimetype != "text/html":
            continue
        text = answer.text.lower()
        found = [
            word for word in ("bootstrap", "jquery", "select2", " fa-", "style=") if word in text
        ]
        assert not found, f"{path}: {found}"
        if answer.status_code == 200 and "<html" in text:
            assert text.count("<h1") == 1, path
            assert '<html lang="en"' in text, path
