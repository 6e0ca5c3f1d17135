"""What happens at the owner's desk: knowing what visitors want, sorting it, keeping a log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from earful import (
    ClassifiedMessage,
    ClassifierType,
    Label,
    Notification,
    NotifierType,
    Route,
    RoutedItem,
    RouterType,
    TemporaryFailure,
)

from guestbook_channel.faults import FailingSettings


class IntentSettings(FailingSettings):
    """The words that give an intent away; the first intent that fits is taken."""

    words: Mapping[str, tuple[str, ...]] = {
        "complaint": ("broken", "refund", "money back", "terrible"),
        "question": ("?",),
        "praise": ("thank", "lovely", "great"),
    }


class IntentClassifier:
    def __init__(self, settings: IntentSettings) -> None:
        self.settings = settings

    def classify(self, messages: Sequence[ClassifiedMessage]) -> list[list[Label]]:
        self.settings.maybe_fail("classify")
        return [self._labels(message.text.lower()) for message in messages]

    def _labels(self, text: str) -> list[Label]:
        for intent, words in self.settings.words.items():
            for word in words:
                if word in text:
                    return [Label(name=f"intent:{intent}", score=1.0, detail=f"found {word!r}")]
        return []


class DeskSettings(FailingSettings):
    """Which queue takes which label."""

    queues: Mapping[str, str] = {"intent:complaint": "Complaints"}


class DeskRouter:
    def __init__(self, settings: DeskSettings) -> None:
        self.settings = settings

    def route(self, item: RoutedItem) -> Route | None:
        self.settings.maybe_fail("route")
        for label, queue in self.settings.queues.items():
            if label in item.labels:
                return Route(queue=queue, reason=f"The guestbook's desk sends {label} there.")
        return None


class LogSettings(FailingSettings):
    """The file that notifications are appended to."""

    file: Path


class LogNotifier:
    def __init__(self, settings: LogSettings) -> None:
        self.settings = settings

    def notify(self, notification: Notification) -> None:
        self.settings.maybe_fail("notify")
        line = json.dumps(
            {
                "id": notification.id,
                "kind": notification.kind,
                "title": notification.title,
                "body": notification.body,
                "url": notification.url,
                "at": notification.at.isoformat(),
                "facts": dict(notification.facts),
            }
        )
        try:
            with self.settings.file.open("a", encoding="utf-8") as log:
                log.write(f"{line}\n")
        except OSError as error:
            raise TemporaryFailure(f"the log cannot be written: {error}") from error


CLASSIFIER = ClassifierType(
    kind="guestbook",
    title="What visitors want",
    settings=IntentSettings,
    create=IntentClassifier,
    version="words-1",
)
ROUTER = RouterType(
    kind="guestbook", title="The guestbook's desk", settings=DeskSettings, create=DeskRouter
)
NOTIFIER = NotifierType(
    kind="guestbook", title="A log file", settings=LogSettings, create=LogNotifier
)
