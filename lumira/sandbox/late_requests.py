"""Requests that fail with 500 and are finished later, as Stripe reconciles an interrupted request."""

from typing import Any

from lumira.sandbox.account import Account, Origin
from lumira.sandbox.calls import Call, Route
from lumira.sandbox.errors import StripeError
from lumira.sandbox.resources import ROUTES

#: The kind of task that finishes a request.
REQUEST_FINISHES = "request_finishes"


def defer(call: Call, route: Route, *, after_seconds: float) -> None:
    """Schedule the request; its parameters are already validated."""
    origin = call.account.origin
    call.account.schedule(
        REQUEST_FINISHES,
        origin.request_id or "",
        after_seconds=after_seconds,
        method=route.method,
        rule=route.rule,
        path=call.path,
        params={name: value for name, value in call.params.items() if name != "expand"},
        idempotency_key=origin.idempotency_key,
    )


def finish_request(account: Account, request_id: str, **detail: Any) -> None:
    """Execute a deferred request; a request that the object's state no longer allows changes nothing."""
    account.origin = Origin(request_id, detail["idempotency_key"])
    route = next(one for one in ROUTES if (one.method, one.rule) == (detail["method"], detail["rule"]))
    account.connection.execute("SAVEPOINT finish")
    try:
        route.handle(Call(account, detail["params"], detail["path"]))
    except StripeError as error:
        if not error.commits:
            account.connection.execute("ROLLBACK TO finish")
