"""Metrics in the format of Prometheus, for who has `METRICS_TOKEN`; not part of the API."""

import hmac
from collections.abc import Callable
from functools import cache, partial

from flask import Blueprint, Flask, Response, current_app, request

from config.settings import Settings
from lumira.database import db
from lumira.errors import NotFound, Unauthorized
from lumira.services.installation.measure_process import begin_measuring
from lumira.services.installation.read_metrics import CONTENT_TYPE, InstallationMetrics

blueprint = Blueprint("metrics", __name__)


def init_app(app: Flask, settings: Settings) -> None:
    """Set the token that a monitoring system sends; without one, `/metrics` does not exist."""
    app.extensions["lumira.metrics_token"] = settings.metrics_token
    app.extensions["lumira.metrics"] = cache(lambda: InstallationMetrics.of(settings))
    # The web server calls it in each of its processes: an application that serves nothing counts nothing.
    app.extensions["lumira.begin_measuring"] = partial(_begin_measuring, app, settings)


def _begin_measuring(app: Flask, settings: Settings) -> None:
    with app.app_context():
        begin_measuring(settings, "web", db.engines)


@blueprint.get("/metrics")
def show_metrics() -> Response:
    """Return the metrics of the installation: every web process of the machine returns the same."""
    _require_token()
    metrics: Callable[[], InstallationMetrics] = current_app.extensions["lumira.metrics"]
    return Response(metrics().render(), content_type=CONTENT_TYPE)


def _require_token() -> None:
    token: str | None = current_app.extensions["lumira.metrics_token"]
    if token is None:
        raise NotFound("There is nothing at this address.")
    scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not hmac.compare_digest(sent.encode(), token.encode()):
        raise Unauthorized("Send METRICS_TOKEN as the bearer token.")
