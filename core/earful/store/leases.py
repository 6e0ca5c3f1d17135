"""Leases and heartbeats: which process may do what only one may, and which processes live."""

from __future__ import annotations

import resource
from datetime import datetime, timedelta
from pathlib import Path

from earful.store.database import transaction
from earful.store.models import Heartbeat, Lease

__all__ = ["beat", "hold_lease", "memory_kb", "release_lease"]

FORGOTTEN = timedelta(hours=1)


def hold_lease(name: str, owner: str, now: datetime, until: datetime) -> bool:
    """Take the lease, or prolong it. False while somebody else holds it."""
    with transaction():
        taken = (
            Lease.update(owner=owner, until=until)
            .where((Lease.name == name) & ((Lease.owner == owner) | (Lease.until <= now)))
            .execute()
        )
        if taken:
            return True
        Lease.insert(name=name, owner=owner, until=until).on_conflict_ignore().execute()
        return bool(Lease.get_by_id(name).owner == owner)


def release_lease(name: str, owner: str) -> None:
    """Give the lease back, so that another process need not wait for it to run out."""
    with transaction():
        Lease.delete().where((Lease.name == name) & (Lease.owner == owner)).execute()


def beat(process: str, kind: str, now: datetime) -> None:
    """Note that a process lives; those long silent are forgotten."""
    facts = {"kind": kind, "at": now, "memory_kb": memory_kb()}
    with transaction():
        Heartbeat.insert(process=process, **facts).on_conflict(
            conflict_target=[Heartbeat.process], update=facts
        ).execute()
        Heartbeat.delete().where(Heartbeat.at < now - FORGOTTEN).execute()


def memory_kb() -> int:
    """This process's resident memory."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize() // 1024
