"""`python -m earful` is `earful`."""

from __future__ import annotations

from earful.cli import main

main()
