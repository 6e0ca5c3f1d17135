"""What the tables of this folder share: refusals at their field, and words after saving."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from earful.errors import ActionRefused
from earful.wording import gettext as _
from flask import get_flashed_messages

from earful_admin.toasts import say
from earful_admin.views import TableView

__all__ = ["EditedTable", "at_field"]

_NAME_OF_FIELD = re.compile(r"\A\w+(?: \w+)?: ")


class EditedTable(TableView):
    """A table that people change. `saved_words` speaks for it."""

    def saved_words(self, row: Any) -> str:
        """What to say once a row is saved."""
        return _("%(what)s is saved.", what=self.row_title(row))

    def get_save_return_url(self, model: Any, is_created: bool = False) -> str:  # noqa: FBT001, FBT002
        get_flashed_messages()  # Flask-Admin's own words speak of records.
        say(self.saved_words(model))
        return str(super().get_save_return_url(model, is_created))

    def _attempt(self, form: Any, work: Callable[[], Any]) -> Any:
        def placed() -> Any:
            try:
                return work()
            except ActionRefused as refused:
                if not at_field(form, refused):
                    raise
                return False

        return super()._attempt(form, placed)


def at_field(form: Any, refused: ActionRefused) -> bool:
    """Put a refusal beside the field it speaks of; False where there is none."""
    if not refused.field or refused.field not in form:
        return False
    field = form[refused.field]
    # Beside the field its name need not be said again.
    words = _NAME_OF_FIELD.sub("", str(refused))
    field.errors = [*field.errors, f"{words[:1].upper()}{words[1:]}"]
    return True
