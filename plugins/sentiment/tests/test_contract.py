"""The promises of every classifier, kept by this one."""

from __future__ import annotations

from earful.testing.contract import ClassifierContract


class TestSentiment(ClassifierContract):
    kind = "sentiment"
