"""Error handlers of the pages: every error becomes a page."""

from http import HTTPStatus

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from lumira.blueprints.pages.replies import notice_page
from lumira.errors import LumiraError
from lumira.link_tokens import WITHDRAWAL_PATHS
from lumira.pages.portal import Notice

log = structlog.get_logger()

#: The path of the portal.
PREFIX = "/my"
#: The paths of all pages.
_PREFIXES = (PREFIX, "/checkout", *WITHDRAWAL_PATHS.values())
#: Seconds.
_RETRY_AFTER = "30"


def register_handlers(blueprint: Blueprint) -> None:
    """Register handlers that reply with pages: the API's JSON envelope is for programs."""
    blueprint.register_error_handler(LumiraError, reply_to_error)
    blueprint.register_error_handler(HTTPException, reply_to_http_error)
    for lost in (OperationalError, InterfaceError, PoolTimeout):
        blueprint.register_error_handler(lost, _reply_to_lost_database)
    blueprint.register_error_handler(Exception, _reply_to_crash)


def reply_to_error(error: LumiraError) -> Response:
    """Reply to an error of Lumira with a notice in the language of the browser."""
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return notice_page(Notice.UNKNOWN, error.status)
    log.warning("page_failed", code=error.code, reason=error.message)
    return _try_later_page(error.status)


def is_for_page() -> bool:
    """Whether the running request is for a page; it may match no route."""
    return any(request.path == prefix or request.path.startswith(f"{prefix}/") for prefix in _PREFIXES)


def reply_to_http_error(error: HTTPException) -> Response:
    """Reply to an error of Flask or Werkzeug with a page in the browser's language."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        return too_often_page()
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _try_later_page(status)
    reply = notice_page(Notice.UNKNOWN, status)
    if isinstance(error, MethodNotAllowed):
        reply.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return reply


def too_often_page(retry_after: int | None = None) -> Response:
    """The notice for a visitor who sent too many requests; `retry_after` is in seconds."""
    reply = notice_page(Notice.TOO_OFTEN, HTTPStatus.TOO_MANY_REQUESTS)
    reply.headers["Retry-After"] = _RETRY_AFTER if retry_after is None else str(retry_after)
    return reply


def _reply_to_lost_database(error: Exception) -> Response:
    log.error("database_lost", error=type(error).__name__)
    return _try_later_page(HTTPStatus.SERVICE_UNAVAILABLE)


def _reply_to_crash(error: Exception) -> Response:
    log.error("request_crashed", exc_info=error)
    return _try_later_page(HTTPStatus.INTERNAL_SERVER_ERROR)


def _try_later_page(status: HTTPStatus) -> Response:
    reply = notice_page(Notice.LATER, status)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        reply.headers["Retry-After"] = _RETRY_AFTER
    return reply
