"""Buyers, found or created by e-mail address."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.models import Customer, email_key
from lumira.models.columns import uuid7


def find_or_create(tenant_id: int, *, email: str, name: str | None) -> Customer:
    """The customer with this address, locked until the transaction ends; a known one is not changed.

    The lock makes two orders opened in one name at the same instant stand in line.
    """
    now = utc_now()
    found = insert(Customer).values(
        tenant_id=tenant_id,
        id=uuid7(),
        email=email.strip(),
        email_key=email_key(email),
        name=name,
        stripe_attempt=0,
        created_at=now,
        updated_at=now,
    )
    # An update that changes nothing returns the row that is there already, and locks it.
    upsert = found.on_conflict_do_update(
        index_elements=["tenant_id", "email_key"], set_={"email_key": found.excluded.email_key}
    ).returning(Customer)
    return db.session.execute(upsert, execution_options={"populate_existing": True}).scalar_one()


def find_by_email(tenant_id: int, email: str) -> Customer | None:
    return db.session.execute(
        select(Customer).where(Customer.tenant_id == tenant_id, Customer.email_key == email_key(email))
    ).scalar_one_or_none()


def lock(tenant_id: int, customer_id: UUID) -> Customer:
    """The customer, locked until the transaction ends."""
    return db.session.execute(
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.id == customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()


def freeze_stripe_request(customer: Customer, *, tenant_slug: str) -> None:
    """Decide, once, what Stripe is asked to create for this customer."""
    if customer.stripe_parameters is None:
        customer.stripe_attempt += 1
        customer.stripe_frozen_at = utc_now()
        customer.stripe_parameters = {
            "email": customer.email,
            "metadata": {"tenant": tenant_slug, "customerId": str(customer.id)},
        } | ({"name": customer.name} if customer.name else {})


def forget_stripe_customer(customer: Customer) -> None:
    """Stripe no longer knows this customer, or refused to: the next order asks anew."""
    customer.stripe_customer_id = None
    customer.stripe_parameters = None


def stripe_key(customer: Customer) -> str:
    """The idempotency key of the frozen request: the same for everybody who sends it."""
    return f"lumira-customer-{customer.id}-{customer.stripe_attempt}"
