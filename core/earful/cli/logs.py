"""Log lines for operators: one line per event, `name=value` words, never a secret."""

from __future__ import annotations

import logging
import sys
import time

from earful.config import masked

__all__ = ["set_up_logs"]

# Told by our own lines already, or of no use to an operator.
_QUIET = ("httpx", "httpcore", "peewee.migrations", "waitress.queue")


class _Lines(logging.Formatter):
    """Masks what the configuration calls a secret, in messages and tracebacks alike."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        return masked(super().format(record))


def set_up_logs(level: int = logging.INFO) -> None:
    """Log to stderr. Payload text is logged at debug only, so it does not show by default."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Lines("at=%(asctime)s level=%(levelname)s from=%(name)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
