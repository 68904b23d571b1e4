"""``/sandbox/…``: what a test tells the sandbox about its own account, in JSON, with its secret key.

==========================  ==============================================================================
``POST faults``             replaces all faults: ``latency_ms``, ``rate_429``, ``rate_500_before``,
                            ``rate_500_after``, ``rate_drop_before``, ``rate_drop_after`` (0 to 1) stand;
                            ``queued: [{fault, method?, path?, ms?, times?}]`` strike the next fitting request
``POST deliveries``         replaces all misfortunes: ``duplicate`` (a chance, or a number of copies),
                            ``shuffle`` with ``window_ms``, ``delay_ms``, ``lose``, ``paused``, ``seed``,
                            ``max_attempts``, ``retry_base_ms``
``POST deliveries/resend``  ``{event, endpoint?}``: once more, without misfortune
``POST deliveries/flush``   ``{timeout_s?}``: all that waits is tried now; answers when nothing is under way
``POST settings``           ``delay_ms``, ``slow_delay_ms`` until late outcomes; ``api_version`` of events
``POST events``             ``{type, object, previous_attributes?}``: an event that the sandbox does not play
``POST advance``            ``{seconds}``: time passes for what waits and what expires
``POST reset``              this account has never been
``POST refunds …``          what happens to a payment without a request of the account's own: see
``POST disputes …``         ``lumira.sandbox.incidents``
``POST checkout/sessions/…``  what a buyer does at a Checkout Session: see
                            ``lumira.sandbox.checkout.instructions``
``GET`` of the first two, ``settings`` and ``requests`` shows how things stand; ``GET books`` what became
of every payment.
==========================  ==============================================================================
"""

import json
import re
import sqlite3
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from werkzeug.wrappers import Request, Response

from lumira.sandbox import faults, ledger, request_log
from lumira.sandbox.books import introduce, open_books, public
from lumira.sandbox.checkout.instructions import INSTRUCTIONS, instruct
from lumira.sandbox.errors import (
    ForbiddenError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    StripeError,
)
from lumira.sandbox.events import emit, queue_delivery, subscribed
from lumira.sandbox.incidents import INCIDENTS, Incident
from lumira.sandbox.instructions import Json, check_names, check_queued, read_json
from lumira.sandbox.keys import Caller, identify
from lumira.sandbox.store import TABLES, Store
from lumira.sandbox.timers import Timers
from lumira.sandbox.webhooks import queue
from lumira.sandbox.webhooks.workers import DeliveryWorkers

_FAULTS = {"latency_ms", *faults.RATES}
_DELIVERIES = {
    "duplicate", "shuffle", "window_ms", "delay_ms", "lose", "paused", "seed", "max_attempts",
    "retry_base_ms",
}  # fmt: skip
_SETTINGS = {"delay_ms", "slow_delay_ms", "api_version"}
_FLUSH_SECONDS = 30
_AT_A_SESSION = re.compile(rf"checkout/sessions/(\w+)/({'|'.join(INSTRUCTIONS)})")


class Control:
    """The control addresses over one store, its delivery workers and its timers."""

    def __init__(self, store: Store, workers: DeliveryWorkers, timers: Timers) -> None:
        self._store = store
        self._workers = workers
        self._timers = timers
        self._answers: dict[tuple[str, str], Callable[[str, Json], Json]] = {
            ("GET", "faults"): self._show_faults,
            ("POST", "faults"): self._set_faults,
            ("GET", "deliveries"): self._show_deliveries,
            ("POST", "deliveries"): self._set_deliveries,
            ("POST", "deliveries/resend"): self._resend,
            ("POST", "deliveries/flush"): self._flush,
            ("GET", "requests"): self._show_requests,
            ("GET", "settings"): self._show_settings,
            ("POST", "settings"): self._set_settings,
            ("POST", "events"): self._emit,
            ("POST", "advance"): self._advance,
            ("POST", "reset"): self._reset,
            ("GET", "books"): self._show_books,
            **{("POST", name): self._causing(incident) for name, incident in INCIDENTS.items()},
        }

    def answer(self, request: Request) -> Response:
        """The reply to one control request; refusals have Stripe's shape too."""
        try:
            caller = _caller(request)
            with self._store.transaction() as connection:
                introduce(connection, caller.account, caller.name)
            body, status = self._find(request)(caller.account, read_json(request)), 200
        except StripeError as error:
            body, status = error.body(), error.status
        return Response(json.dumps(body, indent=2), status, mimetype="application/json")

    def _find(self, request: Request) -> Callable[[str, Json], Json]:
        name = request.path.removeprefix("/sandbox/").rstrip("/")
        answer = self._answers.get((request.method, name))
        if answer is not None:
            return answer
        at_a_session = _AT_A_SESSION.fullmatch(name)
        if at_a_session is not None and request.method == "POST":
            session_id, deed = at_a_session.groups()
            return self._causing(partial(instruct, session_id=session_id, name=deed))
        if at_a_session is not None or any(known == name for _, known in self._answers):
            raise MethodNotAllowedError(f"{request.method} is not possible on {request.path}.")
        raise NotFoundError(f"There is no {request.path} here.")

    def _show_faults(self, account: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            standing = open_books(connection, account).settings.get("faults", {})
            return {"standing": standing, "queued": faults.queued(connection, account)}

    def _set_faults(self, account: str, sent: Json) -> Json:
        queued = sent.pop("queued", [])
        check_names(sent, _FAULTS)
        for spec in queued:
            check_queued(spec)
        with self._store.transaction() as connection:
            books = open_books(connection, account)
            books.settings["faults"] = sent
            books.save_settings()
            connection.execute("DELETE FROM faults WHERE account = ?", (account,))
            for spec in queued:
                faults.queue(connection, account, spec)
        return self._show_faults(account, {})

    def _show_deliveries(self, account: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            return {
                "settings": open_books(connection, account).settings.get("deliveries", {}),
                "counts": queue.counts(connection, account),
                "deliveries": queue.listed(connection, account),
            }

    def _set_deliveries(self, account: str, sent: Json) -> Json:
        check_names(sent, _DELIVERIES)
        with self._store.transaction() as connection:
            books = open_books(connection, account)
            books.settings["deliveries"] = sent
            books.save_settings()
        self._workers.wake()
        return {"settings": sent}

    def _resend(self, account: str, sent: Json) -> Json:
        check_names(sent, {"event", "endpoint"})
        with self._store.transaction() as connection:
            books = open_books(connection, account)
            row = _event_row(connection, account, sent.get("event"))
            endpoints = [
                endpoint["id"]
                for endpoint in books.all("webhook_endpoint")
                if sent.get("endpoint", endpoint["id"]) == endpoint["id"]
                and subscribed(endpoint, row["type"])
            ]
            # A resend is asked for by a person: it meets no misfortune.
            books.settings = {}
            for endpoint in endpoints:
                queue_delivery(books, row["id"], row["type"], endpoint)
        self._workers.wake()
        return {"event": row["id"], "queued": len(endpoints)}

    def _flush(self, account: str, sent: Json) -> Json:
        check_names(sent, {"timeout_s"})
        with self._store.transaction() as connection:
            queue.hurry(connection, account)
        self._workers.wake()
        idle = self._workers.wait_until_idle(account, float(sent.get("timeout_s", _FLUSH_SECONDS)))
        with self._store.transaction() as connection:
            return {"idle": idle, "counts": queue.counts(connection, account)}

    def _show_requests(self, account: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            return {"requests": request_log.listed(connection, account)}

    def _show_settings(self, account: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            settings = open_books(connection, account).settings
        return {"settings": {name: settings[name] for name in _SETTINGS if name in settings}}

    def _set_settings(self, account: str, sent: Json) -> Json:
        check_names(sent, _SETTINGS)
        with self._store.transaction() as connection:
            books = open_books(connection, account)
            books.settings.update(sent)
            books.save_settings()
        return self._show_settings(account, {})

    def _emit(self, account: str, sent: Json) -> Json:
        """Send an event of any type about any object, as for what the sandbox does not play itself."""
        check_names(sent, {"type", "object", "previous_attributes"})
        if not isinstance(sent.get("type"), str) or not isinstance(sent.get("object"), dict):
            raise InvalidRequestError("An event needs a `type` and an `object`.")
        with self._store.transaction() as connection:
            books = open_books(connection, account)
            emit(books, sent["type"], sent["object"], sent.get("previous_attributes"))
            row = connection.execute("SELECT body FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        self._workers.wake()
        return dict(json.loads(row["body"]))

    def _advance(self, account: str, sent: Json) -> Json:
        """Let time pass for all that waits and all that expires; stamps on objects stay as they are."""
        check_names(sent, {"seconds"})
        seconds = sent.get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise InvalidRequestError("`seconds` must be a number from zero upwards.", param="seconds")
        with self._store.transaction() as connection:
            for table, column in _AGEING:
                connection.execute(
                    f"UPDATE {table} SET {column} = {column} - ? WHERE account = ?",  # noqa: S608
                    (seconds, account),
                )
        done = self._timers.run_due(account)
        # What has just happened may have made new appointments.
        self._timers.notice()
        self._workers.wake()
        return {"seconds": seconds, "appointments": done}

    def _causing(self, incident: Incident) -> Callable[[str, Json], Json]:
        def answer(account: str, sent: Json) -> Json:
            with self._store.transaction() as connection:
                books = open_books(connection, account, base_url=self._timers.base_url)
                happened = public(incident(books, sent))
            self._timers.notice()
            self._workers.wake()
            return dict(happened)

        return answer

    def _show_books(self, account: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            rows = ledger.read(connection, account)
        # Put together outside the transaction: thousands of payments would hold up everybody else.
        return ledger.compose(rows)

    def _reset(self, account: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table} WHERE account = ?", (account,))  # noqa: S608
            connection.execute("DELETE FROM accounts WHERE id = ?", (account,))
        return {"reset": account, "at": int(time.time())}


_AGEING = (
    ("tasks", "due_at"),
    ("deliveries", "due_at"),
    ("events", "recorded_at"),
    ("idempotency_keys", "recorded_at"),
)


def _caller(request: Request) -> Caller:
    caller = identify(request.headers.get("Authorization"))
    if caller.publishable:
        raise ForbiddenError("The sandbox is controlled with the secret key.", code="secret_key_required")
    return caller


def _event_row(connection: sqlite3.Connection, account: str, identifier: Any) -> sqlite3.Row:
    row = connection.execute(
        "SELECT id, type FROM events WHERE account = ? AND id = ?", (account, str(identifier))
    ).fetchone()
    if not isinstance(row, sqlite3.Row):
        raise NotFoundError(f"No such event: '{identifier}'", code="resource_missing", param="event")
    return row
