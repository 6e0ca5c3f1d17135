from __future__ import annotations

import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import earful.cli as earful_cli
import pytest
from earful import store
from earful.job_queue import EmbeddedServer
from earful.store.leases import beat
from earful.store.models import Channel

from tests.post_office import open_post_office

Earful = Callable[..., subprocess.CompletedProcess[str]]


def test_help_names_every_command(earful: Earful) -> None:
    told = earful("--help")
    assert told.returncode == 0
    for command in earful_cli._MODULES:
        assert f"\n  {command}" in told.stdout


def test_unknown_command_is_a_mistake(earful: Earful) -> None:
    told = earful("frob")
    assert told.returncode == 2
    assert "frob" in told.stderr


def test_init_writes_a_configuration_that_loads(earful: Earful, tmp_path: Path) -> None:
    assert earful("init").returncode == 0
    assert "poll_every_seconds" in (tmp_path / "config.toml").read_text()
    again = earful("init")
    assert again.returncode == 2
    assert "left as it is" in again.stderr
    assert earful("migrate").stdout.endswith("applied.\n")
    assert earful("migrate").stdout == "The database is current.\n"
    checked = earful("check")
    assert checked.returncode == 0, checked.stderr
    assert "Everything is in order." in checked.stdout
    for name in ("config.toml", "data", "data/earful.db"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, name


def test_check_says_which_business_hours_are_in_force(earful: Earful, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[business_hours]\ntimezone = "Europe/Berlin"\nmonday = ["9:00-17:00"]\n')
    assert earful("migrate").returncode == 0
    assert "business hours: from the configuration, Europe/Berlin" in earful("check").stdout
    (database,) = tmp_path.rglob("*.db")
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("INSERT INTO setting VALUES ('business_hours', '{\"week\": 3}')")
    told = earful("check")
    assert told.returncode == 1
    assert "business hours: what was saved in the browser cannot be read" in told.stderr


def test_mistakes_are_told_without_a_traceback(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[server]\nport = 'x'\n[inbox]\nundo_second = 3\n")
    told = earful("check")
    assert told.returncode == 2
    assert told.stderr.splitlines() == [
        "config.toml: server.port: expected a whole number between 0 and 65535",
        'config.toml: inbox.undo_second: unknown name; did you mean "undo_seconds"?',
    ]


def test_a_database_that_is_not_ready_says_what_to_run(earful: Earful) -> None:
    for command in ("up", "export", "status", "channels"):
        told = earful(command)
        assert told.returncode == 2
        assert "Run: earful migrate" in told.stderr
        assert "Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql://earful@127.0.0.1:1/earful", "Connection refused"),
        ("sqlite:///config.toml", "file is not a database"),
        ("sqlite:///config.toml/earful.db", "cannot be made: "),
    ],
)
def test_a_database_that_cannot_be_used_is_told_with_its_setting(
    earful: Earful, tmp_path: Path, url: str, why: str
) -> None:
    (tmp_path / "config.toml").write_text(f'[store]\nurl = "{url}"\n' + "# nothing more\n" * 50)
    for command in ("status", "check"):
        told = earful(command)
        assert told.returncode == 1
        assert why in told.stderr
        assert "store.url: " in told.stderr
        assert "unexpected" not in told.stderr
    assert "be made" in why or "wrong." in told.stdout


def test_trace_shows_where(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("x = 1")
    assert "Traceback" in earful("check", EARFUL_TRACE="1").stderr


def test_failed_account_makes_check_fail(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[channels.blog]\ntype = "forums"\nurl = "http://127.0.0.1:9/"\n'
    )
    earful("migrate")
    told = earful("check")
    assert told.returncode == 1
    assert "WRONG  channels.blog: " in told.stderr
    assert earful("check", "--offline").returncode == 0


def test_check_tries_the_mail_server(earful: Earful, tmp_path: Path) -> None:
    earful("migrate")
    assert "mail: off" in earful("check").stdout
    with open_post_office(tmp_path) as office:
        settings = f'host = "127.0.0.1"\nport = {office.port}\nfrom_address = "e@example.org"\n'
        (tmp_path / "config.toml").write_text(f'[mail]\ntls = "none"\n{settings}')
        told = earful("check")
        assert f"mail server 127.0.0.1, port {office.port} answers" in told.stdout
        assert told.returncode == 0
        (tmp_path / "config.toml").write_text(f"[mail]\n{settings}")
        told = earful("check")
    assert told.returncode == 1
    assert "WRONG  mail: mail server 127.0.0.1" in told.stderr
    assert "offers no STARTTLS" in told.stderr
    assert earful("check", "--offline").returncode == 0
    assert office.mails == []


def test_people_are_added_and_get_new_passwords(earful: Earful, tmp_path: Path) -> None:
    earful("migrate")
    add = ("user", "add", "ann@example.org", "--name", "Ann", "--role", "admin")
    assert "can sign in as admin" in earful(*add, stdin="a long password\n").stdout
    again = earful(*add, stdin="a long password\n")
    assert again.returncode == 1
    assert "ann@example.org is there already." in again.stderr
    assert earful(*add[:-1], "boss", stdin="a long password\n").returncode == 2
    changed = earful("user", "password", "ann@example.org", stdin="another long one\n")
    assert "new password" in changed.stdout
    assert earful("user", "password", "bob@example.org", stdin="x\n").returncode == 1
    with sqlite3.connect(tmp_path / "data/earful.db") as database:
        found = database.execute("SELECT email, epoch FROM agent").fetchall()
    database.close()
    assert found == [("ann@example.org", 1)]


def test_plugins_are_listed_with_their_state(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[plugins]\ndisabled = ["notify"]')
    lines = earful("plugins").stdout.splitlines()
    assert any("forums" in line and "active" in line for line in lines)
    assert any("notify" in line and "disabled" in line for line in lines)


def test_parse_writes_messages_or_the_reason(earful: Earful) -> None:
    feed = (
        '<rss version="2.0"><channel><title>Blog</title><link>https://blog.example/</link>'
        "<item><title>First</title><link>https://blog.example/1</link><guid>1</guid>"
        "<description>Hello</description><pubDate>Mon, 02 Nov 2026 10:00:00 GMT</pubDate></item>"
        "</channel></rss>"
    )
    told = earful("parse", "--type", "forums", "--meta", "url=https://blog.example/", stdin=feed)
    (message,) = [json.loads(line) for line in told.stdout.splitlines()]
    assert (message["what"], message["text"]) == ("InboundMessage", "Hello")
    wrong = earful("parse", "--type", "forums", stdin="neither this nor that")
    assert wrong.returncode == 1
    assert wrong.stdout == ""
    assert wrong.stderr.startswith("Error: ")
    like = '{"data": {"event_type": "like.create", "payload": {}}}'
    left_alone = earful("parse", "--type", "twitter", stdin=like)
    assert (left_alone.returncode, left_alone.stdout) == (0, "")
    assert left_alone.stderr.startswith("not handled: ")
    unknown = earful("parse", "--type", "nonesuch")
    assert unknown.returncode == 2
    assert "nonesuch" in unknown.stderr


def test_classify_answers_each_line(earful: Earful) -> None:
    told = earful("classify", stdin="I love it\n\nThis is awful and I hate it\n")
    assert told.returncode == 0, told.stderr
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(lines) == 3
    (tone,) = lines[0]
    assert tone["name"] == "sentiment:positive"
    assert sum(tone["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert tone["score"] == tone["probabilities"]["positive"]
    assert lines[1] == []


def test_classify_answers_hostile_lines_one_by_one(tmp_path: Path) -> None:
    hostile = [b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"a\rb\r", b"", b"x" * 3_000_000, b"last"]
    told = subprocess.run(
        [sys.executable, "-m", "earful", "classify"],
        input=b"\n".join(hostile),
        capture_output=True,
        check=False,
        cwd=tmp_path,
    )
    assert told.returncode == 0, told.stderr
    assert [type(json.loads(line)) for line in told.stdout.splitlines()] == [list] * len(hostile)


def test_status_tells_how_channels_are_and_who_lives(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    assert earful("migrate").returncode == 0
    store.open_database(f"sqlite:///{tmp_path}/data/earful.db")
    try:
        with store.connection():
            Channel.create(name="blog", kind="forums", state="paused", health="auth_required")
            beat("ticker@here", "ticker", datetime.now(UTC))
    finally:
        store.close()

    with EmbeddedServer(tmp_path / "data"):
        told = earful("status")

    assert told.returncode == 0, told.stderr
    assert "channel blog: paused, auth_required\n" in told.stdout
    assert re.search(
        r"^ticker ticker@here: last sign of life \d+ s ago$", told.stdout, re.MULTILINE
    )
    assert "job queues: " in told.stdout


def test_status_says_when_the_job_queue_is_away(earful: Earful) -> None:
    earful("migrate")
    told = earful("status")
    assert told.returncode == 1
    assert told.stdout.startswith("unfinished: 0 payloads")
    assert "job queue does not answer" in told.stderr


def test_check_tells_a_plugin_that_is_left_out_but_not_there(
    earful: Earful, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('[plugins]\ndisabled = ["forumss"]\n')
    earful("migrate")
    told = earful("check", "--offline")
    assert told.returncode == 1
    assert "plugins.disabled: no installed plugin is named 'forumss'; did you mean" in told.stderr


def test_a_payload_beyond_all_numbers_is_refused(earful: Earful) -> None:
    told = earful("replay", "--payload", "9" * 23)
    assert told.returncode == 2
    assert "is not in the range" in told.stderr


def test_replay_without_work_does_nothing(earful: Earful) -> None:
    earful("migrate")
    assert earful("replay").stdout == "0 payloads are tried again.\n"


def test_logs_mask_secrets(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[store]\nurl = "postgresql://me:unspeakable@127.0.0.1:9/earful"\n'
    )
    told = earful("migrate")
    assert told.returncode == 1
    assert "unspeakable" not in told.stderr + told.stdout
    assert "Traceback" not in told.stderr


def test_a_taken_port_is_told(earful: Earful) -> None:
    earful("migrate")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = earful("up", "--port", str(taken.getsockname()[1]))
    assert told.returncode == 2
    assert "choose another one" in told.stderr


def test_a_mistake_in_a_plugins_settings_stops_up(earful: Earful, tmp_path: Path) -> None:
    earful("migrate")
    (tmp_path / "config.toml").write_text('[channels.blog]\ntype = "forums"\nulr = "x"\n')
    told = earful("up", "--port", "0")
    assert told.returncode == 2
    assert 'channels.blog.ulr: unknown name; did you mean "url"?' in told.stdout


def test_mistakes_of_core_and_of_plugins_are_told_together(earful: Earful, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[server]\nport = "soon"\n[channels.blog]\ntype = "forums"\nurl = 3\n'
        '[classifiers.tone]\ntype = "sentimnt"\n'
    )
    refused = earful("up")
    assert refused.returncode == 2
    assert "server.port: expected a whole number" in refused.stderr
    assert "channels.blog.url: expected text" in refused.stderr
    assert "did you mean 'sentiment'" in refused.stderr
