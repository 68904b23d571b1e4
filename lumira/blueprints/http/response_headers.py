"""Security headers of every reply."""

from flask import Flask, Response, request

#: JSON loads no resources and is never framed. `base-uri` is no part of `default-src`.
CONTENT_SECURITY_POLICY = "default-src 'none'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
_HEADERS = [
    ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Replies contain client secrets and orders: no cache stores them unless the route allows it.
    ("Cache-Control", "no-store"),
]
#: Two years, without subdomains: those of a tenant's domain are not Lumira's to decide about.
_STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=63072000")


def init_app(app: Flask) -> None:
    """Add the default headers that a reply does not set itself."""
    app.after_request(_add)


def default_headers(*, is_secure: bool) -> list[tuple[str, str]]:
    """The headers of a reply that does not set them itself."""
    # HSTS has no effect over plain HTTP, and a development host must stay reachable without TLS.
    return [*_HEADERS, _STRICT_TRANSPORT] if is_secure else _HEADERS


def _add(response: Response) -> Response:
    for name, value in default_headers(is_secure=request.is_secure):
        response.headers.setdefault(name, value)
    return response
