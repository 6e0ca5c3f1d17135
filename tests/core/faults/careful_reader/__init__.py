"""A stranger's classifier that notes whom it read, and waits in the middle until it is let go."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from earful import ClassifiedMessage, ClassifierType, Label, Settings, hookimpl

__all__ = ["register_classifiers"]


class CarefulSettings(Settings):
    """`folder` holds the journal; after `pause_after` messages it waits for the file `go`."""

    folder: Path
    pause_after: int


class CarefulReader:
    def __init__(self, settings: CarefulSettings) -> None:
        self.settings = settings
        self.read = 0

    def classify(self, messages: Sequence[ClassifiedMessage]) -> list[list[Label]]:
        folder = self.settings.folder
        with (folder / "journal").open("a") as journal:
            journal.write(json.dumps([each.id for each in messages]) + "\n")
        self.read += len(messages)
        if self.read >= self.settings.pause_after and not (folder / "go").exists():
            (folder / "waiting").touch()
            while not (folder / "go").exists():
                time.sleep(0.05)
        return [[Label(name="sentiment:neutral", score=0.5)] for _ in messages]


@hookimpl
def register_classifiers() -> Iterable[ClassifierType]:
    return [
        ClassifierType(
            kind="careful",
            title="Careful",
            settings=CarefulSettings,
            create=CarefulReader,
            version="careful-2",
        )
    ]
