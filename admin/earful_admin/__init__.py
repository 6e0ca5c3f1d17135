"""The admin: sign-in, pages, webhook ingress. Reads through the store, acts through actions."""

from __future__ import annotations

from earful_admin.server import create_app, serve

__all__ = ["create_app", "serve"]
