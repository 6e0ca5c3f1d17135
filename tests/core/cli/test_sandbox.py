"""`earful sandbox` and `earful secrets`, as a person would call them."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from earful import Badge, Capabilities, ChannelType, Settings
from earful.cli.demo_config import demo_config
from earful.cli.demo_sandboxes import channel_name, free_port
from earful.plugins import PluginHost

Earful = Callable[..., subprocess.CompletedProcess[str]]


def test_an_unknown_sandbox_names_those_there_are(earful: Earful) -> None:
    told = earful("sandbox", "telegraph")
    assert told.returncode == 2
    assert "no installed plugin brings a sandbox for 'telegraph'" in told.stderr
    assert "there are: " in told.stderr


def test_a_taken_port_is_told(earful: Earful) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = earful("sandbox", "x", "--port", str(taken.getsockname()[1]))
    assert told.returncode == 1
    assert "choose another one with --port" in told.stderr


def test_rotating_makes_a_new_key_and_keeps_the_one_before(earful: Earful, tmp_path: Path) -> None:
    earful("init")
    earful("migrate")
    key = tmp_path / "data" / "encryption_key"
    told = earful("secrets", "rotate")
    assert told.returncode == 0, told.stderr
    assert "Back up" in told.stdout
    first = key.read_text().split()
    earful("secrets", "rotate")
    second = key.read_text().split()
    assert len(second) == 2
    assert second[1] == first[0]


def test_a_new_key_is_one_that_the_configuration_takes(earful: Earful, tmp_path: Path) -> None:
    key = earful("secrets", "new-key").stdout.strip()
    (tmp_path / "config.toml").write_text(f'[security]\nencryption_key = "{key}"\n')
    earful("migrate")
    told = earful("secrets", "rotate")
    assert (told.returncode, told.stdout) == (0, "0 secrets are encrypted with the newest key.\n")


class _Toy:
    title, default_port = "Toy Net", 0

    def app(self, base_url: str, hooks: object) -> None: ...

    def settings(self, base_url: str) -> dict[str, object]:
        return {"base_url": base_url, "watch": [{"name": "us", "any": True}], "cap": 2.5}

    def credentials(self) -> dict[str, str]:
        return {}


def _kind(**fields: object) -> ChannelType:
    known = {
        "kind": "toy",
        "title": "Toy",
        "settings": Settings,
        "parse": lambda _payload: (),
        "badge": Badge(letters="To", colour="#000000"),
        "capabilities": lambda _settings: Capabilities(),
    }
    return ChannelType(**{**known, **fields})  # type: ignore[arg-type]


def test_the_demonstration_is_written_for_any_sandbox() -> None:
    text = demo_config(PluginHost(channel_types={"toy": _kind(sandbox=_Toy)}))
    assert re.search(r'base_url = "http://127.0.0.1:\d+"', text)
    assert "[channels.toy]" in text
    assert 'watch = [{ name = "us", any = true }]' in text
    assert "paused" not in text.split("[channels.toy]")[1]


@pytest.mark.parametrize("broken", [None, lambda: 1 / 0])
def test_a_plugin_without_a_working_sandbox_stands_in_nobodys_way(broken: object) -> None:
    kind = _kind(sandbox=broken, demo=lambda: ())
    text = demo_config(PluginHost(channel_types={"toy": kind}))
    expected = "paused = true" if broken is None else ""
    assert expected in text


def test_channels_are_named_after_what_people_call_the_platform() -> None:
    assert channel_name("X", "twitter") == "x"
    assert channel_name("Toy Net", "toy") == "toy"


def test_a_taken_port_is_replaced_by_a_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) != port
