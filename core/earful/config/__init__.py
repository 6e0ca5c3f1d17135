"""The configuration: one TOML file, read once, checked whole, frozen.

Owns the names, types and defaults of every setting of core, and the wording of mistakes. What a
plugin's own keys mean is the plugin's; they are checked here with the plugin's model.
"""

from __future__ import annotations

from earful.config.components import ChannelConfig, ComponentConfig, validate_settings
from earful.config.example import example
from earful.config.load import load
from earful.config.models import (
    BusinessHoursConfig,
    Config,
    InboxConfig,
    JobQueueConfig,
    MailConfig,
    PluginsConfig,
    RetentionConfig,
    SecurityConfig,
    ServerConfig,
    StoreConfig,
    new_encryption_key,
)
from earful.config.secrets import masked, remember

__all__ = [
    "BusinessHoursConfig",
    "ChannelConfig",
    "ComponentConfig",
    "Config",
    "InboxConfig",
    "JobQueueConfig",
    "MailConfig",
    "PluginsConfig",
    "RetentionConfig",
    "SecurityConfig",
    "ServerConfig",
    "StoreConfig",
    "example",
    "load",
    "masked",
    "new_encryption_key",
    "remember",
    "validate_settings",
]
