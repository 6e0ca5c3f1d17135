"""The tone of messages: registers the classifier `sentiment`."""

from __future__ import annotations

from collections.abc import Iterable

from earful import ClassifierType, hookimpl

from earful_sentiment.classifier import VERSION, SentimentClassifier, SentimentSettings

__all__ = ["register_classifiers"]


@hookimpl
def register_classifiers() -> Iterable[ClassifierType]:
    """One classifier, which works with a lexicon and needs no model."""
    return [
        ClassifierType(
            kind="sentiment",
            title="Tone (negative, neutral, positive)",
            settings=SentimentSettings,
            create=SentimentClassifier,
            version=VERSION,
        )
    ]
