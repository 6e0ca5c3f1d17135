"""Short words after an action, at the bottom of the screen, with a way back where there is one.

After a redirect use `say`; in a part of a page that a script asked for use `toast_header`.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from earful.wording import gettext as _
from earful.wording import mark
from flask import flash, get_flashed_messages
from flask_admin.babel import gettext as flask_admin_gettext

__all__ = ["said", "say", "toast_header"]

Kind = Literal["ok", "warn", "danger"]
_REWORDED = {
    # Flask-Admin's own words; where a form was refused, the summary above it says more.
    "Failed to create record.": "",
    "Failed to save record.": "",
    "Record was successfully created.": mark("Saved."),
    "Record was successfully saved.": mark("Saved."),
    "Record was successfully deleted.": mark("Removed."),
    "Record does not exist.": mark("That is not there any more."),
}
_KINDS = {"success": "ok", "message": "ok", "info": "ok", "warning": "warn", "error": "danger"}


def say(text: str, kind: Kind = "ok", *, undo: str = "") -> None:
    """Show `text` on the next page. `undo` is the address to POST to for taking it back."""
    flash({"text": text, "undo": undo}, kind)  # type: ignore[arg-type]


def toast_header(text: str, kind: Kind = "ok") -> dict[str, str]:
    """The headers of an answer that make the page's script show `text`."""
    return {"HX-Trigger": json.dumps({"toast": {"text": text, "kind": kind}})}


def said() -> list[dict[str, Any]]:
    """What `say`, and Flask-Admin's own `flash`, left for this page."""
    toasts = []
    messages: list[Any] = list(get_flashed_messages(with_categories=True))
    for kind, message in messages:
        content = message if isinstance(message, dict) else {"text": _worded(message), "undo": ""}
        if content["text"]:
            toasts.append({**content, "kind": _KINDS.get(kind, kind)})
    return toasts


def _worded(message: object) -> str:
    said = str(message)
    for original, ours in _REWORDED.items():
        # It speaks the reader's language already.
        if said in {original, str(flask_admin_gettext(original))}:
            return _(ours)
    return said
