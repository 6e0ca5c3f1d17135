"""Pictures beside an answer, as a client sends and gets them: what is taken, whose it is."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from earful import Capabilities, Capability, Media, store
from earful.inbox.attaching import LARGEST
from earful.store.models import Reply, ReplyAttachment
from earful.store.states import Role
from earful.types import Surface
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests import pictures
from tests.admin.inbox.house import HOSTILE
from tests.admin.inbox.town import Town
from tests.wall import Wall

YES = Capability(allowed=True)
CAN = Capabilities(
    surfaces=frozenset({Surface.PUBLIC_REPLY, Surface.PRIVATE}),
    reply=YES,
    private_reply=YES,
    media=YES,
    public_media=Media(
        largest={"image/png": 100_000, "image/jpeg": LARGEST}, most=4, alt_length=100
    ),
    private_media=Media(largest={"image/png": 100_000}),
)
JSON = {"Accept": "application/json"}


@pytest.fixture
def agent(sign_in: Callable[[Role], FlaskClient], wall: Wall) -> FlaskClient:
    wall.can = CAN
    return sign_in(Role.AGENT)


def attach(
    client: FlaskClient, town: Town, data: bytes = b"", name: str = "p.png", mode: str = "public"
) -> TestResponse:
    return client.post(
        f"/conversation/{town.quiet}/attachments?mode={mode}&name={quote(name)}",
        data=data or pictures.png(),
        content_type="application/octet-stream",
        headers=JSON,
    )


def kept() -> list[ReplyAttachment]:
    with store.connection():
        return list(ReplyAttachment.select().order_by(ReplyAttachment.id))


def answer(client: FlaskClient, town: Town, files: list[int], **form: str) -> TestResponse:
    form = {"text": "Here", "surface": "public_reply", "seen": "999999"} | form
    return client.post(
        f"/conversation/{town.quiet}/reply",
        data={**form, "attachment": [str(each) for each in files]},
        headers=JSON,
    )


def test_a_picture_is_listed_with_a_place_for_its_description(
    agent: FlaskClient, town: Town
) -> None:
    part = attach(agent, town, name="parcel.png")
    (file,) = kept()
    assert part.status_code == 200
    for words in (f'name="alt-{file.id}"', 'maxlength="100"', "parcel.png", "Remove parcel.png"):
        assert words in part.text
    page = agent.get(f"/?c={town.quiet}").text
    assert page.count(f'data-attachment="{file.id}"') == 1
    assert 'accept="image/png,image/jpeg"' in page


def test_the_answer_takes_it_and_everybody_sees_it_with_its_description(
    agent: FlaskClient, sign_in: Callable[[Role], FlaskClient], town: Town
) -> None:
    attach(agent, town)
    (file,) = kept()
    sent = answer(agent, town, [file.id], **{f"alt-{file.id}": "A blue parcel"})
    assert sent.status_code == 200
    for role in (Role.AGENT, Role.VIEWER):
        client = sign_in(role)
        page = client.get(f"/?c={town.quiet}").text
        assert 'alt="A blue parcel"' in page
        assert client.get(f"/attachment/{file.id}").data == pictures.png()
    assert f'data-attachment="{file.id}"' not in page
    undone = agent.post(sent.json["undo"], data={"conversation": town.quiet}, headers=JSON)
    assert undone.status_code == 200
    listed = agent.get(f"/conversation/{town.quiet}/attachments?mode=public").text
    assert 'value="A blue parcel"' in listed


def test_a_refused_answer_says_why_and_loses_nothing(agent: FlaskClient, town: Town) -> None:
    attach(agent, town)
    (file,) = kept()
    sent = answer(agent, town, [file.id], **{f"alt-{file.id}": "x" * 101})
    assert (sent.status_code, sent.json["refused"]) == (
        422,
        "The description is too long: 101 of 100 characters.",
    )
    assert answer(agent, town, [999]).status_code == 422
    with store.connection():
        assert not Reply.select().where(Reply.conversation == town.quiet).exists()
    assert kept()[0].reply_id is None


def test_it_is_served_as_what_it_is_and_nothing_in_it_can_run(
    agent: FlaskClient, town: Town
) -> None:
    attach(agent, town, pictures.jpeg_from_a_camera(6), name='x"; filename="evil.html')
    (file,) = kept()
    served = agent.get(f"/attachment/{file.id}")
    assert served.headers["Content-Type"] == "image/jpeg"
    assert served.headers["Content-Disposition"] == 'inline; filename="x_ filename_evil.jpg"'
    assert served.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert served.headers["X-Content-Type-Options"] == "nosniff"
    assert served.headers["Cache-Control"] == "no-store"
    assert pictures.PLACE not in served.data


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "p.png", "no JPEG, PNG, GIF or WebP"),
        (b"<script>alert(1)</script>", "p.png", "no JPEG, PNG, GIF or WebP"),
        (b"%PDF-1.7 ", "letter.pdf", "no JPEG, PNG, GIF or WebP"),
        (pictures.GIF, "p.png", "GIF is not taken here: JPEG or PNG pictures are."),
        (pictures.png()[:-12] + pictures.png_part(b"IDAT", b"\0" * 100_000), "p.png", "ends too"),
        (b"\0" * 1_100_000, "p.png", "no JPEG, PNG"),
    ],
    ids=["svg", "html", "pdf", "gif", "cut", "zeros"],
)
def test_what_is_not_taken_is_refused_in_words(
    agent: FlaskClient, town: Town, data: bytes, name: str, why: str
) -> None:
    refused = attach(agent, town, data, name)
    assert refused.status_code == 422
    assert why in refused.json["refused"]
    assert kept() == []


def test_a_body_that_is_too_large_is_not_even_read(agent: FlaskClient, town: Town) -> None:
    assert attach(agent, town, b"\0" * (LARGEST + 1)).status_code == 413
    form = {"text": "x" * 1_100_000, "mode": "public"}
    assert agent.post(f"/conversation/{town.quiet}/draft", data=form).status_code == 413


@pytest.mark.parametrize(
    "name", [HOSTILE, "../../../etc/passwd", "a\r\nSet-Cookie: x=1", "\u202egpj"]
)
def test_a_hostile_name_stays_a_name(agent: FlaskClient, town: Town, name: str) -> None:
    part = attach(agent, town, name=name)
    (file,) = kept()
    assert part.status_code == 200
    assert not set(file.name) & set("<>&\"'/\\\r\n\u202e")
    assert file.name.endswith(".png")
    served = agent.get(f"/attachment/{file.id}").headers
    assert "Set-Cookie" not in served
    assert served["Content-Disposition"].startswith("inline; filename")


def test_hostile_descriptions_stay_words(agent: FlaskClient, town: Town) -> None:
    attach(agent, town)
    (file,) = kept()
    words = '"><script>alert(1)</script>'
    told = agent.post(f"/attachment/{file.id}/description", data={"alt": words})
    assert told.json == {"done": True}
    page = agent.get(f"/?c={town.quiet}").text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_other_peoples_drafts_are_nobodys_business(
    agent: FlaskClient, sign_in: Callable[[Role], FlaskClient], town: Town
) -> None:
    attach(agent, town)
    (file,) = kept()
    lead = sign_in(Role.LEAD)
    assert lead.get(f"/attachment/{file.id}").status_code == 404
    assert str(file.id) not in lead.get(f"/conversation/{town.quiet}/attachments?mode=public").text
    assert lead.post(f"/attachment/{file.id}/description", data={"alt": "x"}).status_code == 422
    lead.post(f"/attachment/{file.id}/remove")
    assert answer(lead, town, [file.id]).status_code == 422
    assert [each.alt for each in kept()] == [""]
    viewer = sign_in(Role.VIEWER)
    assert attach(viewer, town).status_code == 403
    assert viewer.get(f"/attachment/{file.id}").status_code == 404


def test_a_stranger_gets_nothing(agent: FlaskClient, stranger: FlaskClient, town: Town) -> None:
    attach(agent, town)
    (file,) = kept()
    answer(agent, town, [file.id])
    for answered in (stranger.get(f"/attachment/{file.id}"), attach(stranger, town)):
        assert answered.status_code == 302
    assert agent.get("/attachment/99999999999999999999").status_code == 404
    assert agent.get("/attachment/9007199254740991").status_code == 404


def test_another_site_cannot_attach_anything(app: Flask, agent: FlaskClient, town: Town) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert attach(agent, town).status_code == 400
    assert kept() == []


def test_what_cannot_follow_to_another_audience_is_told_with_the_file(
    agent: FlaskClient, town: Town
) -> None:
    attach(agent, town, pictures.JPEG)
    moved = agent.post(f"/conversation/{town.quiet}/attachments/move?mode=public&to=private")
    assert "JPEG is not taken here: PNG pictures are." in moved.text
    assert "Describe it" not in moved.text
    assert attach(agent, town, mode="note").status_code == 422
    assert agent.get(f"/conversation/{town.quiet}/attachments?mode=note").status_code == 404
    assert agent.get(f"/conversation/{town.quiet}/attachments?mode=x").status_code == 400


def test_where_nothing_is_taken_the_paper_clip_says_why(
    agent: FlaskClient, wall: Wall, town: Town
) -> None:
    no = Capability(allowed=False, reason="Words only here.")
    wall.can = Capabilities(reply=YES, media=no)
    assert 'data-media="Words only here."' in agent.get(f"/?c={town.quiet}").text
    assert attach(agent, town).json == {"refused": "Words only here."}


def test_the_preview_shows_them(agent: FlaskClient, town: Town) -> None:
    attach(agent, town)
    (file,) = kept()
    agent.post(f"/attachment/{file.id}/description", data={"alt": "A blue parcel"})
    form = {"text": "Here", "mode": "public"}
    shown = agent.post(f"/conversation/{town.quiet}/preview", data=form).text
    assert 'alt="A blue parcel"' in shown


def test_a_file_is_taken_away_and_once_more_changes_nothing(agent: FlaskClient, town: Town) -> None:
    attach(agent, town)
    (file,) = kept()
    for _ in range(2):
        assert agent.post(f"/attachment/{file.id}/remove").json == {"done": True}
    assert kept() == []
