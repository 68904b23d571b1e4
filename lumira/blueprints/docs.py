"""The OpenAPI document and Swagger UI; all assets come from this server."""

from importlib import resources
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, send_from_directory
from werkzeug.exceptions import NotFound

from lumira import extensions
from lumira.blueprints.http import openapi

blueprint = Blueprint("docs", __name__, url_prefix="/api")

#: The assets that are served. The package also contains pages of its own, which are not.
ASSETS = frozenset(
    (
        "favicon-16x16.png",
        "favicon-32x32.png",
        "index.css",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    )
)
#: Scripts and styles from this server only; the style sheet has its icons as data: URLs.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Lumira API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/index.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png" sizes="32x32">
<link rel="icon" type="image/png" href="docs/favicon-16x16.png" sizes="16x16">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
#: In a separate file, because the page's policy forbids inline scripts.
_START = """window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
});
"""


@blueprint.get("/openapi.json")
def show_document() -> Response:
    """The OpenAPI document."""
    cached: dict[str, Any] = current_app.extensions["lumira.openapi"]
    if "document" not in cached:
        cached["document"] = openapi.document(extensions.of().api, cached["security"])
    return jsonify(cached["document"])


@blueprint.get("/docs")
def show_page() -> Response:
    """Swagger UI for the document."""
    return _with_policy(Response(_PAGE, mimetype="text/html"))


@blueprint.get("/docs/start.js")
def show_start() -> Response:
    """The script that starts Swagger UI."""
    return _with_policy(Response(_START, mimetype="text/javascript"))


@blueprint.get("/docs/<asset>")
def show_asset(asset: str) -> Response:
    """One of Swagger UI's scripts, style sheets and icons."""
    if asset not in ASSETS:
        raise NotFound
    reply = send_from_directory(asset_directory(), asset, max_age=3600)
    return _with_policy(reply)


def asset_directory() -> Path:
    """The directory of Swagger UI's assets in the installed package."""
    return Path(str(resources.files("flask_swagger_ui"))) / "dist"


def _with_policy(reply: Response) -> Response:
    reply.headers["Content-Security-Policy"] = _POLICY
    if "Cache-Control" not in reply.headers:
        reply.headers["Cache-Control"] = "no-cache"
    return reply
