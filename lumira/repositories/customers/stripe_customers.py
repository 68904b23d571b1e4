"""The customers' requests to Stripe: each creates one Stripe customer, also if it is repeated."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func, update

from lumira.clock import utc_now
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.errors.customers import CustomerNotFound
from lumira.models import Customer
from lumira.models.columns import table_of
from lumira.repositories.rows import Step

_CUSTOMERS = table_of(Customer)


@dataclass(frozen=True, slots=True)
class StripeCustomerRequest:
    """The frozen request that creates a customer at Stripe."""

    customer_id: UUID
    parameters: dict[str, Any]
    key: str
    attempt: int
    frozen_at: datetime


def frozen_request(row: Any) -> StripeCustomerRequest | None:
    """Return the request of a customer, or of its columns; `None` if it has a Stripe customer or no frozen request."""
    if row.stripe_customer_id is not None or row.stripe_parameters is None:
        return None
    return StripeCustomerRequest(
        row.id,
        row.stripe_parameters,
        stripe_idempotency_key(row),
        row.stripe_attempt,
        row.stripe_frozen_at or utc_now(),
    )


def freeze_stripe_request(customer: Customer, *, tenant_slug: str) -> None:
    """Freeze the parameters of the request that creates the customer at Stripe, unless they are frozen already.

    The name is not sent: everyone who knows an address can open a payment page for it at Stripe, which may show
    what the Stripe customer contains.
    """
    if customer.stripe_customer_id is None and customer.stripe_parameters is None:
        customer.stripe_attempt += 1
        customer.stripe_frozen_at = utc_now()
        customer.stripe_parameters = parameters_for(customer.email, customer.id, tenant_slug=tenant_slug)


def parameters_for(email: str, customer_id: UUID, *, tenant_slug: str) -> dict[str, Any]:
    """Return the parameters of the request that creates this customer at Stripe."""
    return {
        "email": email,
        "metadata": {
            stripe_metadata.TENANT: tenant_slug,
            stripe_metadata.CUSTOMER_ID: str(customer_id),
        },
    }


# Two requests at the same time send the same key, so Stripe returns the same customer to both.
_ATTACH = (
    update(_CUSTOMERS)
    .where(_CUSTOMERS.c.tenant_id == bindparam("of_tenant"), _CUSTOMERS.c.id == bindparam("of_customer"))
    .values(
        updated_at=bindparam("at"),
        stripe_customer_id=func.coalesce(_CUSTOMERS.c.stripe_customer_id, bindparam("stripe_id")),
    )
    .returning(_CUSTOMERS.c.stripe_customer_id, _CUSTOMERS.c.tenant_id)
)


def forget_stripe_customer(customer: Customer) -> None:
    """Clear the Stripe customer that Stripe deleted or refused to create: the next order creates a new one."""
    customer.stripe_customer_id = None
    customer.stripe_parameters = None


def attaching_stripe_customer(tenant_id: int, customer_id: UUID, stripe_customer_id: str) -> Step:
    """Return how the id of a customer's Stripe customer is recorded, unless it has one: the id that it has then."""
    values = {
        "of_tenant": tenant_id,
        "of_customer": customer_id,
        "stripe_id": stripe_customer_id,
        "at": utc_now(),
    }
    return Step(_ATTACH, values, lambda: CustomerNotFound("This customer does not exist."))


def stripe_idempotency_key(customer: Customer) -> str:
    """Return the idempotency key of the frozen request; concurrent senders use the same key."""
    return f"lumira-customer-{customer.id}-{customer.stripe_attempt}"
