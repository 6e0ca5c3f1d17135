"""Facebook's refusals, as Earful's errors with words for people; pure.

Codes: "Error Handling" of the Graph API and "Error Codes" of the Messenger Platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from earful import (
    AuthenticationFailed,
    ChannelError,
    DeliveryRejected,
    OutcomeUnknown,
    PayloadError,
    RateLimited,
    TemporaryFailure,
    mark,
)
from earful import gettext as _
from earful.http import Response, parse_retry_after

from earful_facebook.usage import read_usage
from earful_facebook.values import EPOCH, record, text

__all__ = ["Gone", "NotPermitted", "problem"]


class Gone(DeliveryRejected):
    """What the call is about is not there any more, or this Page may not see it."""


class NotPermitted(DeliveryRejected):
    """A permission of the app or of the person who connected the Page is missing."""


_SIGNED_OUT = frozenset({102, 190, 463, 467})
_WHY_SIGNED_OUT = {
    458: mark("the app was removed from the account that connected it"),
    459: mark("Facebook wants that person to confirm who they are"),
    460: mark("that person changed their password"),
    463: mark("it has expired"),
    464: mark("that person has not confirmed their account"),
    467: mark("it was revoked"),
    492: mark("that person no longer has a role on the Page"),
}
_WRONG_SECRET = ("appsecret_proof", "client secret")
_LIMITS = frozenset({4, 17, 32, 341, 613, 1200, *range(80000, 80015)})
_PASSING = frozenset({1, 2})
_OUTSIDE_WINDOW = frozenset({2018065, 2018278, 2534022})
_NOT_THERE = frozenset({(100, 33), (100, 2018001)})
_UNKNOWN_OBJECT = frozenset({803, 1705})
_NOT_APPROVED = 2018028
_REJECTED = {
    368: mark("Facebook holds this Page back for a while because it took something for abuse"),
    506: mark("Facebook refuses the same text twice in a row"),
    551: mark("This person cannot be reached in Messenger at the moment"),
    10900: mark("This was already answered privately; Facebook allows that once"),
    10903: mark("This person cannot be answered privately"),
    1893061: mark("Facebook does not let this Page comment here"),
}
_PERMISSION = frozenset({3, 10, *range(200, 300)})


@dataclass(frozen=True, slots=True)
class _Fault:
    """What an error's body and headers say."""

    code: int
    subcode: int
    said: str
    is_transient: bool
    response: Response


def problem(response: Response, *, writes: bool) -> ChannelError:
    """The error that an answer stands for."""
    fault = _fault(response)
    for read in _READERS:
        found = read(fault)
        if found is not None:
            return found
    return _other(fault, writes=writes)


def _fault(response: Response) -> _Fault:
    error = _error(response)
    said = text(error.get("error_user_msg")) or text(error.get("message"))
    return _Fault(
        code=_number(error.get("code")),
        subcode=_number(error.get("error_subcode")),
        said=said or _("it answers %(status)s", status=response.status),
        is_transient=error.get("is_transient") is True,
        response=response,
    )


def _wrong_secret(fault: _Fault) -> ChannelError | None:
    if not any(words in fault.said.lower() for words in _WRONG_SECRET):
        return None
    return AuthenticationFailed(
        _("Facebook does not accept this channel's app_secret: %(said)s", said=fault.said)
    )


def _signed_out(fault: _Fault) -> ChannelError | None:
    if fault.code not in _SIGNED_OUT:
        return None
    known = _WHY_SIGNED_OUT.get(fault.subcode)
    why = _(known) if known else fault.said
    return AuthenticationFailed(
        _(
            "Facebook no longer accepts the Page's access: %(why)s. Connect the channel again.",
            why=why,
        )
    )


def _limited(fault: _Fault) -> ChannelError | None:
    is_too_much = fault.response.status == HTTPStatus.TOO_MANY_REQUESTS
    if fault.code not in _LIMITS and not is_too_much:
        return None
    said = _("Facebook asks to wait: %(said)s", said=fault.said)
    return RateLimited(said, retry_after=_wait(fault.response))


def _gone(fault: _Fault) -> ChannelError | None:
    if (fault.code, fault.subcode) not in _NOT_THERE and fault.code not in _UNKNOWN_OBJECT:
        return None
    return Gone(
        _("It is no longer on Facebook, or this Page may not see it: %(said)s", said=fault.said)
    )


def _outside_window(fault: _Fault) -> ChannelError | None:
    if fault.subcode not in _OUTSIDE_WINDOW:
        return None
    return DeliveryRejected(
        _(
            "Facebook's time for an answer is over: it takes answers up to 24 hours after the "
            "person's last message. They have to write again first."
        )
    )


def _rejected(fault: _Fault) -> ChannelError | None:
    if fault.code not in _REJECTED:
        return None
    return DeliveryRejected(
        _(
            "%(rejected)s. Facebook says: %(said)s",
            rejected=_(_REJECTED[fault.code]),
            said=fault.said,
        )
    )


def _not_permitted(fault: _Fault) -> ChannelError | None:
    if fault.code not in _PERMISSION:
        return None
    if fault.subcode == _NOT_APPROVED:
        return NotPermitted(
            _(
                "Facebook lets this app write to people with a role in it only, until it is "
                "approved for pages_messaging (App Review)."
            )
        )
    return NotPermitted(
        _(
            "Facebook says that a permission is missing: %(said)s. Connect the "
            "channel again and leave every permission ticked; see the manual for "
            "those that need App Review.",
            said=fault.said,
        )
    )


_READERS = (
    _wrong_secret,
    _signed_out,
    _limited,
    _gone,
    _outside_window,
    _rejected,
    _not_permitted,
)


def _other(fault: _Fault, *, writes: bool) -> ChannelError:
    """Trouble at Facebook's, or a refusal of a kind that is not known."""
    status, said = fault.response.status, fault.said
    is_broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if is_broken and writes:
        return OutcomeUnknown(
            _(
                "Facebook answers %(status)s and may have taken it: %(said)s",
                status=status,
                said=said,
            )
        )
    if is_broken or fault.is_transient or fault.code in _PASSING:
        return TemporaryFailure(_("Facebook has trouble at the moment: %(said)s", said=said))
    refused = _("Facebook refuses: %(said)s", said=said) + (
        _(" (code %(code)s)", code=fault.code) if fault.code else ""
    )
    return DeliveryRejected(refused) if writes else ChannelError(refused)


def _wait(response: Response) -> timedelta | None:
    """How long Facebook says it takes, in its own header or in the usual one."""
    usage = read_usage(response.headers)
    if usage and usage.regain:
        return usage.regain
    # Facebook gives seconds, never a date; so it does not matter what time it is.
    return parse_retry_after(response.headers.get("retry-after"), EPOCH)


def _error(response: Response) -> Mapping[str, Any]:
    try:
        return record(record(response.json()).get("error"))
    except PayloadError:
        return {}


def _number(value: object) -> int:
    return value if type(value) is int else 0
