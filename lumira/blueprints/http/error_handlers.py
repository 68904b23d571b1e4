"""One handler for everything that goes wrong, and one envelope for its reply."""

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
from lumira.errors import LumiraError, ServiceUnavailable, Unauthorized, WebhookRejected
from lumira.schemas.errors import ErrorEnvelope

log = structlog.get_logger()

#: Seconds after which it is worth asking again where nobody knows better.
_RETRY_AFTER = 5
_RETRIED = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
#: The contract's codes for what the framework refuses by itself, with a sentence where its own says too much.
_CODES = {
    HTTPStatus.BAD_REQUEST: ("INVALID_REQUEST", "This request cannot be understood."),
    HTTPStatus.NOT_FOUND: ("NOT_FOUND", "There is nothing at this address."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("METHOD_NOT_ALLOWED", "This address does not take this method."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("PAYLOAD_TOO_LARGE", "The body is too large."),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("UNSUPPORTED_MEDIA_TYPE", "A body of this kind is not read here."),
    HTTPStatus.TOO_MANY_REQUESTS: ("RATE_LIMITED", "Too many requests; try again later."),
}


def init_app(app: Flask) -> None:
    """Answer every refusal and every accident of the application in the one envelope."""
    app.register_error_handler(WebhookRejected, _reject_webhook)
    app.register_error_handler(LumiraError, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)
    app.register_error_handler(OperationalError, _wait_for_database)
    app.register_error_handler(InterfaceError, _wait_for_database)
    app.register_error_handler(PoolTimeout, _wait_for_database)
    app.register_error_handler(Exception, _fail)


def _refuse(error: LumiraError) -> Response:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.warning("request_failed", code=error.code, reason=error.message, **_loggable(error.details))
    reply = _envelope(error.status, error.code, error.message, fields=error.fields)
    if error.retry_after is not None or error.status in _RETRIED:
        reply.headers["Retry-After"] = str(_RETRY_AFTER if error.retry_after is None else error.retry_after)
    if isinstance(error, Unauthorized):
        reply.headers["WWW-Authenticate"] = 'Bearer realm="lumira"'
    return reply


def _loggable(details: dict[str, object]) -> dict[str, object]:
    """The details under names that no line of the log has a meaning for already."""
    taken = ("event", "code", "reason")
    return {f"detail_{name}" if name in taken else name: value for name, value in details.items()}


def _reject_webhook(error: WebhookRejected) -> Response:
    log.info("webhook_rejected", reason=error.message)
    reply = jsonify({"error": error.message})
    reply.status_code = error.status
    return reply


def _refuse_http(error: HTTPException) -> Response:
    if errors.is_about_page():
        # Where no route was found no blueprint is asked, and buyers read no JSON.
        return errors.refuse_http(error)
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    known = _CODES.get(status)
    code, message = known or (status.name, f"{status.phrase}.")
    reply = _envelope(status, code, message)
    for name, value in error.get_headers():
        # Allow, for one, says what would have been right; only the page that went with it is ours.
        if name.lower() not in ("content-type", "content-length"):
            reply.headers.add(name, value)
    if status in _RETRIED and "Retry-After" not in reply.headers:
        reply.headers["Retry-After"] = str(_seconds_left(error))
    return reply


def _seconds_left(error: HTTPException) -> int:
    """How long the caller has to wait until its rate limit counts anew."""
    exceeded = extensions.of().limiter.current_limit
    if not isinstance(error, RateLimitExceeded) or exceeded is None:
        return _RETRY_AFTER
    return max(1, math.ceil(exceeded.window.reset_time - time.time()))


def _wait_for_database(error: SQLAlchemyError) -> Response:
    """The connection broke, or there is none: the caller, or Stripe, comes again."""
    log.error(
        "database_lost", error=type(error).__name__, original=type(getattr(error, "orig", None)).__name__
    )
    return _refuse(ServiceUnavailable("The service cannot be reached at the moment.", retry_after=2))


def _fail(error: Exception) -> Response:
    """What nobody foresaw: all of it to the log, nothing of it to the caller."""
    log.error("request_crashed", exc_info=error)
    return _envelope(
        HTTPStatus.INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "Something went wrong here; it was noted."
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
