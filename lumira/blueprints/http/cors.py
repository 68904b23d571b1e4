"""Which pages of other origins may call the API from a browser: those of the tenant that is called."""

import re

from flask import Flask, Response, request

from config.settings import Settings
from lumira import tenancy

_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Request-Id"
_ALLOWED_METHODS = "GET, POST"
_EXPOSED_HEADERS = "ETag, Idempotency-Replayed, Retry-After, X-Request-Id"
#: Seconds that a browser may go by one answer; Chromium's own limit.
_MAX_AGE = "7200"
_HTTPS_ORIGIN = re.compile(r"https://([a-z0-9.-]+)")
_LOCAL_ORIGIN = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::\d{1,5})?")
_PREFIX = "/api/"
#: What the API answers depends on who asks: a cache has to know.
VARY = ("Vary", "Origin")


def init_app(app: Flask, settings: Settings) -> None:
    """Answer preflights, and name the origin on actual replies; never `*`, and never with cookies."""

    def answer_preflight() -> Response | None:
        if not _is_preflight():
            return None
        # Whom the call is for is not known yet: any tenant's page may ask, the call is held to its own.
        reply = Response(status=204)
        origin = request.headers["Origin"]
        if _is_local(origin, settings) or tenancy.find_by_domain(_domain(origin)) is not None:
            reply.headers["Access-Control-Allow-Origin"] = origin
            reply.headers["Access-Control-Allow-Methods"] = _ALLOWED_METHODS
            reply.headers["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
            reply.headers["Access-Control-Max-Age"] = _MAX_AGE
        return reply

    def name_origin(response: Response) -> Response:
        if not request.path.startswith(_PREFIX):
            return response
        response.vary.add(VARY[1])
        origin = request.headers.get("Origin")
        if origin is not None and not _is_preflight() and _may_read(origin, settings):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = _EXPOSED_HEADERS
        return response

    # After the request has its id, before rate limits: a browser refused its question never learns why.
    app.before_request_funcs.setdefault(None, []).insert(1, answer_preflight)
    app.after_request(name_origin)


def _is_preflight() -> bool:
    return (
        request.method == "OPTIONS"
        and request.path.startswith(_PREFIX)
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def _may_read(origin: str, settings: Settings) -> bool:
    """Whether the page belongs to the tenant that answered; refusals before that are known stay unread."""
    caller = tenancy.recall()
    if caller is None:
        return False
    if _is_local(origin, settings):
        return True
    page = tenancy.find_by_domain(_domain(origin))
    return page is not None and page.tenant_id == caller.tenant_id


def _domain(origin: str) -> str | None:
    match = _HTTPS_ORIGIN.fullmatch(origin)
    return tenancy.host_name(match[1]) if match else None


def _is_local(origin: str, settings: Settings) -> bool:
    """Whether a developer's own page asks, where developers are meant to."""
    return settings.is_development and _LOCAL_ORIGIN.fullmatch(origin) is not None
