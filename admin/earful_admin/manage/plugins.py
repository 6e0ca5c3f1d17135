"""Plugins: what is installed, what each brings, what failed, and how to change it."""

from __future__ import annotations

import json

from earful.plugins import PluginStatus
from earful.runtime import Trouble
from earful.store.states import Role
from flask_admin import expose

from earful_admin.views import PageView

__all__ = ["PluginsView"]

_STATUS = {
    PluginStatus.ACTIVE: ("ok", "Active"),
    PluginStatus.DISABLED: ("plain", "Switched off"),
    PluginStatus.FAILED_IMPORT: ("danger", "Cannot be loaded"),
    PluginStatus.FAILED_REGISTER: ("danger", "Cannot be registered"),
}


class PluginsView(PageView):
    """The installed plugins, read only: the configuration decides."""

    requires = Role.LEAD
    icon = "zap"
    lede = "What is installed beside the core, and what each plugin brings."

    @expose("/")
    def index(self) -> str:
        config = self.runtime.config
        return str(
            self.render(
                "manage/plugins.html",
                records=self.runtime.plugins.records,
                statuses=_STATUS,
                troubles=self._troubles(),
                file=config.file_name,
                disabled=config.plugins.disabled,
                as_toml=_as_toml,
            )
        )

    def _troubles(self) -> list[Trouble]:
        return list(self.runtime.troubles)


def _as_toml(names: list[str]) -> str:
    """The exact lines that switch these plugins off."""
    return f"[plugins]\ndisabled = {json.dumps(names)}"
