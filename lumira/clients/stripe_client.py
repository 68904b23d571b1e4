"""Calls to Stripe: typed, timed out, retried by our own rules, every failure translated.

Source of the rules: docs.stripe.com/error-low-level and /api/idempotent_requests.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, cast

import stripe
import structlog

from lumira.database import refuse_inside_transaction
from lumira.errors import StripeConfigError, StripeUnavailable

if TYPE_CHECKING:
    from stripe.params import (
        CustomerCreateParams,
        DisputeListParams,
        EventListParams,
        PaymentIntentCreateParams,
        PaymentIntentListParams,
        RefundCreateParams,
        RefundListParams,
    )
    from stripe.params.checkout import SessionCreateParams, SessionListParams

log = structlog.get_logger()

#: Seconds to connect and to wait for an answer; longer than Stripe takes on a bad day, shorter than a buyer waits.
TIMEOUT = (3, 20)
#: With one retry a call that hangs lasts under a minute, which the lease of an idempotency key outlasts.
NETWORK_RETRIES = 1
#: Seconds before the one repetition after 429, unless Stripe names its own.
RATE_LIMIT_PAUSE = 1.0
#: What a caller is told to wait after Stripe could not be reached.
RETRY_AFTER = 5

#: Seconds: a request is repeated as long as its caller's key lives, three days, so no intent of it is younger.
_ASKED_FOR_AT_MOST = 73 * 3600

#: The API version that this code was written against: the SDK's own.
API_VERSION: str = stripe.api_version

_api_base: list[str] = []
# One connection pool for all tenants; the SDK's client around it costs microseconds to build.
_http_client = stripe.RequestsClient(timeout=TIMEOUT)
# No reports about our own latency to Stripe: they would travel with the next request of another tenant.
stripe.enable_telemetry = False


class Account(Protocol):
    """The credentials that a call is made with."""

    @property
    def tenant_slug(self) -> str: ...
    @property
    def secret_key(self) -> str: ...
    @property
    def stripe_account(self) -> str | None: ...


class StripeRefused(Exception):
    """Stripe understood and said no: repeating the same request cannot help."""

    def __init__(self, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.param = param

    @property
    def is_missing_customer(self) -> bool:
        return self.code == "resource_missing" and self.param == "customer"


class StripeOutcomeUnknown(StripeUnavailable):
    """Stripe failed while working: the object may exist, and Stripe would repeat this answer for a day."""


def configure(api_base: str | None) -> None:
    """Speak to `api_base` instead of Stripe itself, for the sandbox."""
    _api_base[:] = [api_base] if api_base else []


def create_customer(account: Account, parameters: Mapping[str, Any], *, key: str) -> str:
    """Id of the new customer (`cus_…`)."""
    created = _call(
        account,
        "create_customer",
        lambda client, options: client.v1.customers.create(cast("CustomerCreateParams", parameters), options),
        key=key,
    )
    return str(created["id"])


def find_customer(account: Account, *, email: str, customer_id: str) -> str | None:
    """Id of the customer that an earlier request of ours made, known by our id in its metadata."""
    listed = _call(
        account,
        "list_customers",
        lambda client, options: client.v1.customers.list({"email": email, "limit": 100}, options),
    )
    for customer in listed["data"]:
        if customer.get("metadata", {}).get("customerId") == customer_id:
            return str(customer["id"])
    return None


def create_payment_intent(account: Account, parameters: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """The new PaymentIntent, as a plain dict; it holds a client secret."""
    return _call(
        account,
        "create_payment_intent",
        lambda client, options: client.v1.payment_intents.create(
            cast("PaymentIntentCreateParams", parameters), options
        ),
        key=key,
    )


def get_payment_intent(account: Account, payment_intent_id: str) -> dict[str, Any]:
    """The PaymentIntent as Stripe knows it now; it holds a client secret."""
    return _call(
        account,
        "get_payment_intent",
        lambda client, options: client.v1.payment_intents.retrieve(payment_intent_id, None, options),
    )


def find_payment_intent(
    account: Account, *, order_number: str, created_after: datetime, stripe_customer_id: str | None
) -> dict[str, Any] | None:
    """The PaymentIntent that names this order in its metadata, or `None`.

    Listed and not searched: Stripe's search lags behind by up to an hour.
    """
    wanted: dict[str, Any] = {"created": _asked_for(created_after)}
    if stripe_customer_id is not None:
        wanted["customer"] = stripe_customer_id
    intents = _pages(
        account,
        "list_payment_intents",
        wanted,
        lambda client, asked, options: client.v1.payment_intents.list(
            cast("PaymentIntentListParams", asked), options
        ),
    )
    return _first_of(intents, order_number)


def create_checkout_session(account: Account, parameters: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """The new Checkout Session; its `url` is where the buyer pays."""
    return _call(
        account,
        "create_checkout_session",
        lambda client, options: client.v1.checkout.sessions.create(
            cast("SessionCreateParams", parameters), options
        ),
        key=key,
    )


def get_checkout_session(account: Account, session_id: str) -> dict[str, Any]:
    """The Checkout Session as Stripe knows it now."""
    return _call(
        account,
        "get_checkout_session",
        lambda client, options: client.v1.checkout.sessions.retrieve(session_id, None, options),
    )


def find_checkout_session(
    account: Account, *, order_number: str, created_after: datetime, stripe_customer_id: str | None
) -> dict[str, Any] | None:
    """The newest Checkout Session that names this order in its metadata, or `None`."""
    wanted: dict[str, Any] = {"created": _asked_for(created_after)}
    if stripe_customer_id is not None:
        wanted["customer"] = stripe_customer_id
    sessions = _pages(
        account,
        "list_checkout_sessions",
        wanted,
        lambda client, asked, options: client.v1.checkout.sessions.list(
            cast("SessionListParams", asked), options
        ),
    )
    return _first_of(sessions, order_number)


def expire_checkout_session(account: Account, session_id: str, *, key: str) -> dict[str, Any]:
    """The session after it was closed; `StripeRefused` if it is not open: it may have been paid just now."""
    return _call(
        account,
        "expire_checkout_session",
        lambda client, options: client.v1.checkout.sessions.expire(session_id, None, options),
        key=key,
    )


def _asked_for(created_after: datetime) -> dict[str, int]:
    """When what a frozen request made may have been created."""
    earliest = int(created_after.timestamp())
    return {"gte": earliest - 60, "lte": earliest + _ASKED_FOR_AT_MOST}


def _first_of(objects: Iterator[dict[str, Any]], order_number: str) -> dict[str, Any] | None:
    named = (each for each in objects if each.get("metadata", {}).get("orderNumber") == order_number)
    return next(named, None)


def cancel_payment_intent(account: Account, payment_intent_id: str, *, key: str) -> dict[str, Any]:
    """The PaymentIntent after it was canceled as abandoned; `StripeRefused` if it can no longer be."""
    return _call(
        account,
        "cancel_payment_intent",
        lambda client, options: client.v1.payment_intents.cancel(
            payment_intent_id, {"cancellation_reason": "abandoned"}, options
        ),
        key=key,
    )


def create_refund(account: Account, parameters: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """The new refund, whose status may be anything from pending to failed."""
    return _call(
        account,
        "create_refund",
        lambda client, options: client.v1.refunds.create(cast("RefundCreateParams", parameters), options),
        key=key,
    )


def list_refunds(account: Account, payment_intent_id: str) -> Iterator[dict[str, Any]]:
    """Every refund of one payment, newest first."""
    return _pages(
        account,
        "list_refunds",
        {"payment_intent": payment_intent_id},
        lambda client, wanted, options: client.v1.refunds.list(cast("RefundListParams", wanted), options),
    )


def list_disputes(account: Account, payment_intent_id: str) -> Iterator[dict[str, Any]]:
    """Every dispute of one payment, newest first."""
    return _pages(
        account,
        "list_disputes",
        {"payment_intent": payment_intent_id},
        lambda client, wanted, options: client.v1.disputes.list(cast("DisputeListParams", wanted), options),
    )


def list_events(
    account: Account, *, types: Sequence[str], since: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    """Every event of these types (20 at most, Stripe's limit) between two times, newest first."""
    return _pages(
        account,
        "list_events",
        {
            "types": list(types),
            "created": {"gte": int(since.timestamp()), "lte": int(until.timestamp())},
        },
        lambda client, wanted, options: client.v1.events.list(cast("EventListParams", wanted), options),
    )


def _pages(
    account: Account,
    operation: str,
    wanted: dict[str, Any],
    list_page: Callable[[stripe.StripeClient, dict[str, Any], Any], stripe.StripeObject],
) -> Iterator[dict[str, Any]]:
    """What a list holds, page after page."""
    has_more = True
    wanted = {"limit": 100, **wanted}
    while has_more:
        page = _call(account, operation, partial(_list_page, list_page, wanted))
        yield from page["data"]
        has_more = page["has_more"] and bool(page["data"])
        if has_more:
            wanted = {**wanted, "starting_after": page["data"][-1]["id"]}


def _list_page(
    list_page: Callable[[stripe.StripeClient, dict[str, Any], Any], stripe.StripeObject],
    wanted: dict[str, Any],
    client: stripe.StripeClient,
    options: Any,
) -> stripe.StripeObject:
    return list_page(client, wanted, options)


def _call(
    account: Account,
    operation: str,
    call: Callable[[stripe.StripeClient, Any], stripe.StripeObject],
    *,
    key: str | None = None,
) -> dict[str, Any]:
    """One call, its answer as a plain dict.

    `StripeRefused`, `StripeConfigError`, `StripeOutcomeUnknown` or `StripeUnavailable` if there is none.
    """
    refuse_inside_transaction()
    client = _client(account)
    options = {"idempotency_key": key} if key else {}
    started = time.monotonic()
    try:
        try:
            answer = call(client, options)
        except stripe.RateLimitError as error:
            # The SDK never repeats a 429. The limiter stands before the idempotency layer, so the same key is fresh.
            time.sleep(_pause_asked_for(error))
            answer = call(client, options)
    except stripe.StripeError as error:
        log.warning(
            "stripe_call_failed",
            operation=operation,
            tenant=account.tenant_slug,
            http_status=error.http_status,
            stripe_code=error.code,
            stripe_request_id=error.request_id,
            error=type(error).__name__,
        )
        raise _translated(error, account) from error
    log.info("stripe_called", operation=operation, ms=round((time.monotonic() - started) * 1000))
    plain: dict[str, Any] = answer.to_dict()
    return plain


def _client(account: Account) -> stripe.StripeClient:
    if not account.secret_key:
        raise StripeConfigError("This shop has no Stripe key.", tenant=account.tenant_slug)
    return stripe.StripeClient(
        account.secret_key,
        stripe_account=account.stripe_account,
        http_client=_http_client,
        max_network_retries=NETWORK_RETRIES,
        base_addresses={"api": _api_base[0]} if _api_base else {},
    )


def _pause_asked_for(error: stripe.StripeError) -> float:
    asked = (error.headers or {}).get("Retry-After", "")
    return min(float(asked), 5.0) if asked.isdecimal() else RATE_LIMIT_PAUSE


def _translated(error: stripe.StripeError, account: Account) -> Exception:
    """Our name for what went wrong; decided by status, because the SDK has no class for some."""
    status = error.http_status
    if isinstance(error, (stripe.AuthenticationError, stripe.PermissionError)):
        return StripeConfigError("Stripe does not accept this shop's key.", tenant=account.tenant_slug)
    if isinstance(error, stripe.APIConnectionError) or status in (None, 409, 429):
        return StripeUnavailable("Stripe cannot be reached at the moment.", retry_after=RETRY_AFTER)
    if status is not None and status >= 500:  # noqa: PLR2004 - the class of all server errors
        return StripeOutcomeUnknown("Stripe has a problem at the moment.", retry_after=RETRY_AFTER)
    body = error.error
    return StripeRefused(
        code=(body.code if body else None) or error.code or "unknown",
        message=str(error.user_message or "Stripe refused the request."),
        param=getattr(error, "param", None),
    )
