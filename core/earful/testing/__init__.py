"""Help for the tests of plugins.

`earful.testing.contract` has the classes to inherit; the fixtures of `pytest_plugin` are found by
pytest wherever Earful is installed. Nothing here is used by a running installation.
"""

from __future__ import annotations

from earful.testing.state import MemoryChannelState

__all__ = ["MemoryChannelState"]
