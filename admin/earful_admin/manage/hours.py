"""Business hours and holidays: which are in force, and the form that saves others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from earful import actions
from earful.business_hours import BusinessHours
from earful.store.hours import SavedHours, UnreadableHours, saved_hours
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask import redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose

from earful_admin.access import needs
from earful_admin.manage.hours_draft import HoursDraft
from earful_admin.manage.hours_words import (
    holiday_lines,
    now_in_words,
    week_lines,
    weekday_names,
)
from earful_admin.toasts import say
from earful_admin.views import PageView

__all__ = ["HoursView"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The hours in force, and what else was saved; `trouble` says why that cannot be used."""

    hours: BusinessHours
    saved: SavedHours | None
    trouble: str = ""
    names: Mapping[date, str] = field(default_factory=dict)

    @property
    def is_saved(self) -> bool:
        return self.saved is not None and self.saved.in_force


class HoursView(PageView):
    """The week in force for leads; admins change it."""

    requires = Role.LEAD
    icon = "clock"
    lede = mark("When people work. Targets are counted in these hours; clocks stand still outside.")

    @expose("/")
    def index(self) -> str:
        known = self._known()
        return str(
            self.render(
                "manage/hours.html",
                known=known,
                configured=self.runtime.config.business_hours is not None,
                **self._shown(known.hours, known.names),
            )
        )

    @expose("/use", methods=["POST"])
    @needs(Role.ADMIN)
    def use(self) -> ResponseReturnValue:
        """Go back to the configuration's hours, or to those that were saved."""
        saved = request.form.get("hours") == "saved"
        actions.use_saved_hours(self.runtime, self.actor, saved=saved, now=self.now)
        say(
            _("The saved hours are in force.")
            if saved
            else _("The configuration's hours are in force.")
        )
        return redirect(self.get_url(".index"), 303)

    @expose("/edit", methods=["GET"])
    @needs(Role.ADMIN)
    def edit(self) -> str:
        known = self._known()
        version = known.saved.version if known.saved else 0
        return self._editor(HoursDraft.of(known.hours, known.names, version))

    @expose("/edit", methods=["POST"])
    @needs(Role.ADMIN)
    def change(self) -> ResponseReturnValue:
        """One press of a button in the form."""
        draft, step = HoursDraft.read(request.form), request.form.get("step", "save")
        if step not in {"save", "preview"}:
            return self._editor(draft, focus=draft.change(step))
        try:
            hours, names = actions.read_hours(draft.typed)
            if step == "preview":
                return self._editor(draft, focus="preview", shown=self._shown(hours, names))
            actions.save_hours(
                self.runtime, self.actor, draft.typed, version=draft.version, now=self.now
            )
        except actions.InvalidHours as invalid:
            draft.mistakes += invalid.mistakes
            return self._editor(draft), 422
        except actions.NewerHours as newer:
            draft.replaces(newer)
            return self._editor(draft), 422
        say(_("The hours are saved. They hold for clocks that start from now on."))
        return redirect(self.get_url(".index"), 303)

    def _known(self) -> _Known:
        configured = self.runtime.configured_hours
        try:
            saved = saved_hours()
        except UnreadableHours as error:
            return _Known(hours=configured, saved=None, trouble=str(error))
        if saved is None or not saved.in_force:
            return _Known(hours=configured, saved=saved)
        return _Known(hours=saved.calendar, saved=saved, names=saved.holiday_names)

    def _shown(self, hours: BusinessHours, names: Mapping[date, str]) -> dict[str, Any]:
        return {
            "said": now_in_words(hours, names, self.now),
            "zone": hours.timezone,
            "week": week_lines(hours),
            "holidays": holiday_lines(hours, names, self.now),
        }

    def _editor(
        self, draft: HoursDraft, *, focus: str = "", shown: dict[str, Any] | None = None
    ) -> str:
        return str(
            self.render(
                "manage/hours_form.html",
                draft=draft,
                focus=focus,
                shown=shown,
                days=weekday_names(),
                zones=actions.time_zones(),
            )
        )
