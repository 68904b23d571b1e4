"""CORS: pages on a tenant's domains may call the API for this tenant."""

import re

from flask import Flask, Response, request

from config.settings import Settings
from lumira import tenancy

_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Request-Id"
_ALLOWED_METHODS = "GET, POST, DELETE"
_EXPOSED_HEADERS = "ETag, Idempotency-Replayed, Retry-After, X-Request-Id"
#: Seconds that a browser may cache a preflight reply; Chromium's own maximum.
_MAX_AGE = "7200"
_HTTPS_ORIGIN = re.compile(r"https://([a-z0-9.-]+)")
_LOCAL_ORIGIN = re.compile(r"http://(?:localhost|127\.0\.0\.1)(?::\d{1,5})?")
_PREFIX = "/api/"
#: Replies depend on the caller's origin, so caches must store them separately.
VARY = ("Vary", "Origin")


def init_app(app: Flask, settings: Settings) -> None:
    """Reply to preflight requests, and name the origin on replies; never `*`, and never with credentials."""

    def answer_preflight() -> Response | None:
        if not _is_preflight():
            return None
        # A preflight request has no key, so its tenant is unknown: any tenant's page is accepted here, and the request
        # that follows is checked against its own tenant.
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
        if origin is not None and not _is_preflight():
            response.headers.update(headers_for(origin, tenancy.find_cached_caller(), settings))
        return response

    # After the request id and before rate limits: a browser hides the reason of a refused preflight request.
    app.before_request_funcs.setdefault(None, []).insert(1, answer_preflight)
    app.after_request(name_origin)


def _is_preflight() -> bool:
    return (
        request.method == "OPTIONS"
        and request.path.startswith(_PREFIX)
        and "Origin" in request.headers
        and "Access-Control-Request-Method" in request.headers
    )


def headers_for(origin: str, caller: tenancy.Caller | None, settings: Settings) -> dict[str, str]:
    """The headers with which a page of this origin may read the reply to the caller; none if it may not."""
    if not _may_read(origin, caller, settings):
        return {}
    return {"Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": _EXPOSED_HEADERS}


def _may_read(origin: str, caller: tenancy.Caller | None, settings: Settings) -> bool:
    """Whether the page belongs to the caller's tenant; without an authenticated tenant the reply stays hidden."""
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
    """Whether the origin is a local page and the installation is for development."""
    return settings.is_development and _LOCAL_ORIGIN.fullmatch(origin) is not None
