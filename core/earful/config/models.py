"""Every setting of core with its type and default. Reading files is `earful.config.load`'s."""

from __future__ import annotations

import base64
import os
import re
import secrets
from datetime import date
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit, urlunsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from earful.business_hours import WEEKDAYS, BusinessHours, parse_span
from earful.config.components import ChannelConfig, ComponentConfig

__all__ = [
    "BusinessHoursConfig",
    "Config",
    "InboxConfig",
    "JobQueueConfig",
    "MailConfig",
    "PluginsConfig",
    "RetentionConfig",
    "SecurityConfig",
    "ServerConfig",
    "StoreConfig",
    "new_encryption_key",
]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class ServerConfig(_Table):
    """The web process."""

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    public_url: str = ""
    """The address people use; filled in from host and port when it is not configured."""
    secret_key: SecretStr | None = None
    """As configured; `Config.secret_key()` gives the one to use."""
    trusted_proxies: Annotated[int, Field(ge=0, le=10)] = 0
    webhook_max_bytes: Annotated[int, Field(ge=1000)] = 1_000_000
    metrics_allow: tuple[IPv4Network | IPv6Network, ...] = Field(
        default=("127.0.0.1", "::1"), validate_default=True
    )
    metrics_token: SecretStr | None = None
    threads: Annotated[int, Field(ge=1, le=256)] = 8
    session_hours: Annotated[int, Field(ge=1, le=8760)] = 12

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("expected an address that starts with http:// or https://")
        return value.rstrip("/")


class SecurityConfig(_Table):
    """What credentials are encrypted with, before they are stored."""

    encryption_key: SecretStr | None = None
    """As configured: one or more keys, the newest first; `Config.encryption_keys()` gives them."""

    @field_validator("encryption_key")
    @classmethod
    def _keys(cls, value: SecretStr | None) -> SecretStr | None:
        keys = [] if value is None else value.get_secret_value().split()
        if value is not None and not (keys and all(map(_is_encryption_key, keys))):
            raise ValueError(
                "expected keys as `earful secrets new-key` prints them, the newest first"
            )
        return value


def _checked_address(value: str) -> str:
    try:
        _ = urlsplit(value).port
    except ValueError:
        raise ValueError("expected a port from 0 to 65535 after the host's name") from None
    _refuse_nul(value)
    return value


def _refuse_nul(value: str) -> None:
    if "\x00" in value:
        raise ValueError("expected text without the character NUL")


class StoreConfig(_Table):
    """The database. `Config.database_url()` gives the address to open, password included."""

    url: str = Field(default="", repr=False)
    """Filled in with the SQLite file in the data folder when it is not configured."""
    password: SecretStr | None = None

    @field_validator("url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("sqlite", "postgresql", "postgres"):
            raise ValueError("expected an address that starts with sqlite:/// or postgresql://")
        return _checked_address(value)


class JobQueueConfig(_Table):
    """The Redis or Valkey server that carries job ids; empty: an embedded one."""

    redis_url: str = Field(default="", repr=False)
    password: SecretStr | None = None
    lost_after_seconds: Annotated[int, Field(ge=1, le=3600)] = 30
    """A job that left no trace for so long is taken for lost, and enqueued again."""

    @field_validator("redis_url")
    @classmethod
    def _known_server(cls, value: str) -> str:
        if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
            raise ValueError("expected an address that starts with redis://, rediss:// or unix://")
        return _checked_address(value)


def _language(value: str) -> str:
    if not (value.isascii() and value.isalpha() and value.islower() and len(value) in (2, 3)):
        raise ValueError('expected a language code of two or three letters, such as "en"')
    return value


class InboxConfig(_Table):
    """How the inbox behaves."""

    undo_seconds: Annotated[int, Field(ge=0, le=3600)] = 10
    languages: Annotated[
        tuple[Annotated[str, AfterValidator(_language)], ...], Field(min_length=1)
    ] = ("en",)
    fallback_queue: Annotated[str, Field(min_length=1)] = "General"


def _span(value: str) -> str:
    try:
        parse_span(value)
    except ValueError:
        raise ValueError('expected times such as "09:00-17:00" or "22:00-02:00"') from None
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('expected the name of a time zone, such as "Europe/Berlin"') from None
    return value


def _holiday(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError('expected a date such as "2026-12-25"') from None


Spans = tuple[Annotated[str, AfterValidator(_span)], ...]


class BusinessHoursConfig(_Table):
    """When people work, as plain checked text; a day without spans is closed."""

    timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    monday: Spans = ()
    tuesday: Spans = ()
    wednesday: Spans = ()
    thursday: Spans = ()
    friday: Spans = ()
    saturday: Spans = ()
    sunday: Spans = ()
    holidays: tuple[Annotated[str, BeforeValidator(_holiday)], ...] = ()

    @model_validator(mode="after")
    def _opens_at_all(self) -> Self:
        self.build()
        return self

    def build(self) -> BusinessHours:
        """The hours to reckon with."""
        week = {day: getattr(self, day) for day in WEEKDAYS}
        return BusinessHours.parse(timezone=self.timezone, week=week, holidays=self.holidays)


def _mail_address(value: str) -> str:
    _, address = parseaddr(value)
    if not value.isprintable() or not _MAIL_ADDRESS.fullmatch(address):
        raise ValueError(
            'expected an address such as "earful@example.org" or "Earful <earful@example.org>"'
        )
    return value


_MAIL_ADDRESS = re.compile(r"[!-~]+@[!-~]+")


class MailConfig(_Table):
    """The server that takes the mails people get from Earful."""

    host: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """`starttls` begins in plain text, `tls` does not, `none` stays in it."""
    user: str = ""
    password: SecretStr | None = None
    from_address: Annotated[str, AfterValidator(_mail_address)]
    digest_hour: Annotated[int, Field(ge=0, le=23)] = 8
    """When daily digests leave, by the clock of the business hours."""

    @model_validator(mode="after")
    def _signs_in_safely(self) -> Self:
        if bool(self.user) != (self.password is not None):
            raise ValueError("give user and password both, or neither")
        if not (self.user + (self.password.get_secret_value() if self.password else "")).isascii():
            raise ValueError("user and password can hold ASCII characters only")
        if self.user and self.tls == "none" and self.host not in _THIS_MACHINE:
            raise ValueError('a password needs tls = "starttls" or tls = "tls"')
        return self


_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


class RetentionConfig(_Table):
    """How long what is no longer needed is kept."""

    payload_days: Annotated[int, Field(ge=1)] = 14
    attachment_days: Annotated[int, Field(ge=1)] = 365


class PluginsConfig(_Table):
    """Which installed plugins are left out."""

    disabled: tuple[str, ...] = ()


class Config(_Table):
    """The whole configuration. Component tables keep the order of the file."""

    data_dir: Path = Path("data")
    server: ServerConfig = ServerConfig()
    security: SecurityConfig = SecurityConfig()
    store: StoreConfig = StoreConfig()
    job_queue: JobQueueConfig = JobQueueConfig()
    inbox: InboxConfig = InboxConfig()
    business_hours: BusinessHoursConfig | None = None
    """None: always open."""
    mail: MailConfig | None = None
    """None: no mail is sent."""
    retention: RetentionConfig = RetentionConfig()
    plugins: PluginsConfig = PluginsConfig()
    channels: dict[str, ChannelConfig] = Field(default_factory=dict)
    classifiers: dict[str, ComponentConfig] = Field(default_factory=dict)
    routers: dict[str, ComponentConfig] = Field(default_factory=dict)
    notifiers: dict[str, ComponentConfig] = Field(default_factory=dict)
    file: Path | None = None
    """Where it was read from; None: all defaults."""

    @field_validator("data_dir")
    @classmethod
    def _a_path(cls, value: Path) -> Path:
        _refuse_nul(str(value))
        return value

    @property
    def file_name(self) -> str:
        """How mistakes name the file."""
        return self.file.name if self.file else "config.toml"

    def database_url(self) -> str:
        """The database's address, with the password that is configured apart from it."""
        return _with_password(self.store.url, self.store.password)

    def redis_url(self) -> str:
        """The configured server's address with its password; "" stands for the embedded one."""
        return _with_password(self.job_queue.redis_url, self.job_queue.password)

    def secret_key(self) -> str:
        """What sessions are signed with: configured, else made once in the data folder (0600)."""
        if self.server.secret_key is not None:
            return self.server.secret_key.get_secret_value()
        return _kept(self.data_dir / "secret_key", secrets.token_urlsafe(48))

    def encryption_keys(self) -> tuple[str, ...]:
        """What credentials are encrypted with, the newest first; made once where none is set."""
        if self.security.encryption_key is not None:
            return tuple(self.security.encryption_key.get_secret_value().split())
        return tuple(_kept(self.encryption_key_file, new_encryption_key()).split())

    @property
    def encryption_key_file(self) -> Path:
        """Where the keys lie (0600) unless they are configured. Back it up with the database."""
        return self.data_dir / "encryption_key"

    def add_encryption_key(self) -> None:
        """Put a fresh key before the newest one; the others of the file are forgotten.

        What is encrypted with those must have been put under the newest one before.
        """
        keys = (new_encryption_key(), self.encryption_keys()[0])
        _write(self.encryption_key_file, "\n".join(keys))


def _with_password(url: str, password: SecretStr | None) -> str:
    if not url or password is None:
        return url
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    user = quote(parts.username or "", safe="")
    secret = quote(password.get_secret_value(), safe="")
    return urlunsplit(parts._replace(netloc=f"{user}:{secret}@{host}"))


def new_encryption_key() -> str:
    """32 random bytes in URL-safe base64, as Fernet wants them."""
    return base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode()


_KEY_BYTES = 32


def _is_encryption_key(text: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(text)) == _KEY_BYTES
    except ValueError:
        return False


def _kept(path: Path, fresh: str) -> str:
    """What stands in `path`; `fresh` is put there if need be. Two processes agree on one."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        ours = _beside(path, fresh)
        try:
            os.link(ours, path)
        except FileExistsError:
            pass
        finally:
            ours.unlink()
    return path.read_text().strip()


def _write(path: Path, text: str) -> None:
    """Put `text` into the file, whole or not at all."""
    _beside(path, text).replace(path)


def _beside(path: Path, text: str) -> Path:
    """A new file that only we may read, next to `path`."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    return fresh
