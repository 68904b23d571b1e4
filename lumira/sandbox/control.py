"""``/sandbox/…``: control requests of a test for its own account, in JSON, with the account's secret key.

==========================  ==============================================================================
``POST faults``             replaces all faults: ``latency_ms``, ``rate_429``, ``rate_500_before``,
                            ``rate_500_after``, ``rate_drop_before``, ``rate_drop_after`` (0 to 1) are
                            permanent; ``queued: [{fault, method?, path?, ms?, times?}]`` apply to the next
                            matching requests. ``500_later`` fails a request and finishes it after ``ms``.
                            Requests that wait because of latency continue at once
``POST deliveries``         replaces all delivery faults: ``duplicate`` (a chance, or a number of copies),
                            ``shuffle`` with ``window_ms``, ``delay_ms``, ``lose``, ``paused``, ``seed``,
                            ``max_attempts``, ``retry_base_ms``; ``withhold``: event types that are delivered
                            only after this is replaced
``POST deliveries/resend``  ``{event, endpoint?}``: sends an event once more, without faults
``POST deliveries/flush``   ``{timeout_s?}``: attempts all pending deliveries now; waits until none is due
``POST settings``           ``delay_ms``, ``slow_delay_ms`` until delayed outcomes; ``api_version`` of events;
                            ``bank_transfers``: whether bank transfers are offered to customers (in ``eur``);
                            ``refused_emails``: addresses that are ``email_invalid``; ``clock_offset_s``: how far
                            Stripe's clock is ahead of this machine's, negative for behind; ``charges_enabled`` of
                            the account; ``settlement_currency`` of its balance, if it is not the payment's, and
                            the ``exchange_rate``
``POST events``             ``{type, object, previous_attributes?, account?}``: emits an event of any type;
                            ``account`` is that of a connected account
``POST connect``            ``{name}``: connects the account of the key ``sk_test_<name>``: this account's key
                            acts for it by ``Stripe-Account``, and its endpoints with ``connect`` receive the
                            events with ``account``; returns ``{account, key}``
``POST foreign_sales``      a sale of another shop on this account: see ``lumira.sandbox.foreign_sales``
``POST advance``            ``{seconds}``: advances time for scheduled tasks, deliveries and expiry
``POST keys``               ``{permissions: ["customers:write", …], key?}``: creates a restricted key, or
                            replaces the permissions of an existing one; returns ``{key, permissions}``
``POST keys/revoke``        ``{key}``: the restricted key is invalid from now on
``POST reset``              deletes everything of the account
``POST refunds …``          actions of the bank and of the Dashboard on a payment: see
``POST disputes …``         ``lumira.sandbox.external_actions``
``POST fraud_warnings``     the same
``POST bank_transfers``     the same
``POST payouts …``          payouts of the balance: see ``lumira.sandbox.balance.payouts``
``POST payment_intents/…``  actions of a buyer in the Payment Element: see ``lumira.sandbox.buyer_actions``
``POST checkout/sessions/…``  actions of a buyer on a Checkout Session: see
                            ``lumira.sandbox.checkout.session_actions``
``GET`` of ``faults``, ``deliveries``, ``settings`` and ``requests`` returns the current state; ``GET account``
returns every payment and Checkout Session with its outcome.
==========================  ==============================================================================
"""

import json
import re
import time
from collections.abc import Callable
from functools import partial

from werkzeug.wrappers import Request, Response

from lumira.sandbox import account_summary, request_log
from lumira.sandbox.account import ensure_account, open_account, without_private_fields
from lumira.sandbox.balance.payouts import PAYOUT_ACTIONS
from lumira.sandbox.buyer_actions import BUYER_ACTIONS
from lumira.sandbox.checkout.session_actions import SESSION_ACTIONS, run_session_action
from lumira.sandbox.connect import connect_account
from lumira.sandbox.control_parameters import Json, check_names, read_json
from lumira.sandbox.errors import (
    ForbiddenError,
    InvalidRequestError,
    MethodNotAllowedError,
    NotFoundError,
    StripeError,
)
from lumira.sandbox.events import emit
from lumira.sandbox.external_actions import ACTIONS, Action
from lumira.sandbox.fault_control import FaultControl
from lumira.sandbox.foreign_sales import make_foreign_sale
from lumira.sandbox.keys import Caller, identify
from lumira.sandbox.latency import Latency
from lumira.sandbox.restricted_keys import (
    find_restricted_key,
    revoke_restricted_key,
    save_restricted_key,
)
from lumira.sandbox.scheduled_tasks import ScheduledTasks
from lumira.sandbox.store import TABLES, Store
from lumira.sandbox.webhooks.delivery_control import DeliveryControl
from lumira.sandbox.webhooks.workers import DeliveryWorkers

_SETTINGS = {
    "delay_ms", "slow_delay_ms", "api_version", "bank_transfers", "refused_emails", "clock_offset_s", "charges_enabled",
    "settlement_currency", "exchange_rate",
}  # fmt: skip
_SESSION_ACTION_PATH = re.compile(rf"checkout/sessions/(\w+)/({'|'.join(SESSION_ACTIONS)})")


class Control:
    """The control routes over one store, its delivery workers and its scheduled tasks."""

    def __init__(
        self, store: Store, workers: DeliveryWorkers, scheduled_tasks: ScheduledTasks, latency: Latency
    ) -> None:
        self._store = store
        self._workers = workers
        self._scheduled_tasks = scheduled_tasks
        self._handlers: dict[tuple[str, str], Callable[[str, Json], Json]] = {
            **FaultControl(store, latency).handlers(),
            **DeliveryControl(store, workers).handlers(),
            ("GET", "requests"): self._show_requests,
            ("GET", "settings"): self._show_settings,
            ("POST", "settings"): self._set_settings,
            ("POST", "events"): self._emit,
            ("POST", "advance"): self._advance,
            ("POST", "reset"): self._reset,
            ("GET", "account"): self._show_account,
            ("POST", "connect"): self._action_handler(connect_account),
            ("POST", "foreign_sales"): self._action_handler(make_foreign_sale),
            ("POST", "keys"): self._action_handler(save_restricted_key),
            ("POST", "keys/revoke"): self._action_handler(revoke_restricted_key),
            **{
                ("POST", name): self._action_handler(action)
                for name, action in (*ACTIONS.items(), *BUYER_ACTIONS.items(), *PAYOUT_ACTIONS.items())
            },
        }

    def handle(self, request: Request) -> Response:
        """Handle one control request; errors have Stripe's format too."""
        try:
            caller = self._caller(request)
            with self._store.transaction() as connection:
                ensure_account(connection, caller.account_id, caller.name)
            body, status = self._find(request)(caller.account_id, read_json(request)), 200
        except StripeError as error:
            body, status = error.body(), error.status
        return Response(json.dumps(body, indent=2), status, mimetype="application/json")

    def _caller(self, request: Request) -> Caller:
        caller = identify(request.headers.get("Authorization"), find_restricted=self._find_restricted_key)
        if caller.publishable or caller.permissions is not None:
            raise ForbiddenError("The sandbox is controlled with the secret key.", code="secret_key_required")
        return caller

    def _find_restricted_key(self, key: str) -> Caller | None:
        with self._store.transaction() as connection:
            return find_restricted_key(connection, key)

    def _find(self, request: Request) -> Callable[[str, Json], Json]:
        name = request.path.removeprefix("/sandbox/").rstrip("/")
        handler = self._handlers.get((request.method, name))
        if handler is not None:
            return handler
        session_action = _SESSION_ACTION_PATH.fullmatch(name)
        if session_action is not None and request.method == "POST":
            session_id, name = session_action.groups()
            return self._action_handler(partial(run_session_action, session_id=session_id, name=name))
        if session_action is not None or any(path == name for _, path in self._handlers):
            raise MethodNotAllowedError(f"{request.method} is not allowed for {request.path}.")
        raise NotFoundError(f"There is no control route {request.path}.")

    def _show_requests(self, account_id: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            return {"requests": request_log.list_requests(connection, account_id)}

    def _show_settings(self, account_id: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            settings = open_account(connection, account_id).settings
        return {"settings": {name: settings[name] for name in _SETTINGS if name in settings}}

    def _set_settings(self, account_id: str, sent: Json) -> Json:
        check_names(sent, _SETTINGS)
        with self._store.transaction() as connection:
            account = open_account(connection, account_id)
            if "refused_emails" in sent:
                sent["refused_emails"] = [email.lower() for email in sent["refused_emails"]]
            account.settings.update(sent)
            account.save_settings()
        return self._show_settings(account_id, {})

    def _emit(self, account_id: str, sent: Json) -> Json:
        """Emit an event of any type about any object, such as one that the sandbox does not produce itself."""
        check_names(sent, {"type", "object", "previous_attributes", "account"})
        if not isinstance(sent.get("type"), str) or not isinstance(sent.get("object"), dict):
            raise InvalidRequestError("An event needs a `type` and an `object`.")
        with self._store.transaction() as connection:
            account = open_account(connection, account_id)
            emit(
                account,
                sent["type"],
                sent["object"],
                sent.get("previous_attributes"),
                connected_account=sent.get("account"),
            )
            row = connection.execute("SELECT body FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        self._workers.wake()
        return dict(json.loads(row["body"]))

    def _advance(self, account_id: str, sent: Json) -> Json:
        """Advance time for scheduled tasks, deliveries and expiry; timestamps on objects do not change."""
        check_names(sent, {"seconds"})
        seconds = sent.get("seconds")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds < 0:
            raise InvalidRequestError("`seconds` must be a number from zero upwards.", param="seconds")
        with self._store.transaction() as connection:
            for table, column in _TIME_COLUMNS:
                connection.execute(
                    f"UPDATE {table} SET {column} = {column} - ? WHERE account = ?",  # noqa: S608
                    (seconds, account_id),
                )
        tasks_run = self._scheduled_tasks.run_due(account_id)
        # A task that just ran may have scheduled another one.
        self._scheduled_tasks.wake()
        self._workers.wake()
        return {"seconds": seconds, "tasks_run": tasks_run}

    def _action_handler(self, action: Action) -> Callable[[str, Json], Json]:
        def run(account_id: str, sent: Json) -> Json:
            with self._store.transaction() as connection:
                account = open_account(connection, account_id, base_url=self._scheduled_tasks.base_url)
                result = without_private_fields(action(account, sent))
            self._scheduled_tasks.wake()
            self._workers.wake()
            return dict(result)

        return run

    def _show_account(self, account_id: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            rows = account_summary.list_rows(connection, account_id)
        # Summarized outside the transaction: with thousands of payments, other requests would wait.
        return account_summary.summarize(rows)

    def _reset(self, account_id: str, _: Json) -> Json:
        with self._store.transaction() as connection:
            for table in TABLES:
                connection.execute(f"DELETE FROM {table} WHERE account = ?", (account_id,))  # noqa: S608
            connection.execute("DELETE FROM accounts WHERE id = ?", (account_id,))
        return {"reset": account_id, "at": int(time.time())}


_TIME_COLUMNS = (
    ("tasks", "due_at"),
    ("deliveries", "due_at"),
    ("events", "recorded_at"),
    ("idempotency_keys", "recorded_at"),
)
