"""The promises of every channel, kept by this one."""

from __future__ import annotations

from earful.testing.contract import ChannelContract


class TestFacebook(ChannelContract):
    kind = "facebook"
