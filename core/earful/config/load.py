"""Reads the file, resolves secret references and builds the `Config`, or tells every mistake."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from earful.config.components import ChannelConfig, ComponentConfig
from earful.config.mistakes import Mistakes, nearest
from earful.config.models import Config
from earful.config.secrets import remember, remember_in
from earful.errors import ConfigError

__all__ = ["load"]

_COMPONENTS: dict[str, type[ComponentConfig]] = {
    "channels": ChannelConfig,
    "classifiers": ComponentConfig,
    "routers": ComponentConfig,
    "notifiers": ComponentConfig,
}
_NOT_IN_FILE = {"file"}
_NAME = re.compile(r"[a-z0-9_-]+")


def load(
    path: Path | None,
    environ: Mapping[str, str],
    *,
    further: Callable[[Config], Sequence[str]] = lambda _config: (),
) -> Config:
    """The configuration in `path`; every mistake in it is told at once by a `ConfigError`.

    What only plugins can judge is judged when they are loaded. If the file is refused before
    that, `further` is asked about what could be read of the component tables, so that people
    need not mend a file twice.

    Without a path it is the file that `EARFUL_CONFIG` names, else `config.toml` in the working
    directory if there is one, else all defaults.
    """
    path = path or _found(environ)
    if path is None:
        return _completed(Config(), Path.cwd())
    path = path.absolute()
    reader = _Reader(path, environ)
    config = reader.read()
    if config is None or reader.mistakes.problems:
        readable = Config(file=path).model_copy(update=reader.tables)
        raise ConfigError([*reader.mistakes.problems, *further(readable)])
    return config


def _found(environ: Mapping[str, str]) -> Path | None:
    if named := environ.get("EARFUL_CONFIG"):
        return Path(named)
    here = Path("config.toml")
    return here if here.is_file() else None


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        problem = "no such file; `earful init` writes one"
    except (OSError, UnicodeDecodeError) as error:
        problem = f"cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
    except tomllib.TOMLDecodeError as error:
        problem = f"not valid TOML: {error}"
    raise ConfigError(f"{path.name}: {problem}")


class _Reader:
    def __init__(self, path: Path, environ: Mapping[str, str]) -> None:
        self.path = path
        self.environ = environ
        self.mistakes = Mistakes(path.name)
        self.tables: dict[str, dict[str, ComponentConfig]] = {}

    def read(self) -> Config | None:
        data = _parsed(self.path)
        for section in [key for key, value in data.items() if isinstance(value, dict)]:
            value = self._section(section, data.pop(section))
            data |= {} if value is _MISSING else {section: value}
        self.tables = {section: self._components(section, data) for section in _COMPONENTS}
        config = self._config(data)
        if config is None:
            return None
        return _completed(
            config.model_copy(update={**self.tables, "file": self.path}),
            self.path.parent,
        )

    def _config(self, data: dict[str, Any]) -> Config | None:
        for name in _NOT_IN_FILE & data.keys():
            self.mistakes.add(name, f"unknown name; {nearest(name, _known())}")
            del data[name]
        try:
            return Config.model_validate(data)
        except ValidationError as error:
            self.mistakes.add_all(error, Config, data)
            return None

    def _components(self, section: str, data: dict[str, Any]) -> dict[str, ComponentConfig]:
        tables = data.pop(section, {})
        if not isinstance(tables, dict):
            self.mistakes.add(section, f"expected tables such as [{section}.NAME]")
            return {}
        built = {name: self._component(section, name, table) for name, table in tables.items()}
        return {name: component for name, component in built.items() if component}

    def _component(self, section: str, name: str, table: Any) -> ComponentConfig | None:
        key, model = f"{section}.{name}", _COMPONENTS[section]
        if not _NAME.fullmatch(name):
            self.mistakes.add(key, "expected a name of lower-case letters, digits, _ and -")
        if not isinstance(table, dict):
            self.mistakes.add(key, f"expected a table: [{key}]")
            return None
        own = {name: value for name, value in table.items() if name in model.own_names}
        settings = {name: value for name, value in table.items() if name not in own}
        try:
            return model(**own, name=name, table=key, settings=settings)
        except ValidationError as error:
            self.mistakes.add_all(error, model, own, table=key)
            return None

    def _section(self, section: str, table: dict[str, Any]) -> Any:
        """The table with secret references replaced; component tables are one level deeper."""
        if section in _COMPONENTS:
            return {
                name: self._values(f"{section}.{name}", value, component=True)
                if isinstance(value, dict)
                else value
                for name, value in table.items()
            }
        return self._value(section, table, component=False)

    def _values(self, key: str, table: dict[str, Any], *, component: bool) -> dict[str, Any]:
        resolved = {
            name: self._value(f"{key}.{name}", value, component=component)
            for name, value in table.items()
        }
        return {name: value for name, value in resolved.items() if value is not _MISSING}

    def _value(self, key: str, value: Any, *, component: bool) -> Any:
        if isinstance(value, list):
            items = [
                self._value(f"{key}[{n}]", v, component=component) for n, v in enumerate(value)
            ]
            return [item for item in items if item is not _MISSING]
        if not isinstance(value, dict):
            return value
        if not _is_reference(value):
            return self._values(key, value, component=component)
        text = self._secret(key, value)
        if component and isinstance(text, str) and text:
            remember([text])
        return text

    def _secret(self, key: str, reference: dict[str, str]) -> Any:
        """What the reference stands for; a mistake, and a value that hides, if there is none."""
        if "env" in reference:
            name = reference["env"]
            if name in self.environ:
                return self.environ[name]
            self.mistakes.add(key, f"the environment variable {name} is not set")
            return _MISSING
        file = self.path.parent / reference["file"]
        try:
            return file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.mistakes.add(key, f"the file {file} cannot be read")
            return _MISSING


_MISSING = object()


def _is_reference(table: dict[str, Any]) -> bool:
    return len(table) == 1 and all(
        key in ("env", "file") and isinstance(value, str) for key, value in table.items()
    )


def _known() -> set[str]:
    return set(Config.model_fields) - _NOT_IN_FILE


def _completed(config: Config, folder: Path) -> Config:
    """The configuration with what is derived from other settings and from where it stands."""
    data_dir = (folder / config.data_dir.expanduser()).absolute()
    server, store = config.server, config.store
    if not server.public_url:
        host = "localhost" if server.host in ("0.0.0.0", "::") else server.host  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        server = server.model_copy(update={"public_url": f"http://{host}:{server.port}"})
    if not store.url:
        store = store.model_copy(update={"url": f"sqlite:///{data_dir / 'earful.db'}"})
    remember_in([server, store, config.job_queue, config.mail])
    if config.security.encryption_key is not None:
        remember(config.security.encryption_key.get_secret_value().split())
    return config.model_copy(update={"data_dir": data_dir, "server": server, "store": store})
