"""The document of the API, and a page to read it with; everything on it is served from here."""

from importlib import resources
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, send_from_directory
from werkzeug.exceptions import NotFound

from lumira import extensions
from lumira.blueprints.http import openapi

blueprint = Blueprint("docs", __name__, url_prefix="/api")

#: Of the package only these: it also brings pages of its own, one with a script in it.
ASSETS = frozenset(
    (
        "favicon-16x16.png",
        "favicon-32x32.png",
        "index.css",
        "swagger-ui-bundle.js",
        "swagger-ui.css",
    )
)
#: Scripts and styles come from here alone; the page's own icons are data: URLs in its style sheet.
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
#: In a file of its own, so that the page's policy can forbid scripts in pages.
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
    kept: dict[str, Any] = current_app.extensions["lumira.openapi"]
    if "document" not in kept:
        kept["document"] = openapi.document(extensions.of().api, kept["security"])
    return jsonify(kept["document"])


@blueprint.get("/docs")
def show_page() -> Response:
    """A page to read the document with."""
    return _with_policy(Response(_PAGE, mimetype="text/html"))


@blueprint.get("/docs/start.js")
def show_start() -> Response:
    """The line of script that the page begins with."""
    return _with_policy(Response(_START, mimetype="text/javascript"))


@blueprint.get("/docs/<asset>")
def show_asset(asset: str) -> Response:
    """One of the page's scripts, styles and icons."""
    if asset not in ASSETS:
        raise NotFound
    reply = send_from_directory(asset_directory(), asset, max_age=3600)
    return _with_policy(reply)


def asset_directory() -> Path:
    """Where the installed package keeps the page's assets."""
    return Path(str(resources.files("flask_swagger_ui"))) / "dist"


def _with_policy(reply: Response) -> Response:
    reply.headers["Content-Security-Policy"] = _POLICY
    if "Cache-Control" not in reply.headers:
        reply.headers["Cache-Control"] = "no-cache"
    return reply
