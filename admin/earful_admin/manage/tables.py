"""What the tables of this folder share: refusals at their field, and words after saving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from earful.errors import ActionRefused
from flask import get_flashed_messages

from earful_admin.toasts import say
from earful_admin.views import TableView

__all__ = ["EditedTable", "at_field"]


class EditedTable(TableView):
    """A table that people change. `saved_words` and `refusals` speak for it."""

    refusals: Sequence[tuple[str, str]] = ()
    """Where a refusal belongs: some words of its sentence, and the field's name."""

    def saved_words(self, row: Any) -> str:
        """What to say once a row is saved."""
        return f"{self.row_title(row)} is saved."

    def get_save_return_url(self, model: Any, is_created: bool = False) -> str:  # noqa: FBT001, FBT002
        get_flashed_messages()  # Flask-Admin's own words speak of records.
        say(self.saved_words(model))
        return str(super().get_save_return_url(model, is_created))

    def _attempt(self, form: Any, work: Callable[[], Any]) -> Any:
        def placed() -> Any:
            try:
                return work()
            except ActionRefused as refused:
                if not at_field(form, str(refused), self.refusals):
                    raise
                return False

        return super()._attempt(form, placed)


def at_field(form: Any, text: str, places: Sequence[tuple[str, str]]) -> bool:
    """Put a refusal beside the field it speaks of; False where there is none."""
    for phrase, name in places:
        if phrase in text and name in form:
            words = text.removeprefix(f"{phrase}:").strip()
            form[name].errors = [*form[name].errors, f"{words[:1].upper()}{words[1:]}"]
            return True
    return False
