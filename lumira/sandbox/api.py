"""``/v1``: from a request to Stripe's response, with injected faults on the way."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import stripe
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from lumira.sandbox import faults, forms, idempotency, late_requests, request_log
from lumira.sandbox.account import Origin, ensure_account, open_account, without_private_fields
from lumira.sandbox.calls import Call, Route
from lumira.sandbox.connect import acting_for
from lumira.sandbox.errors import (
    ConnectionDroppedError,
    ForbiddenError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    StripeError,
)
from lumira.sandbox.expansion import check_expansions, expand
from lumira.sandbox.idempotency import StoredReply
from lumira.sandbox.ids import random_id
from lumira.sandbox.keys import Caller, identify
from lumira.sandbox.latency import Latency
from lumira.sandbox.parameters import check
from lumira.sandbox.payments.intents import publishable_view
from lumira.sandbox.permissions import check_permission
from lumira.sandbox.resources import ROUTES
from lumira.sandbox.restricted_keys import find_restricted_key
from lumira.sandbox.store import Store
from lumira.sandbox.stripe_js import check_stripe_js

_FORM = "application/x-www-form-urlencoded"
_VERSION = re.compile(r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
_PUBLISHABLE_KEY_FORBIDDEN = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. You can find a "
    "list of your API keys at https://dashboard.stripe.com/account/apikeys."
)


@dataclass
class Exchange:
    """One authenticated request, with its parameters, its injected faults and whether it was replayed."""

    request: Request
    request_id: str
    caller: Caller
    params: dict[str, Any] = field(default_factory=dict)
    injected: faults.InjectedFaults = field(default_factory=faults.InjectedFaults)
    replayed: bool = False
    #: Stripe's time of the request, in seconds since the epoch.
    received_at: int | None = None


class Api:
    """Stripe's API over one store; ``wake`` is called after deliveries or tasks were added."""

    def __init__(self, store: Store, wake: Callable[[], None], latency: Latency) -> None:
        self._store = store
        self._wake = wake
        self._latency = latency
        self._in_flight = idempotency.InFlight()
        self._map = Map(
            [Rule(route.rule, methods=[route.method], endpoint=route) for route in ROUTES],
            strict_slashes=False,
        )

    def handle(self, request: Request) -> Response:
        """Return Stripe's response; raises ``ConnectionDroppedError`` if a fault drops the connection."""
        request_id = random_id("req", 14)
        try:
            params = _read_params(request)
            caller = self._identify(request, _text(params, "key"), _text(params, "_stripe_account"))
        except StripeError as error:
            return self._build_response(request, _reply_to(error, request_id), error.headers)
        exchange = Exchange(request, request_id, caller, params)
        try:
            reply = self._handle(exchange)
            headers: dict[str, str] = {}
        except StripeError as error:
            if caller.publishable and "payment_intent" in error.more:
                error.more["payment_intent"] = publishable_view(error.more["payment_intent"])
            reply, headers = _reply_to(error, request_id), error.headers
        except ConnectionDroppedError:
            self._log(exchange, 0)
            raise
        self._log(exchange, reply.status)
        return self._build_response(request, reply, headers, exchange)

    def _handle(self, exchange: Exchange) -> StoredReply:
        request, caller = exchange.request, exchange.caller
        replaced = self._latency.present(caller.account_id)
        with self._store.transaction() as connection:
            account = open_account(connection, caller.account_id)
            exchange.received_at = account.now
            injected = exchange.injected = faults.select(account, request.method, request.path)
        _check_version(request)
        if injected.has("drop_before"):
            raise ConnectionDroppedError
        error = injected.error()
        if error is not None:
            replaced.wait(injected.latency_ms / 1000)
            raise error
        route, path = self._match(request)
        if caller.publishable and not route.publishable:
            raise ForbiddenError(_PUBLISHABLE_KEY_FORBIDDEN, code="secret_key_required")
        if caller.permissions is not None:
            check_permission(
                caller.permissions,
                request.method,
                request.path,
                masked_key=caller.masked_key,
                account_id=caller.account_id,
            )
        key = idempotency.read_key(request.method, request.headers.get("Idempotency-Key"))
        with self._in_flight.claim(caller.account_id, key):
            replaced.wait(injected.latency_ms / 1000)
            reply = self._execute(exchange, route, path, key)
        if injected.has("drop_after"):
            raise ConnectionDroppedError
        return reply

    def _identify(self, request: Request, form_key: str | None, form_account: str | None) -> Caller:
        caller = identify(
            request.headers.get("Authorization"), form_key, find_restricted=self._find_restricted_key
        )
        with self._store.transaction() as connection:
            ensure_account(connection, caller.account_id, caller.name)
            return acting_for(connection, caller, request.headers.get("Stripe-Account") or form_account)

    def _find_restricted_key(self, key: str) -> Caller | None:
        with self._store.transaction() as connection:
            return find_restricted_key(connection, key)

    def _match(self, request: Request) -> tuple[Route, dict[str, str]]:
        where = f"({request.method}: {request.path})"
        try:
            route, path = self._map.bind("").match(request.path, request.method)
        except WrongMethod as error:
            stripe_error = MethodNotAllowedError(f"Unrecognized request method {where}.")
            stripe_error.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
            raise stripe_error from error
        except HTTPException as error:
            raise NotFoundError(
                f"Unrecognized request URL {where}. Please see https://stripe.com/docs or we can help at "
                "https://support.stripe.com/."
            ) from error
        return route, dict(path)

    def _execute(
        self, exchange: Exchange, route: Route, path: dict[str, str], key: str | None
    ) -> StoredReply:
        account_id, request = exchange.caller.account_id, exchange.request
        request_fingerprint = idempotency.fingerprint(request.method, request.path, exchange.params)
        with self._store.transaction() as connection:
            if key is not None:
                stored = idempotency.find_reply(connection, account_id, key, request_fingerprint)
                if stored is not None:
                    exchange.replayed = True
                    return stored
            account = open_account(
                connection,
                account_id,
                origin=Origin(exchange.request_id, key),
                base_url=request.host_url.rstrip("/"),
            )
            call = Call(account, _check_params(exchange, route), path, exchange.caller.publishable)
            status, body = _perform(route, call)
            if status == HTTPStatus.OK and exchange.injected.has("500_later"):
                connection.execute("ROLLBACK TO request")
                _defer(call, route, exchange.injected)
                status, body = faults.server_error().status, faults.server_error().body()
            if exchange.injected.has("500_after"):
                status, body = faults.server_error().status, faults.server_error().body()
            reply = StoredReply(
                status, json.dumps(without_private_fields(body), indent=2), exchange.request_id
            )
            if key is not None:
                idempotency.store_reply(connection, account_id, key, request_fingerprint, reply)
        if account.queued:
            self._wake()
        return reply

    def _log(self, exchange: Exchange, status: int) -> None:
        request = exchange.request
        entry = {
            "method": request.method,
            "path": request.path,
            "params": exchange.params,
            "idempotency_key": request.headers.get("Idempotency-Key"),
            "status": status,
            "request_id": exchange.request_id,
            "replayed": exchange.replayed,
            "publishable": exchange.caller.publishable,
            "faults": exchange.injected.kinds,
        }
        with self._store.transaction() as connection:
            request_log.record(connection, exchange.caller.account_id, entry)

    def _build_response(
        self, request: Request, reply: StoredReply, headers: dict[str, str], exchange: Exchange | None = None
    ) -> Response:
        response = Response(reply.body, reply.status, headers, mimetype="application/json")
        response.headers["Request-Id"] = exchange.request_id if exchange else reply.request_id
        if exchange is not None and exchange.received_at is not None:
            response.date = datetime.fromtimestamp(exchange.received_at, tz=UTC)
        response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", stripe.api_version)
        key = request.headers.get("Idempotency-Key")
        if exchange is not None and request.method == "POST" and key:
            response.headers["Idempotency-Key"] = key
            response.headers["Original-Request"] = reply.request_id
        if exchange is not None and exchange.replayed:
            response.headers["Idempotent-Replayed"] = "true"
        return response


def _read_params(request: Request) -> dict[str, Any]:
    encoded = request.query_string.decode("latin-1")
    body = request.get_data(cache=True)
    if body:
        if request.mimetype not in ("", _FORM):
            raise InvalidRequestError(
                "Invalid request (check that your POST content type is application/x-www-form-urlencoded). "
                "If you have any questions, we can help at https://support.stripe.com/."
            )
        try:
            encoded += ("&" if encoded else "") + body.decode()
        except UnicodeDecodeError as error:
            raise InvalidRequestError("Invalid request: the body is not valid UTF-8.") from error
    return forms.decode(encoded)


def _text(params: dict[str, Any], name: str) -> str | None:
    """Return a parameter that Stripe.js sends in the form, where the SDK sends a header."""
    value = params.get(name)
    return value if isinstance(value, str) else None


def _check_version(request: Request) -> None:
    version = request.headers.get("Stripe-Version")
    if version is not None and _VERSION.match(version) is None:
        raise InvalidRequestError(f"Invalid Stripe API version: {version}")


def _check_params(exchange: Exchange, route: Route) -> dict[str, Any]:
    sent = exchange.params
    if exchange.caller.publishable:
        return check_stripe_js(route.params, sent)
    if route.publishable and "client_secret" in sent:
        # With a secret key the client secret is optional, but a wrong one is an error.
        return {
            **check(route.params, sent, frozenset(("client_secret",))),
            "client_secret": sent["client_secret"],
        }
    return check(route.params, sent)


def _perform(route: Route, call: Call) -> tuple[int, dict[str, Any]]:
    """Return status and body; an error that the idempotency key stores is returned, not raised."""
    expansions = call.params.pop("expand", [])
    check_expansions(expansions)
    connection = call.account.connection
    connection.execute("SAVEPOINT request")
    try:
        body = expand(call.account, route.handle(call), expansions)
    except StripeError as error:
        if not error.stored:
            raise
        if not error.commits:
            connection.execute("ROLLBACK TO request")
        if call.publishable and "payment_intent" in error.more:
            error.more["payment_intent"] = publishable_view(error.more["payment_intent"])
        return error.status, error.body()
    return 200, body


def _defer(call: Call, route: Route, injected: faults.InjectedFaults) -> None:
    delay_ms = injected.finish_after_ms
    late_requests.defer(
        call, route, after_seconds=call.account.delay() if delay_ms is None else delay_ms / 1000
    )


def _reply_to(error: StripeError, request_id: str) -> StoredReply:
    return StoredReply(error.status, json.dumps(error.body(), indent=2), request_id)
