from __future__ import annotations

import re
import stat
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from earful.components import Settings
from earful.config import (
    ComponentConfig,
    Config,
    example,
    load,
    masked,
    new_encryption_key,
    validate_settings,
)
from earful.config.components import ChannelConfig
from earful.config.models import BusinessHoursConfig, MailConfig
from earful.errors import ConfigError
from pydantic import BaseModel, Field, SecretStr, field_validator


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text), environ)
    return caught.value.problems


def uncommented(text: str) -> str:
    return re.sub(r"^#(?=\[|\w+ =)", "", text, flags=re.MULTILINE)


def test_example_is_the_defaults(tmp_path: Path) -> None:
    config = load(written(tmp_path, example()), {})
    defaults = load(written(tmp_path, ""), {})
    assert config == defaults


def test_example_names_every_setting_with_its_default() -> None:
    tables = tomllib.loads(uncommented(example()))
    named = {
        (table, name) for table, keys in tables.items() if isinstance(keys, dict) for name in keys
    }
    for table, field in Config.model_fields.items():
        if isinstance(field.default, BaseModel):
            for name in type(field.default).model_fields:
                assert (table, name) in named, f"{table}.{name}"
    assert set(BusinessHoursConfig.model_fields) == set(tables["business_hours"])
    assert set(MailConfig.model_fields) == set(tables["mail"])
    assert set(ChannelConfig.own_names) == set(tables["channels"]["our-forum"])
    for section in ("classifiers", "routers", "notifiers"):
        assert [set(table) for table in tables[section].values()] == [{"type"}]


def test_every_setting_in_the_example_has_a_comment() -> None:
    lines = example().splitlines()
    for before, line in pairwise(lines):
        if re.match(r"#?\w+ =", line) and not re.match(r"#?(\w+day) =", line):
            assert before.startswith("# "), line


def test_uncommented_example_loads(tmp_path: Path) -> None:
    secrets = dict.fromkeys(re.findall(r'env = "(\w+)"', example()), "a-secret-text")
    secrets["EARFUL_ENCRYPTION_KEY"] = new_encryption_key()
    config = load(written(tmp_path, uncommented(example()).replace("NAME", "PATH")), secrets)
    assert config.channels["our-forum"].type == "forums"
    assert config.mail is not None
    assert config.mail.password is not None
    assert config.business_hours is not None
    assert config.business_hours.holidays == ("2026-12-25",)


def test_every_mistake_is_told_with_file_and_key(tmp_path: Path) -> None:
    text = """
    dat_dir = "x"
    [server]
    port = 99999
    hots = "a"
    metrics_allow = ["10.0.0.0/8", "nope"]
    [store]
    url = "mysql://x"
    password = { env = "NOPE" }
    [business_hours]
    timezone = "Mars/Base"
    monday = ["9-17"]
    tuesday = "late"
    [channels.blog]
    type = "forums"
    poll_every_seconds = 5
    token = { file = "nowhere" }
    [channels.Bad]
    [routers]
    loose = 1
    [inbox]
    languages = ["english"]
    """
    text = re.sub(r"^ +", "", text, flags=re.MULTILINE)
    assert sorted(problems(tmp_path, text)) == sorted([
        "config.toml: store.password: the environment variable NOPE is not set",
        f"config.toml: channels.blog.token: the file {tmp_path}/nowhere cannot be read",
        "config.toml: channels.blog.poll_every_seconds: expected a whole number of at least 10",
        "config.toml: channels.Bad: expected a name of lower-case letters, digits, _ and -",
        "config.toml: channels.Bad.type: missing; expected text, not empty",
        "config.toml: routers.loose: expected a table: [routers.loose]",
        "config.toml: server.port: expected a whole number between 0 and 65535",
        "config.toml: server.metrics_allow[1]: expected an IP address or network",
        'config.toml: server.hots: unknown name; did you mean "host"?',
        "config.toml: store.url: expected an address that starts with sqlite:/// or postgresql://",
        ('config.toml: inbox.languages[0]: expected a language code of two or three letters, '
        'such as "en"'),
        ('config.toml: business_hours.timezone: expected the name of a time zone, '
        'such as "Europe/Berlin"'),
        ('config.toml: business_hours.monday[0]: expected times such as "09:00-17:00" or '
        '"22:00-02:00"'),
        "config.toml: business_hours.tuesday: expected a list (text each)",
        'config.toml: dat_dir: unknown name; did you mean "data_dir"?',
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[server", "config.toml: not valid TOML: "),
        ("file = 'x'", "config.toml: file: unknown name; "),
        ("server = 3", "config.toml: server: expected a table"),
        ("channels = 3", "config.toml: channels: expected tables such as [channels.NAME]"),
        ("[inbox]\nlanguages = []", "config.toml: inbox.languages: expected a list"),
        ("[server]\npublic_url = 'ftp://x'", "config.toml: server.public_url: expected an address"),
        ("[business_hours]\nmonday = ['09:00-09:00']", "config.toml: business_hours.monday[0]: "),
        ("[business_hours]\nholidays = ['soon']", "config.toml: business_hours.holidays[0]: "),
        (
            "[job_queue]\nredis_url = 'redis://h:no/0'",
            "config.toml: job_queue.redis_url: expected ",
        ),
        ("[store]\nurl = 'postgresql://h:no/x'", "config.toml: store.url: expected a port"),
        ('[store]\nurl = "sqlite:///x\\u0000"', "config.toml: store.url: expected text without"),
        ('data_dir = "x\\u0000"', "config.toml: data_dir: expected text without"),
        ("data_dir = { env = 'NO' }", "config.toml: data_dir: the environment variable NO is"),
        ("[job_queue]\nredis_url = 'http://x'", "config.toml: job_queue.redis_url: expected an "),
    ],
)
def test_a_mistake_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    assert problems(tmp_path, text)[0].startswith(told)


def test_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="earful init"):
        load(tmp_path / "config.toml", {})


def test_file_that_is_not_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load(tmp_path / "config.toml", {})


def test_file_is_found_through_the_environment(tmp_path: Path) -> None:
    path = written(tmp_path, "[retention]\npayload_days = 3")
    assert load(None, {"EARFUL_CONFIG": str(path)}).retention.payload_days == 3


def test_file_is_found_in_the_working_directory_else_defaults_hold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}).file is None
    written(tmp_path, "")
    assert load(None, {}).file == tmp_path / "config.toml"


def test_derived_settings_follow_the_file(tmp_path: Path) -> None:
    config = load(written(tmp_path, "[server]\nhost = '0.0.0.0'\nport = 81"), {})
    assert config.data_dir == tmp_path / "data"
    assert config.database_url() == f"sqlite:///{tmp_path}/data/earful.db"
    assert config.server.public_url == "http://localhost:81"
    assert config.redis_url() == ""


def test_secrets_come_from_environment_and_files(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    text = """
[channels.blog]
type = "x"
a = { env = "A" }
b = { file = "token" }
c = ["d", { env = "A" }]
"""
    config = load(written(tmp_path, text), {"A": "from-the-environment"})
    assert config.channels["blog"].settings == {
        "a": "from-the-environment",
        "b": "from-a-file",
        "c": ["d", "from-the-environment"],
    }
    assert "from-" not in repr(config)
    assert masked("x from-a-file y") == "x ********** y"


def test_any_text_may_be_a_reference(tmp_path: Path) -> None:
    assert (
        load(written(tmp_path, "data_dir = { env = 'D' }"), {"D": "x"}).data_dir == tmp_path / "x"
    )


def test_passwords_join_their_addresses_escaped(tmp_path: Path) -> None:
    text = """
[store]
url = "postgresql://me@db/earful"
password = "p@ss/word"
[job_queue]
redis_url = "redis://cache:6379/0"
password = "hush:hush"
"""
    config = load(written(tmp_path, text), {})
    assert config.database_url() == "postgresql://me:p%40ss%2Fword@db/earful"
    assert config.redis_url() == "redis://:hush%3Ahush@cache:6379/0"
    assert "hush" not in repr(config)
    assert "p@ss" not in repr(config)
    assert masked("hush:hush p@ss/word") == "********** **********"


def test_order_of_the_file_is_kept(tmp_path: Path) -> None:
    text = "\n".join(f"[routers.{name}]\ntype = 'x'" for name in "cab")
    assert list(load(written(tmp_path, text), {}).routers) == ["c", "a", "b"]


def test_secret_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    key = load(path, {}).secret_key()
    assert len(key) > 40
    assert load(path, {}).secret_key() == key
    assert stat.S_IMODE((tmp_path / "data/secret_key").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret_key"]


def test_encryption_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    keys = load(path, {}).encryption_keys()
    assert load(path, {}).encryption_keys() == keys
    file = tmp_path / "data/encryption_key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    load(path, {}).add_encryption_key()
    assert load(path, {}).encryption_keys()[1:] == keys
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_configured_encryption_keys_are_used_and_masked(tmp_path: Path) -> None:
    keys = (new_encryption_key(), new_encryption_key())
    path = written(tmp_path, '[security]\nencryption_key = {env = "KEYS"}')
    assert load(path, {"KEYS": " ".join(keys)}).encryption_keys() == keys
    assert keys[1] not in masked(f"key={keys[1]}")


def test_what_is_no_encryption_key_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"security.encryption_key: .*secrets new-key"):
        load(written(tmp_path, "[security]\nencryption_key = 'short'"), {})


def test_configured_secret_key_is_used(tmp_path: Path) -> None:
    config = load(written(tmp_path, "[server]\nsecret_key = 'a-long-key'"), {})
    assert config.secret_key() == "a-long-key"
    assert not config.data_dir.exists()


class Feed(Settings):
    url: str


class Blog(Settings):
    token: SecretStr = Field(min_length=3)
    tags: tuple[str, ...] = ()
    depth: int | None = Field(None, ge=1, le=3)
    feeds: dict[str, Feed] = Field(default_factory=dict)
    more: tuple[Feed, ...] = ()


def test_a_components_settings_are_validated_in_the_same_words() -> None:
    component = ComponentConfig(
        name="blog",
        type="blog",
        table="channels.blog",
        settings={
            "tokn": "sss",
            "token": "ab",
            "tags": ["a", 4],
            "depth": 9,
            "feeds": {"a": {"url": 3}},
            "more": [{"ulr": "3"}],
        },
    )
    with pytest.raises(ConfigError) as caught:
        validate_settings(component, Blog, "config.toml")
    assert sorted(caught.value.problems) == sorted([
        ('config.toml: channels.blog.token: expected text, { env = "NAME" } or '
        '{ file = "path" }, 3 or longer'),
        "config.toml: channels.blog.tags[1]: expected text",
        "config.toml: channels.blog.depth: expected a whole number between 1 and 3",
        "config.toml: channels.blog.feeds.a.url: expected text",
        "config.toml: channels.blog.more[0].url: missing; expected text",
        'config.toml: channels.blog.more[0].ulr: unknown name; did you mean "url"?',
        'config.toml: channels.blog.tokn: unknown name; did you mean "token"?',
    ])  # fmt: skip


def test_a_plugin_that_fails_on_settings_is_named_with_file_and_table() -> None:
    class Broken(Settings):
        @field_validator("*", mode="before")
        @classmethod
        def _look_up(cls, value: str) -> str:
            return {}[value]

        url: str

    component = ComponentConfig(
        name="blog", type="forums", table="channels.blog", settings={"url": "x"}
    )
    with pytest.raises(ConfigError, match=r"config.toml: channels.blog: .*'forums'.*KeyError: 'x'"):
        validate_settings(component, Broken, "config.toml")


def test_valid_settings_become_the_plugins_model() -> None:
    component = ComponentConfig(name="b", type="b", settings={"token": "unspeakable"})
    assert validate_settings(component, Blog, "c").token.get_secret_value() == "unspeakable"
    assert masked("it is unspeakable") == "it is **********"


def test_config_is_frozen(tmp_path: Path) -> None:
    config = load(written(tmp_path, ""), {})
    with pytest.raises(ValueError, match="frozen"):
        config.server.port = 1


MAIL = """
[mail]
host = "smtp.example.org"
from_address = "Earful <earful@example.org>"
"""


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ("user = 'me'", "mail: give user and password both, or neither"),
        ("user = 'me'\npassword = 'sécrèt'", "mail: user and password can hold ASCII characters"),
        ("user = 'me'\npassword = 'secret'\ntls = 'none'", "mail: a password needs tls"),
        ("tls = 'ssl'", 'mail.tls: expected one of "starttls", "tls", "none"'),
        ("digest_hour = 24", "mail.digest_hour: expected a whole number between 0 and 23"),
    ],
)
def test_mistakes_in_the_mail_settings(tmp_path: Path, lines: str, mistake: str) -> None:
    (problem,) = problems(tmp_path, MAIL + lines)
    assert problem.startswith(f"config.toml: {mistake}")


@pytest.mark.parametrize("address", ["nobody", "a@b\\nBcc: c@d", "Ärmel <ä@example.org>", "<@>"])
def test_mails_come_from_an_address(tmp_path: Path, address: str) -> None:
    (problem,) = problems(tmp_path, f'[mail]\nhost = "localhost"\nfrom_address = "{address}"')
    assert problem.startswith("config.toml: mail.from_address: expected an address such as")


def test_the_password_of_the_mail_server_is_masked(tmp_path: Path) -> None:
    text = f'{MAIL}user = "me"\npassword = {{ env = "MAIL_SECRET" }}'
    config = load(written(tmp_path, text), {"MAIL_SECRET": "correct horse"})
    assert config.mail is not None
    assert "horse" not in repr(config)
    assert masked("it said correct horse") == "it said **********"
