"""How much of Facebook's limits is used, as its answers tell in two headers; pure.

`X-Business-Use-Case-Usage` counts a Page's calls (of 4,800 for each engaged person in 24 hours),
`X-App-Usage` those of the app in an hour. Both give percentages of calls, of time and of
processor time; the highest counts. Source: "Rate Limits" in Meta's Graph API documents.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from earful_facebook.values import items, record

__all__ = ["FULL", "Usage", "read_usage"]

FULL = 100
_HEADERS = ("x-business-use-case-usage", "x-app-usage", "x-page-usage")
_PARTS = ("call_count", "total_time", "total_cputime")
_LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Usage:
    """The percentage that is used, and how long Facebook says that no call will be answered."""

    percent: int = 0
    regain: timedelta = timedelta()

    def or_worse(self, other: Usage) -> Usage:
        return Usage(max(self.percent, other.percent), max(self.regain, other.regain))


def read_usage(headers: Mapping[str, str]) -> Usage | None:
    """The worst that the headers say; None if they say nothing."""
    worst: Usage | None = None
    for each in _told(headers):
        used = [each[name] for name in _PARTS if type(each.get(name)) in {int, float}]
        minutes = each.get("estimated_time_to_regain_access")
        wait = timedelta(minutes=minutes) if type(minutes) is int and minutes > 0 else timedelta()
        one = Usage(int(max((0, *used))), min(wait, _LONGEST_WAIT))
        worst = one.or_worse(worst) if worst else one
    return worst


def _told(headers: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    for name in _HEADERS:
        try:
            document = record(json.loads(headers.get(name, "")))
        except (ValueError, RecursionError):
            continue
        if name == _HEADERS[0]:
            for listed in document.values():
                yield from items(listed)
        else:
            yield document
