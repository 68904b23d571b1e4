"""Headers that every reply carries, so that a browser does nothing with it but read it."""

from flask import Flask, Response, request

#: JSON loads nothing, and nobody frames it.
CONTENT_SECURITY_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Replies hold client secrets and orders: no cache keeps them unless a route says so.
    ("Cache-Control", "no-store"),
]
#: Two years, for this host alone: a brand's domain has others below it that are not ours to decide about.
_STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=63072000")


def init_app(app: Flask) -> None:
    """Add to every reply what it does not say already."""
    app.after_request(_add)


def of_every_reply(*, is_secure: bool) -> list[tuple[str, str]]:
    """The headers that a reply carries unless it says otherwise itself."""
    # Over plain HTTP it would mean nothing, and a development host must stay reachable without TLS.
    return [*_HEADERS, _STRICT_TRANSPORT] if is_secure else _HEADERS


def _add(response: Response) -> Response:
    for name, value in of_every_reply(is_secure=request.is_secure):
        response.headers.setdefault(name, value)
    return response
