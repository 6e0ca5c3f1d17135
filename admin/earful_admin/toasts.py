"""Short words after an action, at the bottom of the screen, with a way back where there is one.

After a redirect use `say`; in an answer to htmx use `toast_header`.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from flask import flash, get_flashed_messages

__all__ = ["said", "say", "toast_header"]

Kind = Literal["ok", "warn", "danger"]
_KINDS = {"success": "ok", "message": "ok", "info": "ok", "warning": "warn", "error": "danger"}


def say(text: str, kind: Kind = "ok", *, undo: str = "") -> None:
    """Show `text` on the next page. `undo` is the address to POST to for taking it back."""
    flash({"text": text, "undo": undo}, kind)  # type: ignore[arg-type]


def toast_header(text: str, kind: Kind = "ok", *, undo: str = "") -> dict[str, str]:
    """The header that makes htmx show `text`: `return html, 200, toast_header("Saved")`."""
    return {"HX-Trigger": json.dumps({"toast": {"text": text, "kind": kind, "undo": undo}})}


def said() -> list[dict[str, Any]]:
    """What `say`, and Flask-Admin's own `flash`, left for this page."""
    toasts = []
    for kind, message in get_flashed_messages(with_categories=True):
        content = message if isinstance(message, dict) else {"text": message, "undo": ""}
        toasts.append({**content, "kind": _KINDS.get(kind, kind)})
    return toasts
