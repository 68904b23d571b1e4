"""Error handlers of the dashboard: every error becomes a page that says what to do."""

from http import HTTPStatus

import structlog
from flask import Blueprint, Response, request
from flask_wtf.csrf import CSRFError  # type: ignore[import-untyped]
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from lumira.blueprints.pages.dashboard.replies import language, page, page_before
from lumira.blueprints.pages.dashboard.routing import PREFIX
from lumira.errors import LumiraError, RateLimited, TenantFrozen
from lumira.pages.dashboard.rendering import explain

log = structlog.get_logger()

#: What is raised when the database does not respond: the transaction may be committed or not.
DATABASE_LOST = (OperationalError, InterfaceError, PoolTimeout)

#: Seconds.
_RETRY_AFTER = "30"
_NOTICES = {
    HTTPStatus.FORBIDDEN: "forbidden",
    HTTPStatus.TOO_MANY_REQUESTS: "too_often",
    HTTPStatus.BAD_REQUEST: "stale_form",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
}


def register_handlers(blueprint: Blueprint) -> None:
    """Register handlers that reply with pages."""
    blueprint.register_error_handler(LumiraError, _reply_to_error)
    blueprint.register_error_handler(CSRFError, _reply_to_stale_form)
    blueprint.register_error_handler(HTTPException, reply_to_http_error)
    for lost in DATABASE_LOST:
        blueprint.register_error_handler(lost, _reply_to_lost_database)
    blueprint.register_error_handler(Exception, _reply_to_crash)


def _reply_to_error(error: LumiraError) -> Response:
    """Say what a use case refused, with a link back; nothing was changed."""
    if isinstance(error, TenantFrozen):
        return reply_to_frozen_shop()
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("page_failed", code=error.code, reason=error.message)
        return notice("later", error.status)
    if isinstance(error, RateLimited):
        reply = notice("too_often", error.status)
        reply.headers["Retry-After"] = str(error.retry_after)
        return reply
    return notice("refused", error.status, explanation=explain(error, language()))


def reply_to_frozen_shop() -> Response:
    """Say that nothing of the shop can be changed while it is moved to another installation."""
    reply = notice("frozen", TenantFrozen.status)
    reply.headers["Retry-After"] = _RETRY_AFTER
    return reply


def _reply_to_stale_form(error: CSRFError) -> Response:
    log.info("form_refused", reason=error.description)
    return notice("stale_form", HTTPStatus.BAD_REQUEST)


def is_for_dashboard() -> bool:
    """Whether the running request is for the dashboard; it may match no route."""
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def reply_to_http_error(error: HTTPException) -> Response:
    """Reply to an error of Flask or Werkzeug with a page."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return notice("later", status)
    reply = notice(_NOTICES.get(status, "not_found"), status)
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            reply.headers[name] = value
    return reply


def _reply_to_lost_database(error: Exception) -> Response:
    return reply_to_lost_database(error, "later", back=page_before())


def reply_to_lost_database(error: Exception, kind: str, *, back: str) -> Response:
    """Log that the database did not respond, and show a notice with a link to `back`."""
    log.error("database_lost", error=type(error).__name__)
    reply = notice(kind, HTTPStatus.SERVICE_UNAVAILABLE, back=back)
    reply.headers["Retry-After"] = _RETRY_AFTER
    return reply


def _reply_to_crash(error: Exception) -> Response:
    log.error("request_crashed", exc_info=error)
    return notice("later", HTTPStatus.INTERNAL_SERVER_ERROR)


def notice(
    kind: str, status: HTTPStatus, *, explanation: str | None = None, back: str | None = None
) -> Response:
    """A page that says what is wrong; `explanation` replaces that of the kind, `back` the page before."""
    return page("notice.html.jinja", status, kind=kind, explanation=explanation, back=back or page_before())
