"""What machines ask: is it alive (`/healthz`), and how is it doing (`/metrics`).

Every gauge is read with a query whose cost does not grow with the archive: finished work is not
counted, and what is unfinished is found by a partial index.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from ipaddress import ip_address
from time import perf_counter

from earful.job_queue import JobQueueUnavailable
from earful.runtime import Runtime
from earful.store.queries import system
from flask import Blueprint, Flask, Response, abort, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from earful_admin import context
from earful_admin.access import public

__all__ = ["init_app"]

logger = logging.getLogger(__name__)
blueprint = Blueprint("operations", __name__)


@blueprint.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """200 when a request could be served. What exactly is wrong is in the log, not here."""
    if not system.is_reachable():
        return jsonify(status="unavailable", missing=["database"]), 503
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
            "earful_unfinished",
            f"Rows that wait for a worker, at most {system.MOST_COUNTED}.",
            labels=["kind"],
        )
        for kind, count in asdict(system.unfinished()).items():
            family.add_metric([kind], count)
        yield family
        age = GaugeMetricFamily(
            "earful_oldest_unfinished_message_seconds", "How long the oldest one has waited."
        )
        oldest = system.oldest_unfinished_message()
        age.add_metric([], _seconds_since(oldest) if oldest else 0)
        yield age

    def _heartbeats(self) -> Metric:
        family = GaugeMetricFamily(
            "earful_heartbeat_age_seconds", "Since the last sign of life.", labels=["kind"]
        )
        # The latest comes first, so the first of a kind is its latest.
        latest: dict[str, datetime] = {}
        for line in system.heartbeats():
            latest.setdefault(line.kind, line.at)
        for kind, at in latest.items():
            family.add_metric([kind], _seconds_since(at))
        return family

    def _channels(self) -> Metric:
        family = GaugeMetricFamily(
            "earful_channel_health",
            "1 for the state and health that a channel has.",
            labels=["channel", "state", "health"],
        )
        for labels in system.channel_states():
            family.add_metric(labels, 1)
        return family


def _seconds_since(moment: datetime) -> float:
    return (context.now() - moment).total_seconds()


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
