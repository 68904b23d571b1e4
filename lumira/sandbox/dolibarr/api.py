"""``/api/index.php``: who calls, which handler it is, and how its result or error is written."""

import json
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from lumira.sandbox.dolibarr import invoices, orders, others, payments, setup, third_parties, webhooks
from lumira.sandbox.dolibarr.call import Body, Call, Route
from lumira.sandbox.dolibarr.errors import (
    DEADLOCK,
    ApiError,
    DataTooLong,
    DeadlockFound,
    DuplicateEntry,
    LockWaitTimeout,
    NoSuchApi,
    NothingToDo,
    PhpFatal,
)
from lumira.sandbox.dolibarr.faults import Fault
from lumira.sandbox.dolibarr.installation import Installation, User
from lumira.sandbox.errors import ConnectionDroppedError

_ROUTES = (
    *setup.ROUTES, *third_parties.ROUTES, *orders.ROUTES, *payments.ROUTES, *invoices.ROUTES, *others.ROUTES,
)  # fmt: skip
_PAYMENTS = "invoices/payment"
_PARAMETERS = {"{id}": r"([0-9]{1,15})", "{text}": r"([^/]+)"}
_PAGE = "<html><body><h1>{}</h1></body></html>"
#: What the database says, and what a proxy or PHP replies, when a fault keeps a request from being executed.
_BUSY = {
    "deadlock": DEADLOCK,
    "lock_wait": str(LockWaitTimeout()),
    "duplicate_number": "Duplicate value in a unique field",
}
_PAGES = {
    "500_empty": (500, ""),
    "502": (502, _PAGE.format("502 Bad Gateway")),
    "503": (503, _PAGE.format("503 Service Unavailable")),
    "login_page": (200, _PAGE.format("Login")),
    "redirect": (302, ""),
}


def _compiled(route: Route) -> tuple[re.Pattern[str], Route]:
    pattern = re.escape(route.path).replace(r"\{", "{").replace(r"\}", "}")
    for name, expression in _PARAMETERS.items():
        pattern = pattern.replace(name, expression)
    return re.compile(pattern), route


_COMPILED = [_compiled(route) for route in _ROUTES]
_RESOURCES = {route.path.split("/")[0] for route in _ROUTES}


@dataclass(frozen=True)
class _Found:
    route: Route
    parameters: tuple[str, ...]


def handle(installation: Installation, path: str, request: Request) -> Response:
    """Return the reply to a request; ``path`` begins after ``index.php/``.

    Raises ``ConnectionDroppedError`` for a reply that never arrives.
    """
    settings = installation.settings
    if settings["down"]:
        raise ConnectionDroppedError
    entry = {"method": request.method, "path": f"/{path}", "at": time.time(), "status": None}
    installation.log(entry)
    fault = installation.faults.take(request.method, f"/{path}", settings["random_faults"])
    time.sleep((settings["latency_ms"] + (fault.ms if fault else 0)) / 1000)
    response = _before(fault, path) or _answered(installation, path, request)
    entry["status"] = response.status_code
    return _after(fault, response)


def _before(fault: Fault | None, path: str) -> Response | None:
    """Return the reply of a fault because of which nothing is done."""
    if fault is None:
        return None
    if fault.kind == "timeout_before":
        raise ConnectionDroppedError
    if fault.kind in _BUSY:
        return _error(_database_error(_BUSY[fault.kind], is_payment=path.startswith(_PAYMENTS)))
    if fault.kind in _PAGES:
        status, text = _PAGES[fault.kind]
        location = {"Location": "https://elsewhere.example/"} if fault.kind == "redirect" else {}
        return Response(text, status, location, mimetype="text/html")
    return _error(ApiError(500)) if fault.kind == "500_without_text" else None


def _database_error(text: str, *, is_payment: bool) -> ApiError:
    return (
        ApiError(400, f"Payment error : {text}")
        if is_payment
        else ApiError(500, "Error creating object", text)
    )


def _after(fault: Fault | None, response: Response) -> Response:
    """Return the reply after a fault that is noticed when everything was done."""
    match fault.kind if fault else None:
        case "timeout_after":
            raise ConnectionDroppedError
        case "500_empty_after":
            return Response("", 500, mimetype="text/html")
        case "502_after":
            return Response(_PAGE.format("502 Bad Gateway"), 502, mimetype="text/html")
    return response


def _answered(installation: Installation, path: str, request: Request) -> Response:
    with_debug = not installation.settings["production_mode"]
    try:
        return _json(200, _result(installation, path.strip("/"), request))
    except NothingToDo:
        return Response(status=304)
    except PhpFatal:
        return Response("", 500, mimetype="text/html")
    except NoSuchApi:
        return Response("API not found (failed to include API file)", 501, mimetype="text/html")
    except (DuplicateEntry, DataTooLong, LockWaitTimeout, DeadlockFound) as error:
        failure = _database_error(str(error), is_payment=path.startswith(_PAYMENTS))
        return _error(failure, with_debug=with_debug)
    except ApiError as error:
        return _error(error, with_debug=with_debug)


def _result(installation: Installation, path: str, request: Request) -> Any:
    user = _user(installation, request)
    found = _find(installation, request.method, path)
    query = dict(parse_qsl(request.query_string.decode(), keep_blank_values=True))
    body = _body(request) if request.method in ("POST", "PUT") else {}
    with installation.tables.transaction() as transaction:
        call = Call(installation, user, transaction, query, body, post=webhooks.post_events)
        result = found.route.handler(call, *found.parameters)
        call.post(call)
        return result


def _user(installation: Installation, request: Request) -> User:
    key = request.headers.get("DOLAPIKEY") or request.args.get("DOLAPIKEY")
    authorization = request.headers.get("Authorization", "")
    if not key and authorization.startswith("Bearer "):
        key = authorization.removeprefix("Bearer ")
    if not key:
        raise ApiError(
            401,
            "Failed to login to API. No parameter 'HTTP_DOLAPIKEY' on HTTP header (and no parameter DOLAPIKEY in URL).",
        )
    user = installation.find_user(key)
    if user is None:
        time.sleep(installation.settings["bad_key_seconds"])
        raise ApiError(401, "Error user not valid (not found or bad status or bad validity dates)")
    return user


def _find(installation: Installation, method: str, path: str) -> _Found:
    resource = path.split("/", maxsplit=1)[0]
    if resource not in _RESOURCES:
        raise NoSuchApi
    is_known = False
    for pattern, route in _COMPILED:
        match = pattern.fullmatch(path)
        if match is None:
            continue
        if route.module in installation.settings["modules_off"]:
            raise NoSuchApi
        if route.method == method:
            return _Found(route, match.groups())
        is_known = True
    raise ApiError(405 if is_known else 404)


def _body(request: Request) -> Body:
    if "json" not in request.headers.get("Content-Type", "json"):
        return dict(request.form)
    data = request.get_data()
    if not data:
        return {}
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise ApiError(400, "Syntax error") from None
    return body if isinstance(body, dict) else {}


def _error(error: ApiError, *, with_debug: bool = True) -> Response:
    return _json(error.status, error.body(with_debug=with_debug))


def _json(status: int, value: Any) -> Response:
    return Response(json.dumps(value), status, mimetype="application/json")
