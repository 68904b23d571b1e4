"""Headers that every reply carries, so that a browser does nothing with it but read it."""

from flask import Flask, Response, request

#: JSON loads nothing, and nobody frames it.
CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Replies hold client secrets and orders: no cache keeps them unless a route says so.
    "Cache-Control": "no-store",
}
#: Two years, as browsers' preload lists ask for.
_STRICT_TRANSPORT = "max-age=63072000; includeSubDomains"


def init_app(app: Flask) -> None:
    """Add to every reply what it does not say already."""
    app.after_request(_add)


def _add(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        # Over plain HTTP it would mean nothing, and a development host must stay reachable without TLS.
        response.headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)
    return response
