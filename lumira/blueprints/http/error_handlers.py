"""Error handlers: every error of the API becomes a reply in one envelope."""

import math
import time
from http import HTTPStatus

import structlog
from flask import Flask, Response, g, jsonify
from flask_limiter import RateLimitExceeded
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from lumira import extensions
from lumira.blueprints.pages import errors
from lumira.blueprints.pages.dashboard import errors as dashboard_errors
from lumira.errors import LumiraError, ServiceUnavailable, Unauthorized
from lumira.errors.webhooks import WebhookRejected
from lumira.schemas.errors import ErrorEnvelope

log = structlog.get_logger()

#: Seconds, for errors that set no `retry_after` of their own.
_RETRY_AFTER = 5
_RETRYABLE = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
#: Code and message for the errors that Flask and Werkzeug raise.
_HTTP_ERRORS = {
    HTTPStatus.BAD_REQUEST: ("INVALID_REQUEST", "The request is malformed."),
    HTTPStatus.NOT_FOUND: ("NOT_FOUND", "This URL does not exist."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("METHOD_NOT_ALLOWED", "This URL does not accept this method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("PAYLOAD_TOO_LARGE", "The body exceeds the size limit."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("UNSUPPORTED_MEDIA_TYPE", "This content type is not accepted."),
    HTTPStatus.TOO_MANY_REQUESTS: ("RATE_LIMITED", "Too many requests: try again after Retry-After seconds."),
}


def init_app(app: Flask) -> None:
    """Register the handlers of the whole application."""
    app.register_error_handler(WebhookRejected, _reply_to_rejected_webhook)
    app.register_error_handler(LumiraError, _reply_to_error)
    app.register_error_handler(HTTPException, _reply_to_http_error)
    app.register_error_handler(OperationalError, _reply_to_lost_database)
    app.register_error_handler(InterfaceError, _reply_to_lost_database)
    app.register_error_handler(PoolTimeout, _reply_to_lost_database)
    app.register_error_handler(Exception, _reply_to_crash)


def _reply_to_error(error: LumiraError) -> Response:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", code=error.code, reason=error.message, **_loggable(error.details))
    reply = _envelope(error.status, error.code, error.message, fields=error.fields)
    if error.retry_after is not None or error.status in _RETRYABLE:
        reply.headers["Retry-After"] = str(_RETRY_AFTER if error.retry_after is None else error.retry_after)
    if isinstance(error, Unauthorized):
        reply.headers["WWW-Authenticate"] = 'Bearer realm="lumira"'
    return reply


def _loggable(details: dict[str, object]) -> dict[str, object]:
    """The details, renamed where the log line has a field of the same name."""
    reserved = ("event", "code", "reason")
    return {f"detail_{name}" if name in reserved else name: value for name, value in details.items()}


def _reply_to_rejected_webhook(error: WebhookRejected) -> Response:
    log.info("webhook_rejected", reason=error.message)
    reply = jsonify({"error": error.message})
    reply.status_code = error.status
    return reply


def _reply_to_http_error(error: HTTPException) -> Response:
    if dashboard_errors.is_for_dashboard():
        return dashboard_errors.reply_to_http_error(error)
    if errors.is_for_page():
        # Without a matching route the blueprint's own handlers do not run, and buyers need a page, not JSON.
        return errors.reply_to_http_error(error)
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    code, message = _HTTP_ERRORS.get(status) or (status.name, f"{status.phrase}.")
    reply = _envelope(status, code, message)
    for name, value in error.get_headers():
        # Headers such as `Allow` stay; the body is replaced.
        if name.lower() not in ("content-type", "content-length"):
            reply.headers.add(name, value)
    if status in _RETRYABLE and "Retry-After" not in reply.headers:
        reply.headers["Retry-After"] = str(_seconds_to_wait(error))
    return reply


def _seconds_to_wait(error: HTTPException) -> int:
    """Seconds until the exceeded rate limit resets."""
    exceeded = extensions.of().limiter.current_limit
    if not isinstance(error, RateLimitExceeded) or exceeded is None:
        return _RETRY_AFTER
    return max(1, math.ceil(exceeded.window.reset_time - time.time()))


def _reply_to_lost_database(error: SQLAlchemyError) -> Response:
    """Reply 503 if the database connection is lost: the caller, or Stripe, repeats the request."""
    original = getattr(error, "orig", None)
    log.error(
        "database_lost",
        error=type(error).__name__,
        original=type(original).__name__,
        sqlstate=getattr(original, "sqlstate", None),
    )
    return _reply_to_error(
        ServiceUnavailable("The service is not available: repeat the request.", retry_after=2)
    )


def _reply_to_crash(error: Exception) -> Response:
    """Reply 500 to an unexpected error: the details go to the log only."""
    log.error("request_crashed", exc_info=error)
    return _envelope(
        HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "An internal error occurred and was logged."
    )


def _envelope(
    status: HTTPStatus, code: str, message: str, *, fields: dict[str, list[str]] | None = None
) -> Response:
    content: dict[str, object] = {
        "error": HTTP_STATUS_CODES.get(status, status.phrase),
        "code": code,
        "message": message,
        "request_id": g.request_id,
    }
    if fields:
        content["fields_"] = fields
    reply = jsonify(ErrorEnvelope().dump(content))
    reply.status_code = status
    return reply
