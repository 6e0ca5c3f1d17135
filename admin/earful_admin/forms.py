"""Forms made from models: our column types, required where a value is needed, plain labels."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import peewee
from earful.store.fields import ChoiceField, JSONField, RankField, UTCDateTimeField
from earful.wording import gettext as _
from flask_admin.contrib.peewee.filters import (
    BooleanEqualFilter,
    FilterConverter,
    FilterEqual,
    FilterLike,
    IntEqualFilter,
)
from flask_admin.contrib.peewee.form import CustomModelConverter
from flask_admin.model import filters
from wtforms import Field, HiddenField, SelectField, TextAreaField
from wtforms.fields import DateTimeLocalField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Optional
from wtfpeewee.orm import FieldInfo, ValueRequired

from earful_admin.formats import words

__all__ = ["Converter", "Filters", "field_errors", "label_of"]


def label_of(name: str) -> str:
    """A column's name as a label: `last_sign_in_at` is "Last sign in"."""
    return words(name.partition(".")[0].removesuffix("_at"))


class EnumSelect(SelectField):
    """A choice between the members of an enum."""

    def __init__(self, enum: type[Enum], *, blank: bool = False, **options: Any) -> None:
        self.enum = enum
        choices = [SelectChoice(member.name, words(member)) for member in enum]
        if blank:
            choices.insert(0, SelectChoice("", "\u2013"))
        super().__init__(choices=choices, coerce=self._member, **options)

    def _member(self, value: Any) -> Any:
        if value is None or value == "":
            return ""
        return value.name if isinstance(value, Enum) else str(value)

    def populate_obj(self, obj: Any, name: str) -> None:
        setattr(obj, name, self.enum[self.data] if self.data else None)


class UTCMoment(DateTimeLocalField):
    """A moment, asked for and shown in UTC."""

    def process_data(self, value: datetime | None) -> None:
        super().process_data(value.astimezone(UTC) if value else None)

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = self.data.replace(tzinfo=UTC)


class JSONText(TextAreaField):
    """A JSON document as text; what is not JSON is refused in words."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return json.dumps(self.data, indent=2, ensure_ascii=False) if self.data is not None else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        try:
            self.data = json.loads(valuelist[0]) if valuelist and valuelist[0].strip() else None
        except json.JSONDecodeError as error:
            raise ValueError(
                _("This is not JSON: %(why)s in line %(n)s.", why=error.msg, n=error.lineno)
            ) from None


class Converter(CustomModelConverter):
    """Makes form fields from model fields."""

    def __init__(self, view: Any, additional: Any = None) -> None:
        super().__init__(view, additional)
        self.converters[peewee.AutoField] = self.handle_pk
        self.converters[peewee.BigAutoField] = self.handle_pk
        self.converters[UTCDateTimeField] = self._moment
        self.converters[JSONField] = self._json
        self.converters[ChoiceField] = self._choice
        self.converters[RankField] = self._choice

    def convert(self, model: Any, field: Any, field_args: Any) -> Any:
        """As usual, but a default does not make a field optional: the column still needs it."""
        options = {"label": field.verbose_name or label_of(field.name), **(field_args or {})}
        made = super().convert(model, field, options)
        if made.field is not None and _needs_value(field):
            kept = made.field.kwargs["validators"]
            made.field.kwargs["validators"] = [
                ValueRequired() if isinstance(each, Optional) else each for each in kept
            ]
        return made

    def _moment(self, model: Any, field: Any, **options: Any) -> Any:  # noqa: ARG002
        return FieldInfo(field.name, UTCMoment(**options))

    def _json(self, model: Any, field: Any, **options: Any) -> Any:  # noqa: ARG002
        return FieldInfo(field.name, JSONText(**options))

    def _choice(self, model: Any, field: Any, **options: Any) -> Any:  # noqa: ARG002
        options["filters"] = []
        if not field.null:
            options["validators"] = [InputRequired()]
        return FieldInfo(field.name, EnumSelect(field.enum, blank=field.null, **options))


def _needs_value(field: Any) -> bool:
    if field.null or isinstance(field, (peewee.BooleanField, peewee.ForeignKeyField, JSONField)):
        return False
    return field.default not in (None, "")


class EnumEqual(FilterEqual):
    """Rows whose choice is the given one."""

    def __init__(self, column: Any, name: str) -> None:
        # Asked for with each page, in its language.
        super().__init__(
            column, name, options=lambda: [(str(each.value), words(each)) for each in column.enum]
        )

    def clean(self, value: str) -> Any:
        kind = type(next(iter(self.column.enum)).value)
        return self.column.enum(kind(value))


class Since(FilterEqual):
    """Rows from a day on."""

    input_type = "date"

    def clean(self, value: str) -> datetime:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)

    def apply(self, query: Any, value: Any) -> Any:
        return query.where(self.column >= value)


class Filters(FilterConverter):
    """One useful filter for each column type, instead of seven ways to compare."""

    @filters.convert("CharField", "TextField")
    def text(self, column: Any, name: str) -> list[Any]:
        return [FilterLike(column, name)]

    @filters.convert("BooleanField")
    def switch(self, column: Any, name: str) -> list[Any]:
        return [BooleanEqualFilter(column, name)]

    @filters.convert("IntegerField", "BigIntegerField", "SmallIntegerField", "AutoField")
    def number(self, column: Any, name: str) -> list[Any]:
        return [IntEqualFilter(column, name)]

    @filters.convert("ChoiceField", "RankField")
    def choice(self, column: Any, name: str) -> list[Any]:
        return [EnumEqual(column, name)]

    @filters.convert("UTCDateTimeField")
    def moment(self, column: Any, name: str) -> list[Any]:
        return [Since(column, f"{name} since")]


def field_errors(fields: Any) -> list[tuple[Field, str]]:
    """Every mistake of a form with its field, in the order of the page."""
    return [
        (field, _(str(error)))
        for field in fields
        if not isinstance(field, HiddenField)
        for error in field.errors
    ]
