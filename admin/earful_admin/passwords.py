"""Passwords: checked in the same time whether or not somebody exists. Storing is the actions'."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from earful.wording import gettext as _

__all__ = ["LEAST_LENGTH", "MOST_LENGTH", "matches", "mistake_in", "needs_rehash"]

LEAST_LENGTH = 10
MOST_LENGTH = 256
_hasher = PasswordHasher()


@cache
def _nobody() -> str:
    """A hash to compare with where there is none, so that a stranger learns nothing by waiting."""
    return _hasher.hash("nobody has this password")


def matches(stored: str, password: str) -> bool:
    """Whether it is the right password; an empty `stored` takes as long and never matches."""
    try:
        _hasher.verify(stored or _nobody(), password[: MOST_LENGTH + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored) and len(password) <= MOST_LENGTH


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than we use today."""
    return _hasher.check_needs_rehash(stored)


def mistake_in(password: str, *, email: str, name: str) -> str:
    """Why a new password is not taken, or ""."""
    if len(password) < LEAST_LENGTH:
        return _("Use at least %(n)s characters; a few words in a row work well.", n=LEAST_LENGTH)
    if len(password) > MOST_LENGTH:
        return _("Use at most %(n)s characters.", n=MOST_LENGTH)
    known = {email, email.partition("@")[0], *name.split()}
    if password.lower() in {word.lower() for word in known} or len(set(password)) < 4:  # noqa: PLR2004
        return _("This is too easy to guess.")
    return ""
