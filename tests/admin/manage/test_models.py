"""The page Models: versions, coverage, speed, people against the machine, and the model's card."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from earful import Label, actions, store
from earful.actions import Actor
from earful.pipeline.reclassify import Wish, begin
from earful.plugins import PluginHost
from earful.store.models import ClassifierBatch
from earful.store.queries.classifiers import Confusion
from earful.store.states import Role
from earful.testing.inbox import Inbox
from earful_admin.manage.card import as_html
from earful_admin.manage.models import grid
from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.admin.conftest import Screen
from tests.admin.manage.test_access import cost
from tests.wall import Wall, post

SignIn = Callable[[Role], FlaskClient]
CARD = """---
license: mit
---
# Tiny model

Trained on *invented* posts. <script>alert(1)</script>

| Set | Recall |
|:---:|---:|
| dev | 0.71 |

[data](https://data.example/x) [bad](javascript:alert(1)) ![p](https://pic.example/p.png)
"""


@pytest.fixture
def card() -> dict[str, object]:
    return {"card": lambda _settings: CARD}


@pytest.fixture
def earful_plugins(wall: Wall, card: dict[str, object]) -> PluginHost:
    host = wall.host()
    reader = host.classifier_types["reader"]
    host.classifier_types["reader"] = dataclasses.replace(reader, **card)
    return host


@pytest.fixture
def earful_config() -> str:
    return """
    [server]
    port = 0
    [channels.wall]
    type = "wall"
    [classifiers.tone]
    type = "reader"
    [classifiers.silent]
    type = "second_reader"
    """


@pytest.fixture
def earful_now() -> datetime:
    """The pages look at the real clock."""
    return datetime.now(UTC)


def tone(messages: list[object]) -> list[list[Label]]:
    return [
        [] if "none" in each.text else [Label(name="sentiment:negative", score=0.8)]
        for each in messages
    ]


@pytest.fixture
def office(earful_inbox: Inbox, wall: Wall, people: dict[Role, Actor]) -> Inbox:
    """Ten messages, eight labelled negative; people confirm three and correct one."""
    wall.labels = tone
    texts = [f"text {n}" for n in range(8)] + ["none 1", "none 2"]
    said = earful_inbox.receive(
        "wall", wall.payload(*(post(f"m{n}", text) for n, text in enumerate(texts)))
    )
    with store.connection():
        for message, right in zip(said, ("negative",) * 3 + ("positive",), strict=False):
            actions.judge_label(
                earful_inbox.runtime, people[Role.AGENT], message.id, f"sentiment:{right}",
                now=earful_inbox.now,
            )  # fmt: skip
        ClassifierBatch.update(milliseconds=100.0).execute()
    return earful_inbox


def page(client: FlaskClient, address: str = "/models/") -> str:
    """What is read on the page, in one line."""
    text = re.sub(r"<[^>]+>", " ", client.get(address).text)
    return re.sub(r"\s+", " ", text)


def test_each_classifier_shows_its_version_coverage_and_speed(
    office: Inbox, sign_in: SignIn
) -> None:
    text = page(sign_in(Role.LEAD))

    assert "Version in use reader-1" in text
    assert "80 % 8 of 10 messages of 30 days are labelled" in text
    assert "100 messages a second over the last batch" in text
    assert "0 % 0 of 10 messages" in text


def test_people_against_the_machine(office: Inbox, sign_in: SignIn) -> None:
    text = page(sign_in(Role.LEAD))

    assert "People agreed with 3 of 4 labels they judged, 75 %." in text
    assert "negative 3 0 100 % positive 1 0 0 %" in text.replace("right ", "")
    assert "Nobody has judged a label of this version" in text


def test_figures_are_of_the_chosen_days(office: Inbox, wall: Wall, sign_in: SignIn) -> None:
    from earful.store.models import ClassifierDay, LabelVerdict

    with store.connection():
        long_ago = (office.now - timedelta(days=20)).strftime("%Y-%m-%d")
        ClassifierDay.update(day=long_ago).execute()
        LabelVerdict.update(day=long_ago).execute()
    client = sign_in(Role.LEAD)

    assert "8 of 10 messages" in page(client)
    week = page(client, "/models/?days=7")
    assert "No message came in 7 days" in week
    assert "People agreed" not in week
    assert "8 of 10 messages" in page(client, "/models/?days=12345")


def test_a_classifier_that_is_gone_still_shows_what_it_left(office: Inbox, sign_in: SignIn) -> None:
    from earful.store.models import ClassifierDay

    with store.connection():
        ClassifierDay.update(classifier="former").where(
            ClassifierDay.classifier == "tone"
        ).execute()

    assert "former No longer configured" in page(sign_in(Role.LEAD))


def test_an_unfinished_run_is_told(office: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        reader = office.runtime.classifiers[0]
        begin(reader, Wish(since=office.now - timedelta(days=1)), now=office.now)

    assert "0 of 10 messages are read anew by tone (reader-1)" in page(sign_in(Role.LEAD))


@pytest.mark.parametrize(
    "card",
    [
        {"version_of": lambda _settings: 1 / 0},
        {"check": lambda _settings: 1 / 0, "card": lambda _settings: 1 / 0},
    ],
)
def test_a_plugins_bug_is_a_finding_on_the_page(office: Inbox, sign_in: SignIn) -> None:
    text = page(sign_in(Role.LEAD))

    assert "It does not work" in text
    assert "ZeroDivisionError" in text


def test_the_page_costs_the_same_when_there_is_more(
    office: Inbox, wall: Wall, people: dict[Role, Actor], sign_in: SignIn
) -> None:
    client = sign_in(Role.ADMIN)
    few = cost(client, "/models/")
    for number in range(5):
        office.advance(hours=-30)
        office.receive("wall", wall.payload(*(post(f"{number}-{n}", "x") for n in range(20))))

    assert cost(client, "/models/") == few < 12


def test_the_card_is_shown_tamed(office: Inbox, sign_in: SignIn) -> None:
    html = sign_in(Role.LEAD).get("/models/").text

    assert "<h3>Tiny model</h3>" in html
    assert "&lt;script&gt;alert(1)" in html
    assert "license: mit" not in html
    for bad in ("<script>alert", " style=", 'href="javascript:', "<img"):
        assert bad not in html


@pytest.mark.parametrize(
    "text",
    ["", "---", "---\nno end", "[" * 20_000, "\x00\ud800", "> " * 5_000, "<b>" * 40_000],
    ids=["empty", "dashes", "open", "brackets", "odd", "quotes", "long"],
)
def test_any_text_can_be_a_card(text: str) -> None:
    html = as_html(text)

    assert "<b>" not in html
    assert " style=" not in html


def test_a_grid_keeps_the_classifiers_order_and_names_none() -> None:
    found = Confusion({("", "frustrated"): 3, ("frustrated", "frustrated"): 5, ("", ""): 2})

    made = grid("mood", "Mood", ("frustrated",), "not frustrated", found)

    assert made.columns == ("frustrated", "not frustrated")
    assert [(row.meant, [cell.count for cell in row.cells]) for row in made.rows] == [
        ("frustrated", [5, 3]),
        ("not frustrated", [0, 2]),
    ]
    assert [row.right for row in made.rows] == [0.625, 1.0]
    assert (made.agreed, made.total) == (7, 10)


@pytest.mark.browser
def test_the_page_is_readable_at_every_width(office: Inbox, screen: Screen) -> None:
    screen.sign_in(Role.LEAD)
    problems = []
    for theme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=theme)
        screen.open("/models/")
        expect(screen.page.get_by_role("heading", name="tone", exact=True)).to_be_visible()
        for summary in screen.page.locator("main details summary").all():
            summary.click()
        for width in (1440, 390, 320):
            screen.page.set_viewport_size({"width": width, "height": 900})
            problems += [f"{theme} {width} {each}" for each in screen.violations()]
            if screen.is_too_wide():
                problems.append(f"{theme} {width} is too wide")
    assert problems == []
