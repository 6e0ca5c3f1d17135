"""What the model should say about a text, from what people said about it.

A target is three shares that sum to 1: of negative, neutral and positive. Raters who disagree give
a soft target, so the model learns how sure it can be.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

__all__ = ["CLASSES", "EMOTIONS", "Target", "from_emotions", "from_ratings", "frustration"]

CLASSES = ("negative", "neutral", "positive")

Target = tuple[float, float, float]

EMOTIONS: Mapping[str, Target] = {
    # Of negative, neutral, positive. Weak emotions are often called neutral by others.
    "admiration": (0.0, 0.05, 0.95),
    "amusement": (0.05, 0.20, 0.75),
    "anger": (0.95, 0.05, 0.0),
    "annoyance": (0.85, 0.15, 0.0),
    "approval": (0.0, 0.40, 0.60),
    "caring": (0.05, 0.35, 0.60),
    "confusion": (0.25, 0.70, 0.05),
    "curiosity": (0.05, 0.85, 0.10),
    "desire": (0.05, 0.40, 0.55),
    "disappointment": (0.90, 0.10, 0.0),
    "disapproval": (0.75, 0.25, 0.0),
    "disgust": (0.95, 0.05, 0.0),
    "embarrassment": (0.80, 0.15, 0.05),
    "excitement": (0.0, 0.05, 0.95),
    "fear": (0.80, 0.20, 0.0),
    "gratitude": (0.0, 0.05, 0.95),
    "grief": (0.90, 0.10, 0.0),
    "joy": (0.0, 0.05, 0.95),
    "love": (0.0, 0.05, 0.95),
    "nervousness": (0.65, 0.35, 0.0),
    "optimism": (0.0, 0.25, 0.75),
    "pride": (0.0, 0.10, 0.90),
    "realization": (0.15, 0.75, 0.10),
    "relief": (0.05, 0.15, 0.80),
    "remorse": (0.80, 0.20, 0.0),
    "sadness": (0.90, 0.10, 0.0),
    "surprise": (0.15, 0.50, 0.35),
    "neutral": (0.05, 0.90, 0.05),
}
"""What an emotion says about the tone of the text that shows it: our reading, tuned to nothing.

In the order of GoEmotions' numbers.
"""

_FRUSTRATED = {"annoyance": 1.0, "disappointment": 0.8, "anger": 0.7, "disapproval": 0.3}


def from_ratings(ratings: Sequence[int], *, mild: float = 0.5, clear: float = 0.9) -> Target:
    """Of raters' scores from -4 to 4.

    `mild` is how much of a score of one, and `clear` how much of a score of two, counts as
    feeling; the rest counts as neutral. Higher scores count in full.
    """
    feeling = {0: 0.0, 1: mild, 2: clear}
    negative = sum(feeling.get(-score, 1.0) for score in ratings if score < 0)
    positive = sum(feeling.get(score, 1.0) for score in ratings if score > 0)
    neutral = len(ratings) - negative - positive
    return negative / len(ratings), neutral / len(ratings), positive / len(ratings)


def from_emotions(emotions: Collection[str]) -> Target:
    """The mean of what the emotions say."""
    shares = [EMOTIONS[emotion] for emotion in emotions]
    negative, neutral, positive = (sum(share) / len(shares) for share in zip(*shares, strict=True))
    return negative, neutral, positive


def frustration(emotions: Collection[str]) -> float:
    """How surely someone with these emotions is frustrated, from 0 to 1."""
    return max((_FRUSTRATED.get(emotion, 0.0) for emotion in emotions), default=0.0)
