"""The tone of messages: registers the classifier `sentiment`."""

from __future__ import annotations

from collections.abc import Iterable

from earful import ClassifierType, hookimpl, mark

from earful_sentiment.classifier import (
    LABELS,
    SentimentClassifier,
    SentimentSettings,
    card,
    check,
    version_of,
)

__all__ = ["register_classifiers"]


@hookimpl
def register_classifiers() -> Iterable[ClassifierType]:
    """One classifier, which reads with a transformer: the shipped one, or one of your own."""
    return [
        ClassifierType(
            kind="sentiment",
            title=mark("Tone (negative, neutral, positive), frustration, language"),
            settings=SentimentSettings,
            create=SentimentClassifier,
            version="sentiment",
            labels=LABELS,
            card=card,
            version_of=version_of,
            check=check,
        )
    ]
