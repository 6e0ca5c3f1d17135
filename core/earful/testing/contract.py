"""What every plugin promises, as test classes to inherit.

    from earful.testing.contract import ChannelContract

    class TestGuestbook(ChannelContract):
        kind = "guestbook"

The test file stands in `tests/`, captured payloads in `tests/fixtures/`, and the operator's guide
in `README.md` one folder up. Beside each payload `NAME` stands `NAME.expected.json`: what it
parses to, as `plain` tells it. `NAME.payload.json`, if there is one, holds the payload's
`content_type` and `meta`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest

from earful.components import Capabilities, ChannelType, Parsed, Settings
from earful.config import ComponentConfig, Config, load, validate_settings
from earful.errors import ConfigError, PayloadError, PluginError
from earful.plugins import PluginHost
from earful.types import (
    Author,
    Capability,
    ClassifiedMessage,
    InboundMessage,
    Payload,
    Route,
    RoutedItem,
    Seen,
    Surface,
)

__all__ = [
    "HOSTILE_TEXTS",
    "ChannelContract",
    "ClassifierContract",
    "NotifierContract",
    "RouterContract",
    "plain",
]

HOSTILE_TEXTS = (
    "",
    " \n\t",
    "\x00",
    "\ud800\udfff",
    "x" * 100_000,
    "\N{GRINNING FACE}" * 10_000,
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} %s %(x)s",
    "\u202e\u200b\ufeff",
    "'; DROP TABLE message; --",
)
_LONGEST_LABEL = 100
_SECRET_NAMES = re.compile(r"password|secret|token|api_?key")


def plain(value: Any) -> Any:
    """A value as JSON can hold it, without the fields that say nothing."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [(each, plain(getattr(value, each.name))) for each in dataclasses.fields(value)]
        return {each.name: kept for each, kept in fields if _says_something(each, kept)}
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value.value if isinstance(value, Enum) else value


def _says_something(field: dataclasses.Field[Any], value: object) -> bool:
    if isinstance(value, bool):
        return value is not (field.default is True)
    return value not in (None, "", [], {})


@cache
def _installed() -> PluginHost:
    return PluginHost.load(strict=True)


class _Contract:
    """What the contracts share: the component, its folder, and its README's configuration."""

    kind: ClassVar[str]
    section: ClassVar[str]

    @property
    def component(self) -> Any:
        """The installed component of this kind."""
        types = getattr(_installed(), f"{self.section.removesuffix('s')}_types")
        assert self.kind in types, f"no installed plugin brings {self.section} {self.kind!r}"
        return types[self.kind]

    @classmethod
    def folder(cls) -> Path:
        """The plugin's folder, with its README; override it where your tests stand elsewhere."""
        return Path(inspect.getfile(cls)).parents[1]

    @pytest.fixture
    def readme_config(self, tmp_path: Path) -> Config:
        """What the README's examples configure, with a word for every secret they refer to."""
        text = (self.folder() / "README.md").read_text(encoding="utf-8")
        examples = re.findall(r"^```toml\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        environment = dict.fromkeys(
            re.findall(r'env = "(\w+)"', text), "https://example.org/secret"
        )
        file = tmp_path / "config.toml"
        file.write_text("\n".join(examples), encoding="utf-8")
        return load(file, environment)

    @pytest.fixture
    def configured(self, readme_config: Config) -> list[Settings]:
        """The settings of this kind that the README shows."""
        components: Mapping[str, ComponentConfig] = getattr(readme_config, self.section)
        mine = [each for each in components.values() if each.type == self.kind]
        assert mine, f"README.md shows no [{self.section}.NAME] with type = {self.kind!r}"
        return [validate_settings(each, self.component.settings, "README.md") for each in mine]

    def test_the_readme_shows_a_configuration_that_loads(self, configured: list[Settings]) -> None:
        assert configured

    def test_the_readme_explains_every_setting(self) -> None:
        text = (self.folder() / "README.md").read_text(encoding="utf-8")
        for name in self.component.settings.model_fields:
            assert f"`{name}`" in text, name

    def test_unknown_settings_are_mistakes(self) -> None:
        nonsense = ComponentConfig(
            name="x", type=self.kind, table=f"{self.section}.x", settings={"no_such_setting": 1}
        )
        with pytest.raises(ConfigError, match="no_such_setting"):
            validate_settings(nonsense, self.component.settings, "config.toml")

    def test_secrets_are_masked(self) -> None:
        for name, field in self.component.settings.model_fields.items():
            if _SECRET_NAMES.search(name):
                assert "Secret" in str(field.annotation), f"{name} should be a SecretStr"

    def test_it_has_a_title(self) -> None:
        assert self.component.title


class ChannelContract(_Contract):
    """Promises of a kind of channel."""

    section = "channels"

    @classmethod
    def fixtures(cls) -> list[Path]:
        """The captured payloads."""
        folder = Path(inspect.getfile(cls)).parent / "fixtures"
        beside = (".expected.json", ".payload.json")
        return sorted(path for path in folder.iterdir() if not path.name.endswith(beside))

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        if "fixture" in metafunc.fixturenames:
            metafunc.parametrize("fixture", cls.fixtures(), ids=lambda path: path.name)

    @property
    def channel(self) -> ChannelType:
        """The installed kind of channel."""
        found: ChannelType = self.component
        return found

    def parse(self, payload: Payload) -> list[Parsed]:
        """What the plugin reads out of a payload."""
        return list(self.channel.parse(payload))

    def test_there_are_captured_payloads(self) -> None:
        assert self.fixtures()

    def test_a_captured_payload_parses_to_what_is_expected(self, fixture: Path) -> None:
        items = self.parse(_payload(fixture))
        found = [{"type": type(each).__name__, **plain(each)} for each in items]
        expected = fixture.with_name(f"{fixture.name}.expected.json")
        told = json.dumps(found, indent=2, ensure_ascii=False)
        assert expected.exists(), f"{expected.name} is missing; it would be\n{told}"
        assert found == json.loads(expected.read_text(encoding="utf-8"))

    def test_parsing_twice_gives_the_same(self, fixture: Path) -> None:
        assert self.parse(_payload(fixture)) == self.parse(_payload(fixture))

    def test_each_message_can_be_told_from_the_others(self, fixture: Path) -> None:
        messages = _messages(self.parse(_payload(fixture)))
        ids = [message.external_id for message in messages]
        assert all(ids)
        assert len(ids) == len(set(ids))

    def test_times_are_aware_and_in_utc(self, fixture: Path) -> None:
        for message in _messages(self.parse(_payload(fixture))):
            for moment in (message.sent_at, message.edited_at, message.visible_at):
                assert moment is None or moment.utcoffset() == timedelta(0), message.external_id

    @pytest.mark.parametrize("body", [b"", b"{}", b"\x00\xff", b"[1, null]"], ids=repr)
    def test_what_is_no_payload_of_this_platform_is_refused(self, body: bytes) -> None:
        with pytest.raises(PayloadError):
            self.parse(Payload(body=body))

    def test_a_damaged_payload_is_read_or_refused(self, fixture: Path) -> None:
        whole = _payload(fixture)
        for body in _damaged(whole.body):
            damaged = dataclasses.replace(whole, body=body)
            try:
                items = self.parse(damaged)
            except PayloadError:
                continue
            assert all(
                each.thread_id if isinstance(each, Seen) else each.external_id for each in items
            )

    def test_every_absent_capability_has_its_reason(self, configured: list[Settings]) -> None:
        for settings in configured:
            for name, capability in _abilities(self.channel.capabilities(settings)):
                assert capability.allowed or capability.reason, name

    def test_a_channel_that_can_answer_has_a_sender(self, configured: list[Settings]) -> None:
        for settings in configured:
            if self.channel.capabilities(settings).reply.allowed:
                assert self.channel.sender is not None

    def test_what_it_takes_as_attachment_fits_what_it_declares(
        self, configured: list[Settings]
    ) -> None:
        for settings in configured:
            can = self.channel.capabilities(settings)
            taken = [each for each in (can.public_media, can.private_media) if each is not None]
            assert bool(taken) == can.media.allowed
            for media in taken:
                assert media.largest
                assert media.most > 0
                assert media.alt_length >= 0
                for content_type, largest in media.largest.items():
                    assert re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", content_type)
                    assert largest > 0

    def test_messages_reach_it_somehow(self) -> None:
        assert self.channel.source or self.channel.webhook

    def test_the_length_of_a_reply_is_counted(self) -> None:
        for surface in (Surface.PUBLIC_REPLY, Surface.PRIVATE):
            count = self.channel.counter(surface)
            assert all(count(text) >= 0 for text in HOSTILE_TEXTS)
            assert count("ab") > count("a") > 0

    def test_the_badge_is_two_letters_on_a_colour(self) -> None:
        assert re.fullmatch(r"\w{1,2}", self.channel.badge.letters)
        assert re.fullmatch(r"#[0-9a-fA-F]{6}", self.channel.badge.colour)

    def test_what_it_shows_in_a_demonstration_parses(self) -> None:
        for payload in self.channel.demo() if self.channel.demo else ():
            assert self.parse(payload)


def _payload(fixture: Path) -> Payload:
    beside = fixture.with_name(f"{fixture.name}.payload.json")
    facts = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
    return Payload(body=fixture.read_bytes(), **facts)


def _messages(items: list[Parsed]) -> list[InboundMessage]:
    return [each for each in items if isinstance(each, InboundMessage)]


def _damaged(body: bytes) -> Iterator[bytes]:
    """The payload cut short in many places, and with bytes that belong nowhere."""
    step = max(len(body) // 40, 1)
    for place in range(0, len(body), step):
        yield body[:place]
        yield body[:place] + b"\x00\xff" + body[place + 2 :]


def _abilities(capabilities: Capabilities) -> Iterator[tuple[str, Capability]]:
    for each in dataclasses.fields(capabilities):
        value = getattr(capabilities, each.name)
        if isinstance(value, Capability):
            yield each.name, value


class ClassifierContract(_Contract):
    """Promises of a kind of classifier."""

    section = "classifiers"

    @pytest.fixture
    def classifier(self, configured: list[Settings]) -> Any:
        return self.component.create(configured[0])

    def message(self, text: str, number: int = 1) -> ClassifiedMessage:
        """A message with this text; override it to vary what else a message has."""
        return ClassifiedMessage(
            id=number,
            text=text,
            surface=Surface.PUBLIC_REPLY,
            language=None,
            channel="blog",
            author_name="Ann",
        )

    def test_it_names_its_version(self) -> None:
        assert 0 < len(self.component.version) <= _LONGEST_LABEL

    def test_the_labels_people_may_correct_are_named_once(self) -> None:
        namespaces = [each.namespace for each in self.component.labels]
        assert len(set(namespaces)) == len(namespaces)
        for each in self.component.labels:
            assert len(set(each.values)) == len(each.values) > 0
            for value in each.values:
                assert re.fullmatch(r"[\w.-]+:[\w.-]+", f"{each.namespace}:{value}")

    def test_a_message_gets_at_most_one_label_of_each_set(self, classifier: Any) -> None:
        sets = {each.namespace: each.values for each in self.component.labels}
        texts = ("Great, thank you!", "This is terrible. Again!", *HOSTILE_TEXTS)
        for labels in classifier.classify([self.message(text) for text in texts]):
            said = [name.split(":", 1) for name in _named(labels) if name.split(":")[0] in sets]
            assert len({namespace for namespace, _ in said}) == len(said)
            assert all(value in sets[namespace] for namespace, value in said)

    def test_its_card_is_text_or_it_says_why_there_is_none(
        self, configured: list[Settings]
    ) -> None:
        for settings in configured if self.component.card else ():
            with contextlib.suppress(PluginError):
                assert isinstance(self.component.card(settings), str)

    def test_nothing_gives_nothing(self, classifier: Any) -> None:
        assert classifier.classify([]) == []

    def test_every_message_gets_its_own_list(self, classifier: Any) -> None:
        batch = [self.message(text, at) for at, text in enumerate(HOSTILE_TEXTS)]
        assert len(classifier.classify(batch)) == len(batch)

    def test_the_batch_does_not_change_the_answer(self, classifier: Any) -> None:
        texts = ("Great, thank you!", "This is terrible.", "The parcel came on Monday.")
        batch = [self.message(text) for text in texts]
        alone = [classifier.classify([message])[0] for message in batch]
        assert [_named(each) for each in classifier.classify(batch)] == [_named(e) for e in alone]

    @pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: ascii(text[:12]))
    def test_hostile_text_is_survived(self, classifier: Any, text: str) -> None:
        (labels,) = classifier.classify([self.message(text)])
        for label in labels:
            assert re.fullmatch(r"[\w.-]+:[\w.-]+", label.name)
            assert len(label.name) <= _LONGEST_LABEL
            assert label.score is None or 0 <= label.score <= 1


def _named(labels: Any) -> list[str]:
    return [label.name for label in labels]


class RouterContract(_Contract):
    """Promises of a kind of router."""

    section = "routers"

    @pytest.mark.parametrize("text", HOSTILE_TEXTS, ids=lambda text: ascii(text[:12]))
    def test_it_decides_with_a_reason_or_not_at_all(
        self, configured: list[Settings], text: str
    ) -> None:
        route = self.component.create(configured[0]).route(self.item(text))
        assert route is None or isinstance(route, Route)
        if route is not None:
            assert route.queue
            assert route.reason

    def item(self, text: str) -> RoutedItem:
        """A message with this text; override it to vary what else is known."""
        return RoutedItem(
            message_id=1,
            conversation_id=1,
            channel="blog",
            channel_type="forums",
            surface=Surface.PUBLIC_REPLY,
            text=text,
            title=text[:80],
            author=Author(external_id="1", name="Ann"),
            language=None,
            labels=(),
            conversation_is_new=True,
        )


class NotifierContract(_Contract):
    """Promises of a kind of notifier. What it sends is for its own tests: nothing is sent here."""

    section = "notifiers"

    def test_it_can_be_made_without_calling_anybody(self, configured: list[Settings]) -> None:
        for settings in configured:
            assert callable(self.component.create(settings).notify)
