"""Lumira's operations at Stripe. Each raises as `stripe_transport.call` does, and returns plain dicts."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from lumira.clients.stripe_transport import (
    API_VERSION,
    RETRY_AFTER,
    Account,
    Page,
    StripeOutcomeUnknown,
    StripeRefused,
    call,
    call_page,
    call_pages,
    clock_difference,
    configure,
    last_success,
    post,
)
from lumira.errors.stripe import StripeConfigError, StripePermissionMissing, StripeUnavailable

if TYPE_CHECKING:
    from stripe.params import (
        EventListParams,
        PaymentIntentListParams,
        RefundCreateParams,
        RefundListParams,
    )
    from stripe.params.checkout import SessionCreateParams, SessionListParams

__all__ = [
    "API_VERSION",
    "RETRY_AFTER",
    "Account",
    "Page",
    "StripeConfigError",
    "StripeOutcomeUnknown",
    "StripePermissionMissing",
    "StripeRefused",
    "StripeUnavailable",
    "cancel_payment_intent",
    "clock_difference",
    "configure",
    "create_checkout_session",
    "create_customer",
    "create_payment_intent",
    "create_refund",
    "expire_checkout_session",
    "find_checkout_session",
    "find_customer",
    "find_payment_intent",
    "get_checkout_session",
    "get_payment_intent",
    "last_success",
    "list_checkout_sessions",
    "list_events",
    "list_payment_intents",
    "list_refunds",
]

#: Seconds: a request is repeated as long as its caller's idempotency key is valid, three days.
_MAX_REQUEST_AGE = 73 * 3600


def create_customer(account: Account, parameters: Mapping[str, Any], *, key: str) -> str:
    """Create a customer and return its id (`cus_…`)."""
    customer = call(account, "create_customer", post("/v1/customers", parameters), key=key)
    return str(customer["id"])


def find_customer(account: Account, *, email: str, customer_id: str) -> str | None:
    """Return the id of the customer whose metadata has our customer id, or `None`."""
    listed = call(
        account,
        "list_customers",
        lambda client, options: client.v1.customers.list({"email": email, "limit": 100}, options),
    )
    for customer in listed["data"]:
        if customer.get("metadata", {}).get("customerId") == customer_id:
            return str(customer["id"])
    return None


def create_payment_intent(account: Account, parameters: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Create a PaymentIntent and return it, with its client secret."""
    return call(account, "create_payment_intent", post("/v1/payment_intents", parameters), key=key)


def get_payment_intent(account: Account, payment_intent_id: str) -> dict[str, Any]:
    """Return the PaymentIntent in its current state, with its client secret."""
    return call(
        account,
        "get_payment_intent",
        lambda client, options: client.v1.payment_intents.retrieve(payment_intent_id, None, options),
    )


def get_charge(account: Account, charge_id: str) -> dict[str, Any]:
    """Return the Charge, with the buyer's billing details."""
    return call(
        account,
        "get_charge",
        lambda client, options: client.v1.charges.retrieve(charge_id, None, options),
    )


def find_payment_intent(
    account: Account, *, order_number: str, created_after: datetime, stripe_customer_id: str | None
) -> dict[str, Any] | None:
    """Return the PaymentIntent whose metadata has this order number, or `None`.

    It is listed rather than searched: Stripe's search may lag by an hour.
    """
    parameters: dict[str, Any] = {"created": _creation_window(created_after)}
    if stripe_customer_id is not None:
        parameters["customer"] = stripe_customer_id
    intents = call_pages(
        account,
        "list_payment_intents",
        parameters,
        lambda client, page, options: client.v1.payment_intents.list(
            cast("PaymentIntentListParams", page), options
        ),
    )
    return _first_of(intents, order_number)


def list_payment_intents(
    account: Account, *, since: datetime, until: datetime, after: str | None = None
) -> Page:
    """Return a page of the PaymentIntents that were created between two times, newest first, from `after` on."""
    return call_page(
        account,
        "list_payment_intents",
        {"created": _between(since, until)},
        lambda client, page, options: client.v1.payment_intents.list(
            cast("PaymentIntentListParams", page), options
        ),
        after=after,
    )


def create_checkout_session(account: Account, parameters: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Create a Checkout Session and return it; the buyer pays at its `url`."""
    return call(
        account,
        "create_checkout_session",
        lambda client, options: client.v1.checkout.sessions.create(
            cast("SessionCreateParams", parameters), options
        ),
        key=key,
    )


def get_checkout_session(account: Account, session_id: str) -> dict[str, Any]:
    """Return the Checkout Session in its current state."""
    return call(
        account,
        "get_checkout_session",
        lambda client, options: client.v1.checkout.sessions.retrieve(session_id, None, options),
    )


def find_checkout_session(
    account: Account, *, order_number: str, created_after: datetime, stripe_customer_id: str | None
) -> dict[str, Any] | None:
    """Return the newest Checkout Session whose metadata has this order number, or `None`."""
    parameters: dict[str, Any] = {"created": _creation_window(created_after)}
    if stripe_customer_id is not None:
        parameters["customer"] = stripe_customer_id
    sessions = call_pages(
        account,
        "list_checkout_sessions",
        parameters,
        lambda client, page, options: client.v1.checkout.sessions.list(
            cast("SessionListParams", page), options
        ),
    )
    return _first_of(sessions, order_number)


def list_checkout_sessions(
    account: Account, *, since: datetime, until: datetime, after: str | None = None
) -> Page:
    """Return a page of the Checkout Sessions that were created between two times, newest first, from `after` on."""
    return call_page(
        account,
        "list_checkout_sessions",
        {"created": _between(since, until)},
        lambda client, page, options: client.v1.checkout.sessions.list(
            cast("SessionListParams", page), options
        ),
        after=after,
    )


def expire_checkout_session(account: Account, session_id: str, *, key: str) -> dict[str, Any]:
    """Expire a Checkout Session and return it. Raises `StripeRefused` if it is not open: it may just have been paid."""
    return call(
        account,
        "expire_checkout_session",
        lambda client, options: client.v1.checkout.sessions.expire(session_id, None, options),
        key=key,
    )


def _between(since: datetime, until: datetime) -> dict[str, int]:
    return {"gte": int(since.timestamp()), "lte": int(until.timestamp())}


def _creation_window(created_after: datetime) -> dict[str, int]:
    """Return the `created` filter for the object of a frozen request."""
    earliest = int(created_after.timestamp())
    return {"gte": earliest - 60, "lte": earliest + _MAX_REQUEST_AGE}


def _first_of(objects: Iterator[dict[str, Any]], order_number: str) -> dict[str, Any] | None:
    matching = (item for item in objects if item.get("metadata", {}).get("orderNumber") == order_number)
    return next(matching, None)


def cancel_payment_intent(account: Account, payment_intent_id: str, *, key: str) -> dict[str, Any]:
    """Cancel a PaymentIntent as abandoned and return it. Raises `StripeRefused` if it cannot be canceled any more."""
    return call(
        account,
        "cancel_payment_intent",
        lambda client, options: client.v1.payment_intents.cancel(
            payment_intent_id, {"cancellation_reason": "abandoned"}, options
        ),
        key=key,
    )


def create_refund(account: Account, parameters: Mapping[str, Any], *, key: str) -> dict[str, Any]:
    """Create a refund and return it; its status may be any, `pending` and `failed` included."""
    return call(
        account,
        "create_refund",
        lambda client, options: client.v1.refunds.create(cast("RefundCreateParams", parameters), options),
        key=key,
    )


def list_refunds(account: Account, payment_intent_id: str) -> Iterator[dict[str, Any]]:
    """Yield every refund of one payment, newest first."""
    return call_pages(
        account,
        "list_refunds",
        {"payment_intent": payment_intent_id},
        lambda client, page, options: client.v1.refunds.list(cast("RefundListParams", page), options),
    )


def list_events(
    account: Account, *, types: Sequence[str], since: datetime, until: datetime
) -> Iterator[dict[str, Any]]:
    """Yield every event of these types (at most 20, Stripe's limit) between two times, newest first."""
    return call_pages(
        account,
        "list_events",
        {
            "types": list(types),
            "created": _between(since, until),
        },
        lambda client, page, options: client.v1.events.list(cast("EventListParams", page), options),
    )
