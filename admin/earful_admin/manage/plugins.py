"""Plugins: what is installed, what each brings, what failed, and how to change it."""

from __future__ import annotations

import json

from earful.plugins import PluginStatus
from earful.runtime import Runtime, Trouble
from earful.store.states import Role
from earful.wording import gettext as _
from earful.wording import mark
from flask_admin import expose

from earful_admin.views import PageView

__all__ = ["PluginsView", "why_inactive"]

_STATUS = {
    PluginStatus.ACTIVE: ("ok", mark("Active")),
    PluginStatus.DISABLED: ("plain", mark("Switched off")),
    PluginStatus.FAILED_IMPORT: ("danger", mark("Cannot be loaded")),
    PluginStatus.FAILED_REGISTER: ("danger", mark("Cannot be registered")),
}


def why_inactive(runtime: Runtime, kind: str) -> str:
    """Why the plugin that brings a kind does not work, in words; "" where none is known."""
    for record in runtime.plugins.records:
        if record.name == kind and record.status is not PluginStatus.ACTIVE:
            word = _(_STATUS[record.status][1]).lower()
            return _(
                "Its plugin “%(kind)s” is not active (%(status)s): %(why)s",
                kind=kind,
                status=word,
                why=_(record.reason),
            )
    return ""


class PluginsView(PageView):
    """The installed plugins, read only: the configuration decides."""

    requires = Role.LEAD
    icon = "zap"
    lede = mark("What is installed beside the core, and what each plugin brings.")

    @expose("/")
    def index(self) -> str:
        config = self.runtime.config
        return str(
            self.render(
                "manage/plugins.html",
                records=self.runtime.plugins.records,
                statuses=_STATUS,
                troubles=[
                    (each, self._words(each))
                    for each in (*self.runtime.troubles, *self.runtime.model_troubles())
                ],
                file=config.file_name,
                disabled=config.plugins.disabled,
                as_toml=_as_toml,
            )
        )

    def _words(self, trouble: Trouble) -> str:
        component = getattr(self.runtime.config, trouble.section).get(trouble.name)
        known = why_inactive(self.runtime, component.type) if component else ""
        return known or _(trouble.reason)


def _as_toml(names: list[str]) -> str:
    """The exact lines that switch these plugins off."""
    return f"[plugins]\ndisabled = {json.dumps(names)}"
