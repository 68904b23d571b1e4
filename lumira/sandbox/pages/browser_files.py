"""Files for the buyer's browser: Stripe.js, and the frames of its Payment Element and of 3-D Secure."""

from functools import cache
from pathlib import Path

import stripe
from werkzeug.wrappers import Request, Response

_STATIC = Path(__file__).parent.parent / "static"
#: Stripe.js is named after the major release of the API version that it calls.
_RELEASE = stripe.api_version.rpartition(".")[2]
SCRIPT = f"/{_RELEASE}/stripe.js"
FRAMES = "/js/"
_PARTS = ("checks.js", "elements.js", "confirm.js", "stripe.js")
_TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
#: What the frames load and call is their own; any shop may frame them, as Stripe's.
_FRAME_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


def send_script(_: Request) -> Response:
    """Return Stripe.js: one script made of its parts, which leaves ``window.Stripe`` and nothing else."""
    response = Response(_script(), mimetype="text/javascript")
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@cache
def _script() -> str:
    # The script's own address is the sandbox's: where its frames are, and what it calls.
    head = f"const RELEASE = {_RELEASE!r};\nconst ORIGIN = new URL(document.currentScript.src).origin;\n"
    body = "\n".join((_STATIC / part).read_text() for part in _PARTS)
    return f'(() => {{\n"use strict";\n{head}{body}}})();\n'


def send_frame(request: Request) -> Response:
    """Return a page of a frame, its script or its style sheet; 404 for anything else."""
    name = request.path.removeprefix(FRAMES)
    path = _STATIC / name
    if "/" in name or name in _PARTS or not path.is_file():
        return Response("There is no such file.", 404, mimetype="text/plain")
    response = Response(path.read_text(), mimetype=_TYPES[path.suffix])
    response.headers["Content-Security-Policy"] = _FRAME_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response
