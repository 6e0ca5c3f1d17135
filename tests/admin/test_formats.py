from datetime import UTC, datetime, timedelta

import pytest
from earful.store.models import NEVER
from earful.store.states import Health, Role
from earful_admin import formats

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=5, seconds=59), "5 m"),
        (timedelta(hours=23), "23 h"),
        (timedelta(days=6), "6 d"),
        (timedelta(days=7), "13 Nov"),
        (timedelta(days=365), "20 Nov 2025"),
        (timedelta(minutes=-20), "in 20 m"),
    ],
)
def test_a_moment_from_where_we_stand(passed: timedelta, words: str) -> None:
    assert formats.ago(NOW - passed, NOW) == words


@pytest.mark.parametrize(
    ("left", "level", "short", "words"),
    [
        (timedelta(hours=2), "calm", "2 h", "due in 2 hours"),
        (timedelta(minutes=15), "warn", "15 m", "due in 15 minutes"),
        (timedelta(minutes=-1), "danger", "\u22121 m", "overdue by 1 minute"),
        (timedelta(days=-3), "danger", "\u22123 d", "overdue by 3 days"),
    ],
)
def test_a_deadline(left: timedelta, level: str, short: str, words: str) -> None:
    assert formats.due(NOW + left, NOW) == {"level": level, "short": short, "words": words}


@pytest.mark.parametrize(
    ("number", "is_cut", "mark"),
    [(0, False, "0"), (7, False, "7"), (100, True, "99+"), (12, True, "12+"), (0, True, "")],
)
def test_a_count_says_where_it_stopped(number: int, mark: str, *, is_cut: bool) -> None:
    assert formats.at_most_99(number, is_cut=is_cut) == mark


def test_no_deadline() -> None:
    assert formats.due(None, NOW) is None
    assert formats.due(NEVER, NOW) is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Health.AUTH_REQUIRED, "Auth required"),
        (Role.ADMIN, "Admin"),
        ("first_response", "First response"),
        ("RSS feed", "RSS feed"),
        ("", ""),
    ],
)
def test_states_in_words(value: object, words: str) -> None:
    assert formats.words(value) == words


@pytest.mark.parametrize(
    ("colour", "ink"), [("#000000", "#fff"), ("#ffffff", "#000"), ("#336699", "#fff"), ("", "#fff")]
)
def test_ink_that_can_be_read(colour: str, ink: str) -> None:
    assert formats.ink_on(colour) == ink
