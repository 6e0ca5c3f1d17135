"""Plugins are found, loaded and registered; one that fails stands alone with its reason."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from earful.errors import PluginError
from earful.plugins import GROUP, PluginHost, PluginStatus

GOOD = """
from earful import Badge, Capabilities, ChannelType, Settings, hookimpl

@hookimpl
def register_channels():
    yield ChannelType(
        kind="{kind}", title="T", settings=Settings, parse=lambda payload: [],
        badge=Badge(letters="AB", colour="#123456"), capabilities=lambda s: Capabilities(),
    )
"""
Written = Callable[..., EntryPoint]


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Written:
    """A plugin whose module has this source."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name: str, source: str) -> EntryPoint:
        module = f"stranger_{name}_{tmp_path.name}".replace("-", "_")
        tmp_path.joinpath(f"{module}.py").write_text(source.replace("{kind}", name))
        return EntryPoint(name=name, value=module, group=GROUP)

    return write


def status(host: PluginHost) -> dict[str, str]:
    return {record.name: str(record.status) for record in host.records}


def test_a_plugin_registers_what_it_brings(written: Written) -> None:
    host = PluginHost.load(found=[written("good", GOOD)], strict=True)

    (record,) = host.records
    assert (record.status, record.provides) == (PluginStatus.ACTIVE, ("channel good",))
    assert host.channel_types["good"].title == "T"


@pytest.mark.parametrize(
    ("source", "failed", "reason"),
    [
        ("import no_such_library", "failed_import", "No module named 'no_such_library'"),
        ("raise RuntimeError('boom')", "failed_import", "boom"),
        ("def broken(:", "failed_import", "SyntaxError"),
        (GOOD.replace("yield", "raise KeyError('x');"), "failed_register", "KeyError"),
        (GOOD.replace("register_channels", "register_chanels"), "failed_register", "chanels"),
        (GOOD.replace("register_channels", "register_routers"), "failed_register", "RouterType"),
        (GOOD.replace("    yield", "    return 1 or"), "failed_register", "int"),
    ],
    ids=["library", "import", "syntax", "hook", "misspelt", "wrong type", "not iterable"],
)
def test_a_plugin_that_fails_leaves_the_others_alone(
    written: Written, source: str, failed: str, reason: str
) -> None:
    points = [written("bad", source), written("good", GOOD)]

    host = PluginHost.load(found=points)

    assert status(host) == {"bad": failed, "good": "active"}
    assert reason in host.records[0].reason
    assert reason in host.unknown_kind("bad")
    assert list(host.channel_types) == ["good"]
    with pytest.raises(PluginError, match="plugin bad"):
        PluginHost.load(found=points, strict=True)


def test_a_plugin_that_ends_the_process_at_import_is_contained(written: Written) -> None:
    host = PluginHost.load(found=[written("bad", "raise SystemExit(3)"), written("good", GOOD)])

    assert status(host) == {"bad": "failed_import", "good": "active"}


def test_a_half_registered_plugin_brings_nothing(written: Written) -> None:
    half = GOOD + "\n@hookimpl\ndef register_routers():\n    raise ValueError('half')\n"

    host = PluginHost.load(found=[written("half", half)])

    assert status(host) == {"half": "failed_register"}
    assert host.channel_types == {}


def test_the_second_plugin_of_a_kind_is_refused(written: Written) -> None:
    first, second = written("aaa", GOOD), written("bbb", GOOD.replace("{kind}", "aaa"))

    host = PluginHost.load(found=[second, first])

    assert status(host) == {"aaa": "active", "bbb": "failed_register"}
    assert "another plugin" in host.records[1].reason


def test_a_plugin_with_two_components_of_a_kind_is_refused(written: Written) -> None:
    twice = GOOD + GOOD.partition("def register_channels():")[2]

    host = PluginHost.load(found=[written("twice", twice)])

    assert status(host) == {"twice": "failed_register"}


def test_a_disabled_plugin_is_not_imported(written: Written) -> None:
    host = PluginHost.load(found=[written("bad", "raise RuntimeError")], disabled=["bad"])

    assert status(host) == {"bad": "disabled"}
    assert "switched off" in host.unknown_kind("bad")


def test_what_no_plugin_brings_is_said(written: Written) -> None:
    assert "no installed plugin" in PluginHost.load(found=[]).unknown_kind("fax")


def test_the_built_in_plugins_load() -> None:
    host = PluginHost.load(strict=True)

    assert {record.name for record in host.records} >= {"forums", "notify", "sentiment"}
    assert {record.distribution for record in host.records if record.name == "forums"} == {"earful"}
