"""How the Graph API says no: one shape for all errors, with the codes of its documents."""

from __future__ import annotations

from typing import Any

__all__ = [
    "Refusal",
    "bad_parameter",
    "missing_permission",
    "not_there",
    "outside_window",
    "signed_out",
    "unknown_field",
    "used_up",
]


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: int, said: str, *, subcode: int = 0, **more: Any) -> None:
        super().__init__(said)
        self.status = status
        kind = (
            "OAuthException"
            if code in {10, 190, 200, 551, 10900, 10903}
            else "GraphMethodException"
        )
        self.error = {"message": said, "type": kind, "code": code, "fbtrace_id": "Sandbox", **more}
        if subcode:
            self.error["error_subcode"] = subcode


def bad_parameter(said: str) -> Refusal:
    return Refusal(400, 100, f"(#100) {said}")


def unknown_field(name: str, node: str) -> Refusal:
    return bad_parameter(f"Tried accessing nonexisting field ({name}) on node type ({node})")


def not_there(object_id: str) -> Refusal:
    return Refusal(
        400,
        100,
        f"Unsupported request. Object with ID '{object_id}' does not exist, cannot be loaded due "
        f"to missing permissions, or does not support this operation",
        subcode=33,
    )


def signed_out(subcode: int, said: str) -> Refusal:
    return Refusal(400, 190, f"Error validating access token: {said}", subcode=subcode)


def missing_permission(name: str) -> Refusal:
    return Refusal(403, 200, f"(#200) Requires {name} permission")


def outside_window() -> Refusal:
    said = "(#10) This message is sent outside of allowed window."
    return Refusal(400, 10, said, subcode=2018278)


def used_up() -> Refusal:
    said = "(#80001) There have been too many calls to this Page account. Wait a bit and try again."
    return Refusal(400, 80001, said, is_transient=True)
