"""The channel and plugin pages: states, tests, refused payloads, plugins that fail."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from earful import AuthenticationFailed, Capabilities, store
from earful.plugins import PluginHost
from earful.runtime import Runtime, Trouble
from earful.store.models import Channel, Payload
from earful.store.states import ChannelState, Health, PayloadState, Role
from earful.testing.inbox import Inbox
from flask.testing import FlaskClient

from tests.admin.manage.conftest import ADMIN, LEAD, refused
from tests.wall import Wall, post

SignIn = Callable[[Role], FlaskClient]
HX = {"HX-Request": "true"}


def wall_row() -> Channel:
    with store.connection():
        return Channel.get(Channel.name == "wall")


def test_a_card_tells_how_a_channel_stands(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(LEAD).get("/channels/").text
    for words in (
        "Our &lt;b&gt;wall&lt;/b&gt; &amp; more", "Live", "Healthy", "Our wall", "2 quarantined",
        "/webhooks/wall", "up to 500 characters, within 24 hours of the message",
        "Only the page&#39;s owner may hide posts.",
    ):  # fmt: skip
        assert words in page, words
    # What limits a reply does not limit a like.
    assert page.count("up to 500 characters") == 1


def test_a_channel_whose_plugin_failed_says_why(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(LEAD).get("/channels/").text
    assert "Its plugin “broken” is not active (cannot be loaded)" in page
    assert "No module named &#39;onnxruntime&#39;" in page
    assert "Disabled" in page


def test_a_channel_that_is_configured_no_more_says_so(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        Channel.create(name="old", kind="wall", title="Old", state=ChannelState.DISABLED)
    assert "not in the configuration any more" in sign_in(LEAD).get("/channels/").text


def test_a_plugin_that_cannot_say_what_it_can_do_hides_nothing_else(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_settings: object) -> Capabilities:
        raise ValueError("a bug")

    channel = shop.runtime.channels["wall"]
    monkeypatch.setattr(channel, "type", replace(channel.type, capabilities=fails))
    page = sign_in(LEAD).get("/channels/").text
    assert "ValueError: a bug" in page
    assert "2 quarantined" in page


def test_a_channel_is_paused_and_resumed(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(LEAD)
    client.post("/channels/1/pause", data={"from": "list"})
    assert wall_row().state is ChannelState.PAUSED
    assert "Paused by Lead." in client.get("/channels/").text
    client.post("/channels/1/resume")
    assert wall_row().state is ChannelState.LIVE


def test_a_channel_is_read_now(shop: Inbox, sign_in: SignIn) -> None:
    sign_in(LEAD).post("/channels/1/poll")
    assert ("poll_channel", (1,)) in shop.jobs.waiting("fetch")


def test_a_test_shows_its_result_on_the_card(shop: Inbox, wall: Wall, sign_in: SignIn) -> None:
    client = sign_in(LEAD)
    wall.account = AuthenticationFailed("the token has expired")
    card = client.post("/channels/1/test", headers=HX).text
    assert "Testing" in card
    again = card.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    waiting = client.get(again, headers=HX).text
    assert "Testing" in waiting
    shop.run_jobs()
    done = client.get(again, headers=HX).text
    assert "Tested just now: sign-in refused." in done
    assert "the token has expired" in done
    assert "hx-get" not in done


def test_a_test_that_changes_nothing_ends_too(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(LEAD)
    with store.connection():
        Channel.update(account_name="Our wall", account_url=None, health=Health.OK).execute()
    card = client.post("/channels/1/test", headers=HX).text
    again = card.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    shop.run_jobs()
    assert "Tested just now: healthy." in client.get(again, headers=HX).text


def test_a_test_nobody_takes_up_gives_up(shop: Inbox, sign_in: SignIn) -> None:
    client = sign_in(LEAD)
    card = client.post("/channels/1/test", headers=HX).text
    seen = 0
    while "hx-get" in card:
        card = client.get(
            card.split('hx-get="')[1].split('"')[0].replace("&amp;", "&"), headers=HX
        ).text
        seen += 1
    assert seen == 15
    assert "No worker has taken the test up yet" in card


def test_a_test_without_a_script_and_without_a_job_queue(shop: Inbox, sign_in: SignIn) -> None:
    shop.jobs.away = True
    client = sign_in(LEAD)
    assert client.post("/channels/1/test").status_code == 303
    assert "is being tested" in client.get("/channels/1").text


def test_a_refused_payload_is_shown_as_text(shop: Inbox, sign_in: SignIn) -> None:
    small, large = refused()
    client = sign_in(LEAD)
    page = client.get(f"/channels/payload/{small.id}").text
    assert "{&#34;unknown&#34;: &#34;&lt;script&gt;alert(1)&lt;/script&gt;&#34;}" in page
    assert "not from this wall" in page
    assert "Try again" not in page
    page = client.get(f"/channels/payload/{large.id}").text
    assert "the first 2.0 KB of 6.0 KB" in page
    assert page.count("[]") <= 1024


def test_one_payload_is_replayed(shop: Inbox, wall: Wall, sign_in: SignIn) -> None:
    small, large = refused()
    wall.payloads[bytes(small.body)] = (post("late", "Late but here", by="zoe"),)
    client = sign_in(ADMIN)
    client.post(f"/channels/payload/{small.id}/replay")
    shop.run_jobs()
    assert [message.text for message in shop.messages()][-1] == "Late but here"
    assert [each.id for each in refused()] == [large.id]
    assert "1 payload is tried again" in client.get("/channels/1").text


def test_all_payloads_of_one_channel_are_replayed(shop: Inbox, wall: Wall, sign_in: SignIn) -> None:
    with store.connection():
        other = Channel.create(name="other", kind="wall")
        Payload.create(
            channel=other, body=b"x", received_at=shop.now, state=PayloadState.QUARANTINED
        )
    client = sign_in(ADMIN)
    client.post("/channels/1/replay")
    assert [each.channel_id for each in refused()] == [other.id]
    client.post("/channels/1/replay")
    assert "Nothing is left to try again." in client.get("/channels/1").text


def test_unsupported_payloads_stand_apart(shop: Inbox, sign_in: SignIn) -> None:
    with store.connection():
        Payload.create(
            channel=1, body=b"x", received_at=shop.now, state=PayloadState.UNSUPPORTED,
            error="a poll",
        )  # fmt: skip
    client = sign_in(LEAD)
    assert "a poll" not in client.get("/channels/1").text
    assert "a poll" in client.get("/channels/1?state=unsupported").text


def test_no_channel_yet_shows_the_lines_to_write(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("earful_admin.manage.channels.channels.channels", lambda: ())
    assert "[channels.our-forum]" in sign_in(LEAD).get("/channels/").text


def test_the_plugins_page_tells_which_model_cannot_be_used(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = Trouble(section="classifiers", name="tone", reason="The model <b> is not here.")
    monkeypatch.setattr(Runtime, "model_troubles", lambda _runtime: [trouble])
    page = sign_in(LEAD).get("/plugins/").text
    assert "classifiers.tone" in page
    assert "The model &lt;b&gt; is not here." in page


def test_plugins_tell_what_they_bring_and_what_failed(shop: Inbox, sign_in: SignIn) -> None:
    page = sign_in(LEAD).get("/plugins/").text
    for words in (
        "earful-wall 1.2.0", "channel wall", "Cannot be loaded", "channels.lost",
        "disabled = [&#34;wall&#34;]", "earful check",
    ):  # fmt: skip
        assert words in page, words


def test_no_plugin_is_explained(
    shop: Inbox, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, earful_plugins: PluginHost
) -> None:
    earful_plugins.records.clear()
    assert "No plugin is installed" in sign_in(LEAD).get("/plugins/").text
