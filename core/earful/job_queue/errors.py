"""What the job queue raises."""

from __future__ import annotations

from earful.errors import EarfulError

__all__ = ["JobQueueUnavailable"]


class JobQueueUnavailable(EarfulError):
    """The server does not answer. Go on without it: the sweep enqueues what was not enqueued."""
