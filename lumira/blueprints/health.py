"""Probes: liveness and readiness."""

from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from typing import Any

from flask import Flask, current_app

from config.settings import Settings
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.schemas.health import HealthResponse, ReadinessResponse
from lumira.services.installation.readiness import Readiness

blueprint = ApiBlueprint("health", __name__, description="Probes")


def init_app(app: Flask, settings: Settings) -> None:
    """Prepare the readiness check. It is created by the first probe, because commands never need it."""
    app.extensions["lumira.readiness"] = cache(lambda: Readiness.of(settings))


@blueprint.get("/healthz", name="getHealth")
@blueprint.replies(HealthResponse)
def show_health() -> dict[str, Any]:
    """Whether the process responds."""
    return {"status": "ok"}


@blueprint.get("/readyz", name="getReadiness")
@blueprint.also_replies(503, ReadinessResponse, when="A condition for serving requests is not met.")
@blueprint.replies(ReadinessResponse)
def show_readiness() -> tuple[dict[str, Any], int]:
    """Whether requests can be served; `warnings` names what is wrong although they are, such as that no worker runs."""
    readiness: Callable[[], Readiness] = current_app.extensions["lumira.readiness"]
    state = readiness().check()
    found = {"missing": state.missing, "warnings": state.warnings}
    if state.missing:
        return {"status": "not_ready", **found}, HTTPStatus.SERVICE_UNAVAILABLE
    return {"status": "ready", **found}, HTTPStatus.OK
