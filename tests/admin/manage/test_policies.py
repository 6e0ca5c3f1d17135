"""The policy pages: what they show, what they save, what they refuse and keep."""

import json
from collections.abc import Callable
from typing import Any

from earful import actions, store
from earful.actions import SYSTEM
from earful.store.models import Policy, PolicyVersion
from earful.store.states import Role
from earful.testing.inbox import Inbox
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict

from tests.admin.manage.conftest import ADMIN, LEAD, REFUND
from tests.wall import Wall, post

SignIn = Callable[[Role], FlaskClient]


def form(*rows: tuple[str, str, str], acts: tuple[tuple[str, str], ...] = (), **more: str) -> Any:
    """What a browser sends."""
    sent: MultiDict[str, str] = MultiDict({"name": "Parcels", "enabled": "y", "once": "y"} | more)
    for row in rows:
        for name, value in zip(("fact", "op", "value"), row, strict=True):
            sent.add(name, value)
    for do, act in acts:
        sent.add("do", do)
        sent.add("act", act)
    return sent


PARCEL = ("message.text", "contains", "parcel")
DELIVERY = (("queue", "Delivery"),)


def latest() -> tuple[Policy, PolicyVersion]:
    with store.connection():
        policy = Policy.select().order_by(Policy.id.desc()).get()
        version = PolicyVersion.select().order_by(PolicyVersion.id.desc()).get()
    return policy, version


def test_the_list_says_each_policy_in_words(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(LEAD).get("/policies/").text
    assert "When message text contains the word “refund” or “money back”" in page
    assert "2 runs in the last 7 days" in page
    assert page.index("Refunds to Billing") < page.index("Loud voices") < page.index("Praise")
    assert "/policies/1/move" not in page


def test_nothing_yet_is_explained(earful_inbox: Inbox, sign_in: SignIn) -> None:
    assert "Write the first policy" in sign_in(ADMIN).get("/policies/").text
    assert "Write the first policy" not in sign_in(LEAD).get("/policies/").text


def test_a_new_policy_routes_the_next_message(shop: Inbox, wall: Wall, sign_in: SignIn) -> None:
    answer = sign_in(ADMIN).post("/policies/new", data=form(PARCEL, acts=DELIVERY, step="save"))
    assert answer.location == "/policies/"
    (message,) = shop.receive("wall", wall.payload(post("new", "My parcel?", by="zoe")))
    assert message.queue == "Delivery"


def test_what_is_wrong_is_told_at_its_row_and_everything_typed_is_kept(
    shop: Inbox, sign_in: SignIn
) -> None:
    wrong = form(
        ("author.reach", "gte", "lots"), ("", "", ""), ("message.text", "matches", "(<x>"),
        acts=(("queue", "Nowhere"),), name="", step="save",
    )  # fmt: skip
    answer = sign_in(ADMIN).post("/policies/new", data=wrong)
    assert answer.status_code == 422
    assert "Please check 4 fields." in answer.text
    assert 'href="#value-0"' in answer.text
    assert 'id="fact-2-errors"' in answer.text
    assert "There is no queue named “Nowhere” here." in answer.text
    assert 'value="lots"' in answer.text
    assert 'value="(&lt;x&gt;"' in answer.text
    assert Policy.select().count() == 3


def test_a_row_is_added_without_a_script_and_nothing_is_lost(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    sent = form(PARCEL, acts=(("label", "half typed"),), step="add-condition")
    page = client.post("/policies/new", data=sent)
    assert page.status_code == 200
    assert page.text.count('name="fact"') == 2
    assert 'value="parcel"' in page.text
    assert 'value="half typed"' in page.text
    page = client.post("/policies/new", data=form(PARCEL, PARCEL, step="remove-condition-0"))
    assert page.text.count('name="fact"') == 1


def test_the_form_offers_real_names(shop: Inbox, sign_in: SignIn) -> None:
    acts = (("queue", ""), ("assign", ""), ("notify", ""), ("priority", ""))
    page = sign_in(ADMIN).post("/policies/new", data=form(acts=acts, step="refresh")).text
    for name in ("Press &amp; PR", "lead@example.com", "team-chat", "urgent"):
        assert f'<option value="{name}" >' in page


def test_a_preview_says_it_in_words_and_which_messages_it_would_take(
    shop: Inbox, sign_in: SignIn
) -> None:
    before = Policy.select().count()
    page = sign_in(ADMIN).post("/policies/new", data=form(PARCEL, acts=DELIVERY, step="preview"))
    assert "When message text contains “parcel”" in page.text
    assert "<strong>1</strong> of the last 5 messages" in page.text
    assert "It said Tuesday." in page.text
    assert Policy.select().count() == before


def test_a_preview_that_takes_nothing_warns(shop: Inbox, sign_in: SignIn) -> None:
    none = form(("message.text", "contains", "zebra"), acts=DELIVERY, step="preview")
    assert "It takes none of them" in sign_in(ADMIN).post("/policies/new", data=none).text


def test_a_preview_asks_about_a_message_as_it_arrived(shop: Inbox, sign_in: SignIn) -> None:
    new = ("conversation.queue", "is_unknown", "")
    page = sign_in(ADMIN).post("/policies/new", data=form(new, acts=DELIVERY, step="preview"))
    assert "<strong>5</strong> of the last 5 messages" in page.text


def test_a_preview_of_an_empty_inbox_says_so(earful_inbox: Inbox, sign_in: SignIn) -> None:
    sent = form(acts=(("stop", ""),), step="preview")
    page = sign_in(ADMIN).post("/policies/new", data=sent).text
    assert "For every message" in page
    assert "nothing to try it on" in page


def test_a_change_is_a_new_version_and_the_old_one_stays_readable(
    shop: Inbox, sign_in: SignIn
) -> None:
    client = sign_in(ADMIN)
    sent = form(PARCEL, acts=DELIVERY, version="2", step="save", name="Refunds to Billing")
    assert client.post("/policies/1", data=sent).status_code == 303
    page = client.get("/policies/1").text
    assert "Version 3" in page
    assert "if message text contains “parcel”" in page
    assert "if message text contains the word “refund” or “money back”" in page
    assert "Admin," in page


def test_two_people_do_not_overwrite_each_other_unseen(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    stale = form(PARCEL, acts=DELIVERY, version="1", step="save")
    answer = client.post("/policies/1", data=stale)
    assert answer.status_code == 422
    assert "while you were editing" in answer.text
    assert 'name="version" value="2"' in answer.text
    assert latest()[1].policy_id == 3


def test_nested_groups_are_edited_as_json_and_come_back(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    tree = {"any": [REFUND, {"none": [REFUND]}]}
    page = client.get("/policies/2").text
    assert 'name="text"' in page
    sent = form(acts=DELIVERY, text=json.dumps(tree), version="1", step="save")
    assert client.post("/policies/2", data=sent).status_code == 303
    assert latest()[1].conditions == tree
    broken = form(acts=DELIVERY, text='{"all": [', version="2", step="save")
    answer = client.post("/policies/2", data=broken)
    assert "this is not JSON" in answer.text
    assert "{&#34;all&#34;: [" in answer.text


def test_a_policy_is_switched_and_moved(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(ADMIN)
    client.post("/policies/3/switch", data={"enabled": "1"})
    client.post("/policies/3/move", data={"to": "up"})
    client.post("/policies/1/move", data={"to": "up"})
    with store.connection():
        rows = Policy.select().order_by(Policy.position)
        assert [(row.id, row.enabled) for row in rows] == [(1, True), (3, True), (2, True)]


def test_a_lead_reads_the_sentence_and_the_history(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(LEAD).get("/policies/1").text
    assert "In words" in page
    assert "Added:</span> set the priority to high" in page
    assert "<form" not in page.split('id="history"')[1].split("</main>")[0]
    assert 'name="fact"' not in page


def test_a_policy_of_another_version_is_shown_with_its_reason(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        PolicyVersion.update(
            conditions={"all": [{"fact": "gone", "op": "is", "value": "x"}]}
        ).where(PolicyVersion.policy == 3).execute()
    client = sign_in(ADMIN)
    assert "there is no fact “gone”" in client.get("/policies/").text
    page = client.get("/policies/3")
    assert page.status_code == 200
    assert "gone (unknown)" in page.text


def test_names_with_markup_are_shown_as_text(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        actions.save_policy(
            shop.runtime, SYSTEM, None, name="<img src=x>", conditions={"all": []},
            actions=[{"do": "ignore", "value": "</textarea><script>"}], now=shop.now,
        )  # fmt: skip
    client = sign_in(ADMIN)
    for page in (client.get("/policies/").text, client.get("/policies/4").text):
        assert "<img" not in page
        assert "</textarea><script>" not in page
