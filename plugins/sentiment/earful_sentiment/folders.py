"""Finds a model's files on this machine: the shipped model, a folder, or what was downloaded.

Reads small files only, so that the web process may ask, too. Downloading is `hub`'s.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from earful import PluginError, installation
from earful import gettext as _

__all__ = [
    "SHIPPED",
    "ModelFolder",
    "cache_folder",
    "find",
    "is_hub_name",
    "missing_torch",
    "onnx_file",
    "pin_file",
    "verify",
]

SHIPPED = Path(__file__).parent / "model"
CARD = "README.md"
CHECKSUMS = "checksums.txt"
_HUB_NAME = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)?")
_ONNX_FILES = (
    "model.onnx",
    "onnx/model_int8.onnx",
    "onnx/model_quantized.onnx",
    "onnx/model.onnx",
    "model_quantized.onnx",
)
"""Where repositories keep what ONNX Runtime reads; the smallest form first."""
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFolder:
    """A model's files, and what labels call it: its name and its version, commit or checksum."""

    path: Path
    name: str
    revision: str

    @property
    def version(self) -> str:
        """What is stored with every label."""
        return f"{self.name[-_LONGEST_NAME:]} {self.revision}"

    @property
    def config(self) -> dict[str, Any]:
        """Its `config.json`; raises `PluginError` if there is none that can be read."""
        try:
            found = json.loads((self.path / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            message = f"The model {self.name} has no readable config.json in {self.path}: {error}"
            raise PluginError(message) from None
        return found if isinstance(found, dict) else {}

    @property
    def own(self) -> dict[str, Any]:
        """What a model made for Earful says of itself in `config.json`."""
        found = self.config.get("earful", {})
        return found if isinstance(found, dict) else {}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it understands; empty where nobody says."""
        return tuple(self.own.get("languages", ()))

    @property
    def onnx(self) -> Path | None:
        """What ONNX Runtime reads; None if the model needs torch."""
        names = [str(each.relative_to(self.path)) for each in self.path.glob("**/*.onnx")]
        name = onnx_file(names)
        return self.path / name if name else None

    @property
    def size(self) -> int:
        """How many bytes its weights take."""
        weights = [self.onnx] if self.onnx else list(self.path.glob("*.safetensors"))
        return sum(each.stat().st_size for each in weights)

    @property
    def card(self) -> str:
        """The model card; empty if it has none."""
        try:
            return (self.path / CARD).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""


def find(model: str, revision: str = "") -> ModelFolder:
    """The model that settings name, as it is on this machine; `PluginError` if it is not."""
    if not model:
        return _folder(SHIPPED, "earful-sentiment")
    path = Path(model).expanduser()
    if path.is_dir():
        return _folder(path, path.resolve().name)
    if not is_hub_name(model):
        message = _(
            "There is no model folder %(model)s, and it is not the name of a repository.",
            model=model,
        )
        raise PluginError(message)
    return _downloaded(model, revision)


def is_hub_name(model: str) -> bool:
    """Whether the setting names a repository of a hub, not a folder."""
    return bool(_HUB_NAME.fullmatch(model)) and not Path(model).expanduser().is_dir()


def cache_folder() -> Path:
    """Where downloaded models are kept."""
    return installation().data_dir / "models"


def pin_file(model: str, revision: str) -> Path:
    """What keeps a download from changing: it names the commit that was taken, and its files."""
    return cache_folder() / "pins" / f"{model.replace('/', '--')}@{revision or 'latest'}.json"


def onnx_file(names: list[str]) -> str:
    """The file among these that ONNX Runtime is to read; empty if there is none."""
    known = [name for name in _ONNX_FILES if name in names]
    others = sorted(name for name in names if name.endswith(".onnx"))
    return next(iter([*known, *others]), "")


def missing_torch(model: str) -> str:
    """Why a model without ONNX files cannot be read here; empty if it can."""
    if find_spec("torch") is not None:
        return ""
    return _(
        "The model %(model)s has no ONNX file, so it needs torch: install Earful "
        "with the extra [torch], or choose a model with ONNX files.",
        model=model,
    )


def verify(folder: ModelFolder) -> None:
    """Compare the files with the checksums beside them, if any; `PluginError` for a damaged one.

    Files that have not changed since are not read again.
    """
    listed = folder.path / CHECKSUMS
    if not listed.is_file():
        return
    for line in listed.read_text(encoding="utf-8").splitlines():
        checksum, _gap, name = line.partition("  ")
        file = folder.path / name
        if not file.is_file() or _checksum_of(file) != checksum:
            message = _(
                "The model's file %(file)s is damaged or missing; install the model again.",
                file=file,
            )
            raise PluginError(message)


def _folder(path: Path, name: str) -> ModelFolder:
    folder = ModelFolder(path=path, name=name, revision="")
    given = str(folder.own.get("version", ""))
    return ModelFolder(path=path, name=name, revision=given or _fingerprint(folder))


def _fingerprint(folder: ModelFolder) -> str:
    """A model without a version is told apart by its weights."""
    weights = folder.onnx or next(iter(sorted(folder.path.glob("*.safetensors"))), None)
    if weights is None:
        message = _(
            "There are no weights in %(path)s: neither *.onnx nor *.safetensors.", path=folder.path
        )
        raise PluginError(message)
    return _checksum_of(weights)[:12]


def _downloaded(model: str, revision: str) -> ModelFolder:
    try:
        pin = json.loads(pin_file(model, revision).read_text(encoding="utf-8"))
        path = cache_folder() / pin["path"]
    except (OSError, ValueError, KeyError):
        path = None
    if path is None or not (path / "config.json").is_file():
        message = _(
            "The model %(model)s is not on this machine yet: `earful check` downloads "
            "it, and so does the worker for triage when it starts.",
            model=model,
        )
        raise PluginError(message)
    return ModelFolder(path=path, name=model, revision=str(pin["commit"])[:12])


def _checksum_of(file: Path) -> str:
    facts = file.stat()
    return _checksum(file, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=32)
def _checksum(file: Path, _size: int, _changed: int) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
