"""The sandbox as the platform: its page, its refusals, its pushes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from earful import Seen
from earful.sandbox import Behaviour, Deliveries, Sandbox
from earful_facebook import FACEBOOK
from earful_facebook.graph import proof
from earful_facebook.sandbox.expansion import read_fields
from earful_facebook.sandbox.people import APP_ID, APP_SECRET, PAGES, PEOPLE
from earful_facebook.sandbox.refusals import Refusal
from earful_facebook.settings import FacebookSettings
from markupsafe import escape

PAGE = PAGES[0]


@pytest.fixture
def browser(facebook: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=facebook.url, follow_redirects=True, trust_env=False) as client:
        yield client


def ask(facebook: Any, method: str, path: str, **params: str) -> tuple[int, Any]:
    """A call with the Page's token; `proof=""` leaves out what proves the secret."""
    token = params.pop("token", facebook.state.credentials.kept["access_token"])
    signed = params.pop("proof", proof(token, APP_SECRET))
    params |= {"access_token": token, **({"appsecret_proof": signed} if signed else {})}
    url = f"{facebook.url}/v26.0/{path}"
    answer = httpx.request(method, url, params=params, trust_env=False)
    return answer.status_code, answer.json()


def code_of(answer: tuple[int, Any]) -> tuple[int, int, int]:
    error = answer[1]["error"]
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return answer[0], error["code"], error.get("error_subcode", 0)


def test_it_is_a_sandbox_with_settings_that_load() -> None:
    assert FACEBOOK.sandbox is not None
    sandbox = FACEBOOK.sandbox()
    assert isinstance(sandbox, Sandbox)
    settings = FacebookSettings(**sandbox.settings("http://127.0.0.1:1"))
    assert settings.app_id == APP_ID
    assert set(sandbox.credentials()) == {"page_id", "page_name", "access_token"}


def test_two_starts_know_nothing_of_each_other(facebook: Any) -> None:
    assert FACEBOOK.sandbox is not None
    with Deliveries(Behaviour()) as hooks:
        other: Any = FACEBOOK.sandbox().app("http://127.0.0.1:1", hooks)
        stage = other.extensions["stage"]
        stage.world.write_post(PEOPLE[0].id, "Only here")
    assert "Only here" not in [each.text for each in facebook.world.posts()]


def test_calls_need_a_token_and_its_proof(facebook: Any) -> None:
    feed = f"{PAGE.id}/feed"
    assert code_of(ask(facebook, "GET", feed, proof="")) == (400, 100, 0)
    assert code_of(ask(facebook, "GET", feed, proof="0" * 64)) == (400, 100, 0)
    assert code_of(ask(facebook, "GET", feed, token="nonsense")) == (400, 190, 0)
    facebook.stage.access.revoke_all()
    assert code_of(ask(facebook, "GET", feed)) == (400, 190, 460)


def test_tokens_of_people_end(facebook: Any) -> None:
    access = facebook.stage.access
    code = access.code("https://a.example/", frozenset({"pages_show_list"}), (PAGE.id,))
    short = access.exchange_code(code, "https://a.example/")
    assert ask(facebook, "GET", "me/accounts", token=short.text)[0] == 200
    assert code_of(ask(facebook, "GET", f"{PAGE.id}/feed", token=short.text)) == (403, 200, 0)
    facebook.stage.passed += timedelta(hours=2)
    assert code_of(ask(facebook, "GET", "me/accounts", token=short.text)) == (400, 190, 463)


def test_lists_have_cursors(facebook: Any) -> None:
    for number in range(5):
        facebook.world.write_post(PEOPLE[0].id, f"Post {number}")
    seen: list[str] = []
    after = ""
    while True:
        paging = {"after": after} if after else {}
        _, page = ask(facebook, "GET", f"{PAGE.id}/feed", limit="3", fields="id", **paging)
        seen += [each["id"] for each in page["data"]]
        if "next" not in page["paging"]:
            break
        after = page["paging"]["cursors"]["after"]
    assert seen == [each.id for each in facebook.world.posts()]
    assert code_of(ask(facebook, "GET", f"{PAGE.id}/feed", limit="none")) == (400, 100, 0)


@pytest.mark.parametrize("fields", ["mood", "id,comments{mood}", "id,,", "id{", "comments{id", "}"])
def test_fields_that_do_not_exist_are_refused(facebook: Any, fields: str) -> None:
    assert code_of(ask(facebook, "GET", f"{PAGE.id}/feed", fields=fields))[1] == 100


def test_fields_of_what_lies_below() -> None:
    one, two = read_fields("id, comments.filter(stream).limit(2){id,from}")
    assert (one.name, two.name, two.modifiers) == (
        "id", "comments", {"filter": "stream", "limit": "2"})  # fmt: skip
    assert [each.name for each in two.below] == ["id", "from"]


@pytest.mark.parametrize(
    ("method", "path", "params", "code"),
    [
        ("GET", "no_such_thing", {}, (400, 100, 33)),
        ("POST", "no_such_thing/comments", {"message": "x"}, (400, 100, 33)),
        ("POST", f"{PAGE.id}/messages", {"recipient": "x"}, (400, 100, 0)),
        ("POST", f"{PAGE.id}/messages", {"recipient": "{}", "message": "{}"}, (400, 100, 0)),
        ("POST", f"{PAGE.id}/subscribed_apps", {}, (400, 100, 0)),
        ("GET", "77/feed", {}, (400, 100, 33)),
    ],
)  # fmt: skip
def test_nonsense_is_refused(
    facebook: Any, method: str, path: str, params: dict[str, str], code: tuple[int, int, int]
) -> None:
    assert code_of(ask(facebook, method, path, **params)) == code


def test_the_rules_of_messenger_are_kept(facebook: Any) -> None:
    grete = PEOPLE[5].id

    def send(**extra: str) -> tuple[int, Any]:
        said = {"recipient": json.dumps({"id": grete}), "message": '{"text":"Hi"}', **extra}
        return ask(facebook, "POST", f"{PAGE.id}/messages", **said)

    human = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert send()[1]["recipient_id"] == grete
    facebook.stage.passed += timedelta(days=1)
    assert code_of(send()) == (400, 10, 2018278)
    assert send(**human)[0] == 200
    facebook.stage.passed += timedelta(days=6)
    assert code_of(send(**human)) == (400, 10, 2018278)


def test_usage_is_told_in_headers(facebook: Any) -> None:
    facebook.stage.trouble.usage_percent, facebook.stage.trouble.regain_minutes = 100, 7
    token = facebook.state.credentials.kept["access_token"]
    params = {"access_token": token, "appsecret_proof": proof(token, APP_SECRET)}
    url = f"{facebook.url}/v26.0/{PAGE.id}"
    answer = httpx.get(url, params=params, trust_env=False)
    (used,) = json.loads(answer.headers["x-business-use-case-usage"])[PAGE.id]
    assert (used["call_count"], used["estimated_time_to_regain_access"]) == (100, 7)
    assert answer.json()["error"]["code"] == 80001


def test_a_customer_writes_on_the_page(facebook: Any, browser: httpx.Client, ingress: Any) -> None:
    who = {"as": PEOPLE[1].id}
    post = facebook.world.posts()[-1]
    for form in (
        {"do": "post", "text": "A post 🚲 <b>bold</b>"},
        {"do": "comment", "item": post.id, "text": "A comment"},
        {"do": "message", "text": "A message"},
        {"do": "rating", "text": "A recommendation"},
        {"do": "mention", "text": "A mention"},
    ):
        assert "Written." in browser.post("/write", data={**who, **form}).text
    assert facebook.hooks.settle()
    told = {each.text for each in ingress.messages()}
    assert {"A post 🚲 <b>bold</b>", "A comment", "A message"} <= told
    shown = browser.get("/wall").text
    assert "A post 🚲 &lt;b&gt;bold&lt;/b&gt;" in shown
    assert "A recommendation" in shown
    assert "A mention" in shown
    assert "delivered" in shown


def test_a_customer_reads_what_the_page_wrote(
    facebook: Any, browser: httpx.Client, ingress: Any
) -> None:
    who = PEOPLE[1].id
    facebook.world.write_message(who, "A message")
    assert "Read as" not in browser.get("/wall").text
    answer = facebook.world.write_message(who, "An answer", by_page=True)
    assert f"Read as {PEOPLE[1].name}" in browser.get("/wall").text
    assert "Choose a person" in browser.post("/read", data={"as": "42"}).text
    assert "Read." in browser.post("/read", data={"as": who}).text
    assert "Read as" not in browser.get("/wall").text
    assert facebook.hooks.settle()
    *_, seen = ingress.messages()
    assert isinstance(seen, Seen)
    assert seen.until >= answer.at
    assert ingress.messages()[0].thread_id == seen.thread_id


def test_a_customer_changes_and_deletes(facebook: Any, browser: httpx.Client, ingress: Any) -> None:
    message = facebook.world.talk(PEOPLE[5].id)[0]
    comment = next(each for each in facebook.world.items.values() if each.author == PEOPLE[2])
    for item in (message, comment):
        assert escape(item.text) in browser.get("/", params={"do": "edit", "item": item.id}).text
        browser.post("/edit", data={"item": item.id, "answer": "edit", "text": "Other words"})
        browser.post("/edit", data={"item": item.id, "answer": "remove"})
    assert facebook.hooks.settle()
    kinds = [type(each).__name__ for each in ingress.messages()]
    assert kinds == ["InboundMessage", "Removal"] * 2
    again = browser.post("/edit", data={"item": comment.id, "answer": "remove"})
    assert "not there any more" in again.text


@pytest.mark.parametrize("form", [{}, {"as": "42", "text": "x"}, {"as": PEOPLE[0].id, "text": " "}])
def test_half_a_form_writes_nothing(
    facebook: Any, browser: httpx.Client, form: dict[str, str]
) -> None:
    before = len(facebook.world.items)
    assert "Choose a person" in browser.post("/write", data=form).text
    assert len(facebook.world.items) == before


def test_things_go_wrong_on_request(facebook: Any, browser: httpx.Client, ingress: Any) -> None:
    def turn(knob: str) -> None:
        assert browser.post("/trouble", data={"knob": knob}).status_code == 200

    turn("drop")
    facebook.world.write_message(PEOPLE[0].id, "Lost")
    facebook.world.write_message(PEOPLE[0].id, "Heard")
    assert facebook.hooks.settle()
    assert [each.text for each in ingress.messages()] == ["Heard"]
    turn("fail")
    assert code_of(ask(facebook, "GET", f"{PAGE.id}"))[:2] == (500, 2)
    assert ask(facebook, "GET", f"{PAGE.id}")[0] == 200
    turn("limit")
    assert code_of(ask(facebook, "GET", f"{PAGE.id}"))[1] == 80001
    turn("free")
    assert ask(facebook, "GET", f"{PAGE.id}")[0] == 200
    turn("day")
    assert facebook.stage.passed == timedelta(days=1)
    turn("hang")
    assert facebook.stage.trouble.hang_after_write
    turn("revoke")
    assert code_of(ask(facebook, "GET", f"{PAGE.id}"))[1:] == (190, 460)
    assert browser.post("/trouble", data={"knob": "explode"}).status_code == 400


@pytest.mark.parametrize("path", ["/", "/wall", "/wall?still=1", "/?do=message", "/?item=nothing"])
def test_pages_run_no_scripts_and_load_nothing_from_elsewhere(
    browser: httpx.Client, path: str
) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert 'lang="en"' in answer.text
    assert ("refresh" in answer.headers) == (path == "/wall")
    assert browser.get("/sandbox/sandbox.css").status_code == 200


def test_other_sites_cannot_write_here(browser: httpx.Client) -> None:
    form, headers = {"knob": "revoke"}, {"Origin": "https://evil.example"}
    assert browser.post("/trouble", data=form, headers=headers).status_code == 403


def test_the_dialog_may_lead_back_only_to_who_asked(facebook: Any, browser: httpx.Client) -> None:
    query = {"client_id": APP_ID, "redirect_uri": "https://inbox.example/back", "scope": "a,b"}
    policy = browser.get("/v26.0/dialog/oauth", params=query).headers["content-security-policy"]
    assert "form-action 'self' https://inbox.example" in policy
    query["redirect_uri"] = "javascript:alert(1)"
    assert browser.get("/v26.0/dialog/oauth", params=query).status_code == 400


def test_a_registered_webhook_must_answer_the_challenge(facebook: Any, ingress: Any) -> None:
    ingress.fails = 1
    token = f"{APP_ID}|{APP_SECRET}"
    asked = {"object": "page", "callback_url": ingress.url, "verify_token": "sandbox-verify-token",
             "fields": "feed"}  # fmt: skip
    path = f"{APP_ID}/subscriptions"
    assert code_of(ask(facebook, "POST", path, token=token, **asked))[1] == 2200
    wrong = {**asked, "verify_token": "wrong"}
    assert code_of(ask(facebook, "POST", path, token=token, **wrong))[1] == 2200
    assert ask(facebook, "POST", path, token=token, **asked) == (200, {"success": True})


def test_refusals_look_like_facebooks() -> None:
    refusal = Refusal(400, 10, "no", subcode=2018278)
    assert refusal.error["type"] == "OAuthException"
    assert refusal.error["error_subcode"] == 2018278
