"""Encrypts what only this installation may read: credentials, and what a sign-in must remember.

The first key encrypts, all of them decrypt. Keys are read anew each time, so that a long-running
process follows a rotation.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from earful.errors import AuthenticationFailed
from earful.wording import gettext as _

__all__ = ["Vault"]


class Vault:
    """Seals values with the newest of the keys that `keys` gives."""

    def __init__(self, keys: Callable[[], Sequence[str]]) -> None:
        self._keys = keys

    def seal(self, value: Any) -> str:
        """The value, which must be plain JSON, as text that says nothing."""
        return str(self._fernet().encrypt(json.dumps(value).encode()).decode())

    def open(self, sealed: str) -> Any:
        """What was sealed; {} for "". Raises `AuthenticationFailed` where no key fits."""
        from cryptography.fernet import InvalidToken

        if not sealed:
            return {}
        try:
            return json.loads(self._fernet().decrypt(sealed.encode()))
        except InvalidToken:
            raise AuthenticationFailed(
                _(
                    "The stored credentials cannot be decrypted: the encryption key is another "
                    "one. Put the old key back, or connect the channel again."
                )
            ) from None

    def reseal(self, sealed: str) -> str:
        """The same value under the newest key."""
        return self.seal(self.open(sealed)) if sealed else sealed

    def _fernet(self) -> Any:
        from cryptography.fernet import Fernet, MultiFernet

        return MultiFernet([Fernet(key) for key in self._keys()])
