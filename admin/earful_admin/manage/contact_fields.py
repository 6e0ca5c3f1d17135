"""Contact fields: what is kept about people beside what the platforms tell, and why."""

from __future__ import annotations

from typing import Any

from earful import actions
from earful.store.models import ContactField
from earful.store.states import Role
from earful.wording import mark

from earful_admin.manage.tables import EditedTable

__all__ = ["ContactFieldsView"]


class ContactFieldsView(EditedTable):
    """The table of fields, and the form for one."""

    requires = Role.LEAD
    requires_to_change = Role.ADMIN
    icon = "clipboard-list"
    lede = mark("What agents may write down about a person, and what it is for.")
    new_label = mark("New field")
    empty_title = mark("No field yet")
    empty_text = mark("Add one for each thing worth knowing, such as a customer number.")
    can_create = can_edit = True
    column_list = ("name", "purpose", "position", "active")
    column_labels = {
        "name": mark("Name"), "purpose": mark("Purpose"), "position": mark("Position"),
        "active": mark("Active"),
    }  # fmt: skip
    column_sortable_list = ("name", "position", "active")
    column_default_sort = [("active", True), ("position", False), ("name", False)]
    form_columns = ("name", "purpose", "position", "active")
    form_args = {
        "purpose": {
            "description": mark("Shown beside the field: why you keep this about a person.")
        },
        "position": {"description": mark("Fields are listed by this number, the smallest first.")},
        "active": {"description": mark("Switched off, it is asked no more; answers stay.")},
    }

    def create(self, data: dict[str, Any]) -> ContactField:
        row: ContactField = ContactField.get_by_id(self._save(None, data))
        return row

    def change(self, row: ContactField, data: dict[str, Any]) -> None:
        self._save(row.id, data)

    def _save(self, field_id: int | None, data: dict[str, Any]) -> int:
        return actions.save_contact_field(
            self.runtime,
            self.actor,
            field_id,
            name=data["name"] or "",
            purpose=data["purpose"] or "",
            position=data["position"] or 0,
            active=data["active"],
            now=self.now,
        )
