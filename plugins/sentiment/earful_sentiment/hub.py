"""Downloads a model from a hub, once: the commit that was taken stays until somebody asks anew.

Only what is needed comes, never code and never pickled weights. The address of the hub is that of
`huggingface_hub`; its variable `HF_ENDPOINT` names another one.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from earful import PluginError

from earful_sentiment.folders import (
    ModelFolder,
    cache_folder,
    find,
    is_hub_name,
    missing_torch,
    onnx_file,
    pin_file,
)

__all__ = ["find_or_download"]

_SECONDS = 10.0
_SMALL_FILES = (".json", ".txt", ".model", "README.md")


def find_or_download(model: str, revision: str = "") -> ModelFolder:
    """The model that settings name; what is not on this machine yet is downloaded.

    Raises `PluginError` with the reason where that fails. On a terminal a bar shows the progress.
    """
    try:
        return find(model, revision)
    except PluginError:
        if not is_hub_name(model):
            raise
    _download(model, revision)
    return find(model, revision)


def _download(model: str, revision: str) -> None:
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import HfApi, errors, snapshot_download
    from huggingface_hub.utils.tqdm import disable_progress_bars

    logging.getLogger("httpx2").setLevel(logging.WARNING)
    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        found: Any = HfApi().model_info(model, revision=revision or None, timeout=_SECONDS)
        wanted = _wanted(model, [each.rfilename for each in found.siblings or ()])
        path = snapshot_download(
            model, revision=found.sha, cache_dir=cache_folder(), allow_patterns=wanted
        )
    except errors.RepositoryNotFoundError:
        raise _failed(model, "the hub knows no such model, or it is private") from None
    except errors.RevisionNotFoundError:
        raise _failed(model, f"it has no revision {revision!r}") from None
    except PluginError:
        raise
    except Exception as error:
        # The library lets the errors of several others through.
        raise _failed(model, f"{type(error).__name__}: {error}") from error
    _pin(model, revision, str(found.sha), Path(path))


def _wanted(model: str, names: list[str]) -> list[str]:
    """Which of a repository's files to take."""
    small = [name for name in names if "/" not in name and name.endswith(_SMALL_FILES)]
    onnx = onnx_file(names)
    if onnx:
        return [*small, onnx, *(name for name in names if name.startswith(f"{onnx}_data"))]
    if why := missing_torch(model):
        raise PluginError(why)
    weights = [name for name in names if "/" not in name and name.endswith(".safetensors")]
    if not weights:
        raise _failed(model, "it has neither ONNX files nor safetensors")
    return [*small, *weights]


def _pin(model: str, revision: str, commit: str, path: Path) -> None:
    pin = pin_file(model, revision)
    pin.parent.mkdir(parents=True, exist_ok=True)
    inside = path.resolve().relative_to(cache_folder().resolve())
    waiting = pin.with_suffix(".part")
    waiting.write_text(json.dumps({"commit": commit, "path": str(inside)}), encoding="utf-8")
    waiting.replace(pin)


def _failed(model: str, why: str) -> PluginError:
    first_line = next(iter(_lines(why)), "")
    return PluginError(f"The model {model} could not be downloaded: {first_line[:300]}")


def _lines(text: str) -> Iterable[str]:
    return (line for line in text.splitlines() if line.strip())
