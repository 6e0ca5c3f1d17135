"""The shipped classifier against plain torch, against its own model alone, and in a real worker."""

from __future__ import annotations

import os
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench_memory import running, until
from earful import ClassifiedMessage, Payload, Surface, actions, store
from earful.config import load
from earful.job_queue import EmbeddedServer
from earful.pipeline import fetch
from earful.runtime import Runtime
from earful.store.models import Channel, Message
from earful_sentiment.classifier import SentimentClassifier, SentimentSettings
from earful_sentiment.folders import SHIPPED
from material import NOW, feed

THREADS = 1
"""One, and its processor time: what else the machine does then changes no ratio."""
ROUNDS = 5
TEXTS = 400
TORCH_TEXTS = 60
BATCH = 200
"""As many as triage takes at once."""
LEAST_TO_TORCH, LEAST_TO_BARE = 4.0, 0.6
MOST_MB, MOST_SECONDS = 300, 4.0
IN_WORKER = 2_000
SAID = (
    "the parcel came late again and nobody answers my mails please tell me when it will be here",
    "great support thank you so much I love this coat but its colour is not what was shown",
    "three weeks of waiting this is a joke never again where can I send it back @shop #help",
    "works fine now after the update \N{GRINNING FACE} \N{POUTING FACE} !! who pays for that ?",
)
WORDS = " ".join(SAID).split()
CONFIG = """
data_dir = "data"
[inbox]
languages = ["en", "de", "fr"]
[channels.shop]
type = "forums"
url = "https://shop.example/comments/feed/"
reader = "feed"
paused = true
[classifiers.tone]
type = "sentiment"
"""


def texts(number: int) -> list[str]:
    """Posts of 3 to 60 words, most of them short."""
    chance = random.Random(3)
    lengths = [min(60, 3 + int(chance.expovariate(1 / 14))) for _ in range(number)]
    return [" ".join(chance.choices(WORDS, k=length)) for length in lengths]


def rate(number: int, work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return number / (time.process_time() - began)


def classified(classifier: SentimentClassifier, posts: Sequence[str]) -> None:
    for start in range(0, len(posts), BATCH):
        classifier.classify(
            [
                ClassifiedMessage(
                    id=at,
                    text=text,
                    surface=Surface.PUBLIC_REPLY,
                    language=None,
                    channel="shop",
                    author_name="Ann",
                )
                for at, text in enumerate(posts[start : start + BATCH])
            ]
        )


def bare(posts: Sequence[str]) -> Callable[[], None]:
    """The ONNX session alone, on texts that are tokenized and sorted beforehand."""
    import numpy as np
    import onnxruntime
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(SHIPPED, local_files_only=True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(SHIPPED / "model.onnx", options)
    ids = sorted((tokenizer(text, truncation=True)["input_ids"] for text in posts), key=len)
    batches = []
    for start in range(0, len(ids), 32):
        rows = ids[start : start + 32]
        longest = max(map(len, rows))
        padded = np.array([row + [0] * (longest - len(row)) for row in rows])
        mask = np.array([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
        batches.append({"input_ids": padded, "attention_mask": mask})

    def work() -> None:
        for batch in batches:
            session.run(None, batch)

    return work


def plain_torch(posts: Sequence[str]) -> Callable[[], object]:
    """The plain way: a pipeline in fp32, one text after the other, on a model of the same size."""
    import torch
    from transformers import (
        AutoConfig,
        AutoModelForSequenceClassification,
        AutoTokenizer,
        pipeline,
    )

    torch.set_num_threads(THREADS)
    config = AutoConfig.from_pretrained(SHIPPED, local_files_only=True)
    # What its weights say does not matter for how fast it says it.
    model = AutoModelForSequenceClassification.from_config(config).eval()
    tokenizer = AutoTokenizer.from_pretrained(SHIPPED, local_files_only=True)
    classify: Any = pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")
    return lambda: [classify(text) for text in posts]


def speeds() -> dict[str, float]:
    """Sentences a second of processor time, the median of rounds in which the ways take turns."""
    posts = texts(TEXTS)
    classifier = SentimentClassifier(SentimentSettings(threads=THREADS))
    ways: dict[str, tuple[int, Callable[[], object]]] = {
        "classifier": (TEXTS, lambda: classified(classifier, posts)),
        "bare session": (TEXTS, bare(posts)),
    }
    if find_spec("torch"):
        ways["torch, batch 1"] = (TORCH_TEXTS, plain_torch(posts[:TORCH_TEXTS]))
    classified(classifier, posts[:BATCH])
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (number, work) in ways.items():
            found[name].append(rate(number, work))
    return {name: statistics.median(each) for name, each in found.items()}


def first_label_seconds() -> tuple[float, float]:
    """From the start of `earful classify` to its first answer; the best of three.

    Processor time, which other work on the machine does not lengthen, and time as it went by.
    """
    found = []
    for _ in range(3):
        began, used = time.perf_counter(), _used_by_children()
        told = subprocess.run(
            [sys.executable, "-m", "earful", "classify"],
            input=b"Where is my parcel?\n",
            capture_output=True,
            check=True,
        )
        assert told.stdout.startswith(b"[{")
        found.append((_used_by_children() - used, time.perf_counter() - began))
    return min(found)


def _used_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def worker_mb() -> float:
    """The most that the worker for triage ever took, with three languages to tell apart."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "config.toml").write_text(CONFIG)
        config = load(folder / "config.toml", os.environ)
        with EmbeddedServer(config.data_dir):
            runtime = Runtime.open(config)
            store.migrate()
            actions.sync_channels(runtime, now=NOW)
            with (
                running(folder, "worker", "--queue", "ingest"),
                running(folder, "worker", "--queue", "triage") as triage,
            ):
                put_in(runtime)
                until(routed)
                return peak_mb(triage.pid)


def put_in(runtime: Runtime) -> None:
    """Comments as they come, and two that are as long as they can be."""
    channel = Channel.get()
    meta = {"url": "https://shop.example/", "reader": "feed", "fetched_at": NOW.isoformat()}
    long = " ".join(texts(4000))[:65_000].encode(errors="ignore")
    for start in range(0, IN_WORKER, 100):
        body = feed(100, start)
        if start % 1000 == 0:
            body = body.replace(b"<![CDATA[<p>", b"<![CDATA[<p>" + long, 1)
        payload = Payload(body=body, content_type="text/xml", meta=meta)
        with store.transaction():
            ids = fetch.keep(channel.id, [payload], NOW)
        runtime.jobs.enqueue_many("ingest_payload", ids, on="ingest", unique=True)


def routed() -> bool:
    with store.connection():
        return Message.select().where(Message.stage == "done").count() == IN_WORKER


def small_and_quick() -> bool:
    """Memory and start, in the default set: where torch is installed, transformers loads it too."""
    if find_spec("torch"):
        print("memory and start: not measured, because torch is installed")
        return True
    (seconds, passed), memory = first_label_seconds(), worker_mb()
    print(
        f"first label: {seconds:.1f} s of processor time ({passed:.1f} s went by), "
        f"ratio {seconds / MOST_SECONDS:.2f} of {MOST_SECONDS} s"
    )
    print(f"worker at its peak: {memory:.0f} MB, ratio {memory / MOST_MB:.2f} of {MOST_MB} MB")
    return seconds <= MOST_SECONDS and memory <= MOST_MB


def fast() -> bool:
    found = speeds()
    for name, each in found.items():
        print(f"{name}: {each:.0f} sentences a second of processor time")
    to_bare = found["classifier"] / found["bare session"]
    print(f"against the bare session: ratio {to_bare:.2f}, at least {LEAST_TO_BARE}")
    if "torch, batch 1" not in found:
        print("against torch: not measured; it needs `.venv/bin/pip install -e .[torch]`")
        return to_bare >= LEAST_TO_BARE
    to_torch = found["classifier"] / found["torch, batch 1"]
    print(f"against torch: ratio {to_torch:.1f}, at least {LEAST_TO_TORCH}")
    return to_bare >= LEAST_TO_BARE and to_torch >= LEAST_TO_TORCH


def main() -> int:
    return int(not all([small_and_quick(), fast()]))


if __name__ == "__main__":
    sys.exit(main())
