"""What machines ask: is it alive (`/healthz`), and how is it doing (`/metrics`).

Every gauge is read with a query whose cost does not grow with the archive: finished work is not
counted, and what is unfinished is found by a partial index.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from ipaddress import ip_address
from time import perf_counter
from typing import Any

import peewee
from earful.job_queue import JobQueueUnavailable
from earful.runtime import Runtime
from earful.store import connection
from earful.store.models import Channel, Heartbeat, Message, Notification, Payload, Reply, Setting
from earful.store.states import ReplyState, Stage
from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from peewee import fn
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from earful_admin import context
from earful_admin.access import public

__all__ = ["init_app"]

logger = logging.getLogger(__name__)
blueprint = Blueprint("operations", __name__)
_MOST = 10_000
"""No gauge counts further: whoever has that much unfinished work needs no exact number."""


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """200 when a request could be served. What exactly is wrong is in the log, not here."""
    missing = []
    try:
        with connection():
            Setting.select(Setting.key).limit(1).first()
    except (peewee.OperationalError, peewee.InterfaceError):
        logger.exception("healthz: the database cannot be reached")
        missing.append("database")
    if missing:
        return jsonify(status="unavailable", missing=missing), 503
    return jsonify(status="ok")


@blueprint.get("/metrics")
@public
def metrics() -> Response:
    """All metrics, for those whom the configuration allows."""
    if not (_has_token() or _is_near()):
        abort(403)
    registry: CollectorRegistry = current_app.extensions["earful_metrics"]
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _has_token() -> bool:
    token = context.runtime().config.server.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return token is not None and hmac.compare_digest(
        given.encode(), token.get_secret_value().encode()
    )


def _is_near() -> bool:
    server = context.runtime().config.server
    if server.trusted_proxies == 0 and "X-Forwarded-For" in request.headers:
        # It came through a proxy that we were not told of: the address is the proxy's.
        return False
    try:
        address = ip_address(request.remote_addr or "")
    except ValueError:
        return False
    return any(address in network for network in server.metrics_allow)


class _Gauges(Collector):
    """How the installation stands, read when asked."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        yield from self._job_queues()
        yield from self._unfinished()
        yield self._heartbeats()
        yield self._channels()

    def _job_queues(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("earful_job_queue_up", "Whether the job queue's server answers.")
        depth = GaugeMetricFamily("earful_job_queue_depth", "Jobs that wait.", labels=["queue"])
        try:
            for queue, length in self.runtime.jobs.depths().items():
                depth.add_metric([queue], length)
            up.add_metric([], 1)
        except JobQueueUnavailable:
            up.add_metric([], 0)
        yield from (up, depth)

    def _unfinished(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(
            "earful_unfinished", f"Rows that wait for a worker, at most {_MOST}.", labels=["kind"]
        )
        waiting_replies = [ReplyState.QUEUED, ReplyState.SENDING, ReplyState.UNCONFIRMED]
        queries: dict[str, Any] = {
            "payload": Payload.select(Payload.id).where(Payload.state == "received"),
            "message": Message.select(Message.id).where(Message.stage != Stage.DONE),
            "reply": Reply.select(Reply.id).where(Reply.state.in_(waiting_replies)),
            "notification": Notification.select(Notification.id).where(
                Notification.state == "pending"
            ),
        }
        for kind, query in queries.items():
            family.add_metric([kind], query.limit(_MOST).count())
        yield family
        age = GaugeMetricFamily(
            "earful_oldest_unfinished_message_seconds", "How long the oldest one has waited."
        )
        oldest = (
            Message.select(Message.received_at)
            .where(Message.stage != Stage.DONE)
            .order_by(Message.id)
            .limit(1)
            .scalar()
        )
        age.add_metric([], (context.now() - oldest).total_seconds() if oldest else 0)
        yield age

    def _heartbeats(self) -> Metric:
        family = GaugeMetricFamily(
            "earful_heartbeat_age_seconds", "Since the last sign of life.", labels=["kind"]
        )
        newest: Any = Heartbeat.select(Heartbeat.kind, fn.MAX(Heartbeat.at).alias("at")).group_by(
            Heartbeat.kind
        )
        for row in newest:
            family.add_metric([row.kind], (context.now() - row.at).total_seconds())
        return family

    def _channels(self) -> Metric:
        family = GaugeMetricFamily(
            "earful_channel_health",
            "1 for the state and health that a channel has.",
            labels=["channel", "state", "health"],
        )
        for channel in Channel.select(Channel.name, Channel.state, Channel.health):
            family.add_metric([channel.name, channel.state, channel.health], 1)
        return family


def init_app(app: Flask, runtime: Runtime) -> None:
    """Register both addresses, and time every request."""
    registry = CollectorRegistry()
    registry.register(_Gauges(runtime))
    seconds = Histogram(
        "earful_request_seconds",
        "How long requests took.",
        labelnames=["endpoint", "status"],
        registry=registry,
    )

    def start() -> None:
        g.started = perf_counter()

    def finish(response: Response) -> Response:
        status = f"{response.status_code // 100}xx"
        passed = perf_counter() - g.get("started", perf_counter())
        seconds.labels(request.endpoint or "none", status).observe(passed)
        return response

    app.extensions["earful_metrics"] = registry
    app.before_request(start)
    app.after_request(finish)
    app.register_blueprint(blueprint)
