"""What is unfinished, in the very words of the partial indexes that find it.

A database uses a partial index only for a condition it can read; a parameter it cannot.
"""

from __future__ import annotations

from peewee import SQL

__all__ = [
    "ATTACHMENT_KEPT",
    "BULK_JOB_UNFINISHED",
    "CLOCK_RUNS",
    "CLOCK_UNBREACHED",
    "DIGEST_UNFINISHED",
    "MESSAGE_UNFINISHED",
    "NOTIFICATION_FAILED",
    "NOTIFICATION_UNFINISHED",
    "PAYLOAD_FINISHED",
    "PAYLOAD_REFUSED",
    "PAYLOAD_UNFINISHED",
    "PLATFORM_ACTION_UNFINISHED",
    "REPLY_UNFINISHED",
    "SNOOZED",
    "TOLD_UNREAD",
]

ATTACHMENT_KEPT = SQL("keep_until IS NOT NULL")
BULK_JOB_UNFINISHED = SQL("state IN ('changing', 'undoing')")
CLOCK_RUNS = SQL("met_at IS NULL AND cancelled_at IS NULL")
CLOCK_UNBREACHED = SQL("met_at IS NULL AND breached_at IS NULL AND cancelled_at IS NULL")
DIGEST_UNFINISHED = SQL("state IN ('waiting', 'sending')")
MESSAGE_UNFINISHED = SQL("stage <> 'done'")
NOTIFICATION_FAILED = SQL("state = 'failed'")
NOTIFICATION_UNFINISHED = SQL("state = 'pending'")
PAYLOAD_REFUSED = SQL("state IN ('quarantined', 'unsupported')")
PAYLOAD_UNFINISHED = SQL("state = 'received'")
PAYLOAD_FINISHED = SQL("state IN ('parsed', 'unsupported')")
PLATFORM_ACTION_UNFINISHED = SQL("state IN ('queued', 'sending')")
REPLY_UNFINISHED = SQL("state IN ('queued', 'sending', 'unconfirmed')")
TOLD_UNREAD = SQL("read_at IS NULL")
SNOOZED = SQL("status = 'snoozed'")
