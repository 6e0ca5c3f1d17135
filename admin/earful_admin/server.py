"""The web process: puts the application together and serves it."""

from __future__ import annotations

import logging

from earful.inbox.attaching import LARGEST
from earful.runtime import Runtime
from earful.store import connection
from flask import Flask, g, request
from flask_admin import Admin
from flask_admin.theme import Bootstrap4Theme
from flask_wtf.csrf import generate_csrf
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server
from werkzeug.middleware.proxy_fix import ProxyFix

from earful_admin import (
    access,
    assets,
    compressing,
    context,
    errors,
    formats,
    ingress,
    language,
    nav,
    operations,
    pages,
    profile,
    security,
    sign_in,
    toasts,
)

__all__ = ["bind", "create_app", "serve"]

logger = logging.getLogger(__name__)
_WITHOUT_DATABASE = {"static", "texts", "operations.healthz", "ingress.receive"}


def create_app(runtime: Runtime) -> Flask:
    """The application for one installation."""
    app = Flask(__name__, static_folder=None)
    app.extensions["earful"] = runtime
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.before_request(context.begin)
    app.before_request(language.choose)
    app.before_request(_connect)
    app.teardown_request(_disconnect)
    compressing.init_app(app)
    # The order of these is the order of the checks: host and site, then role, then token.
    security.init_app(app, runtime.config)
    access.init_app(app)
    security.csrf.init_app(app)
    for part in (assets, errors, formats, ingress, language):
        part.init_app(app)
    operations.init_app(app, runtime)
    sign_in.init_app(app, runtime)
    _add_pages(app)
    app.context_processor(_for_templates)
    proxies = runtime.config.server.trusted_proxies
    if proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies
        )
    return app


def _add_pages(app: Flask) -> None:
    inbox = pages.inbox()
    admin = Admin(
        app,
        name="Earful",
        url="/",
        index_view=inbox,
        # A path of its own keeps Flask-Admin from serving the front end that we do not use.
        static_url_path="/static/admin",
        theme=Bootstrap4Theme(base_template="base.html"),
    )
    others = pages.pages()
    admin.add_views(*others)
    app.extensions["earful_pages"] = [inbox, *others]


def _connect() -> None:
    if request.endpoint not in _WITHOUT_DATABASE:
        g.connection = connection()
        g.connection.__enter__()
        language.by_person()


def _disconnect(error: BaseException | None) -> None:  # noqa: ARG001
    opened = g.pop("connection", None)
    if opened is not None:
        opened.__exit__(None, None, None)


def _for_templates() -> dict[str, object]:
    return {
        "agent": context.agent() if context.is_signed_in() else None,
        "csrf_token": generate_csrf,
        "nav_groups": nav.groups,
        "now": g.get("now"),
        "theme_name": profile.theme,
        "toasts": toasts.said,
    }


def bind(runtime: Runtime) -> BaseWSGIServer | MultiSocketServer:
    """The application behind a bound socket; `run` serves it until `close`."""
    config = runtime.config.server
    return create_server(
        create_app(runtime),
        host=config.host,
        port=config.port,
        threads=config.threads,
        ident=None,
        max_request_body_size=max(config.webhook_max_bytes, LARGEST) + 1,
        # ProxyFix and the check of /metrics read them.
        clear_untrusted_proxy_headers=False,
    )


def serve(runtime: Runtime) -> None:
    """Serve until the process is told to stop."""
    server = bind(runtime)
    config = runtime.config.server
    logger.info("serving on %s port %s as %s", config.host, config.port, config.public_url)
    server.run()
