"""Whatever goes wrong on a page is told by a page."""

from http import HTTPStatus

import structlog
from flask import Blueprint, Response, request
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from lumira.blueprints.pages.replies import note
from lumira.errors import LumiraError
from lumira.pages.portal import Notice

log = structlog.get_logger()

#: Below here are pages and nothing else.
PREFIX = "/my"
#: Seconds after which it is worth coming back.
_RETRY_AFTER = "30"


def answer_with_pages(blueprint: Blueprint) -> None:
    """Let a blueprint's refusals and accidents be pages: the API's envelope is for programs."""
    blueprint.register_error_handler(LumiraError, _refuse)
    blueprint.register_error_handler(HTTPException, refuse_http)
    for lost in (OperationalError, InterfaceError, PoolTimeout):
        blueprint.register_error_handler(lost, _wait)
    blueprint.register_error_handler(Exception, _fail)


def _refuse(error: LumiraError) -> Response:
    if error.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return note(Notice.UNKNOWN, error.status)
    log.warning("page_failed", code=error.code, reason=error.message)
    return _later(error.status)


def is_about_page() -> bool:
    """Whether the running request, of which no route may have been found, is for one of the pages."""
    return request.path == PREFIX or request.path.startswith(f"{PREFIX}/")


def refuse_http(error: HTTPException) -> Response:
    """What the framework refuses by itself, as a page in the language that the browser asks for."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    if status is HTTPStatus.TOO_MANY_REQUESTS:
        reply = note(Notice.TOO_OFTEN, status)
        reply.headers["Retry-After"] = _RETRY_AFTER
        return reply
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _later(status)
    reply = note(Notice.UNKNOWN, status)
    if isinstance(error, MethodNotAllowed):
        reply.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
    return reply


def _wait(error: Exception) -> Response:
    log.error("database_lost", error=type(error).__name__)
    return _later(HTTPStatus.SERVICE_UNAVAILABLE)


def _fail(error: Exception) -> Response:
    log.error("request_crashed", exc_info=error)
    return _later(HTTPStatus.INTERNAL_SERVER_ERROR)


def _later(status: HTTPStatus) -> Response:
    reply = note(Notice.LATER, status)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        reply.headers["Retry-After"] = _RETRY_AFTER
    return reply
