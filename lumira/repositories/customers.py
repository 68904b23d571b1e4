"""Customers of a tenant, found or created by e-mail address."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain import stripe_metadata
from lumira.errors import CustomerNotFound
from lumira.formats import parse_uuid
from lumira.models import Customer, email_key
from lumira.models.columns import uuid7


def find_or_create(tenant_id: int, *, email: str, name: str | None, locale: str | None = None) -> Customer:
    """Return the customer of this address, locked until the transaction ends, merges followed.

    An existing customer only gets a missing name or locale: a caller with a publishable key must not rename
    customers. The lock serialises two orders that are opened for one customer at the same instant.
    """
    now = utc_now()
    inserted = insert(Customer).values(
        tenant_id=tenant_id,
        id=uuid7(),
        email=email.strip(),
        email_key=email_key(email),
        name=name,
        locale=locale,
        stripe_attempt=0,
        created_at=now,
        updated_at=now,
    )
    # DO UPDATE, even without a change, returns and locks the existing row; DO NOTHING would not.
    upsert = inserted.on_conflict_do_update(
        index_elements=["tenant_id", "email_key"],
        set_={
            "email_key": inserted.excluded.email_key,
            "name": func.coalesce(Customer.name, inserted.excluded.name),
            "locale": func.coalesce(Customer.locale, inserted.excluded.locale),
        },
    ).returning(Customer)
    customer = db.session.execute(upsert, execution_options={"populate_existing": True}).scalar_one()
    if customer.merged_into_id is None:
        return customer
    current = lock_current(tenant_id, customer.merged_into_id)
    current.name, current.locale = current.name or name, current.locale or locale
    return current


def lock_current(tenant_id: int, customer_id: UUID) -> Customer:
    """Return the customer that this one is merged into, or the customer itself, locked until the transaction ends.

    Merges are followed one lock at a time, because a merge in progress holds the lock of the merged row.
    """
    customer = lock(tenant_id, customer_id)
    while customer.merged_into_id is not None:
        customer = lock(tenant_id, customer.merged_into_id)
    return customer


def find_by_email(tenant_id: int, email: str) -> Customer | None:
    """Return the customer of this address, merges followed; `None` if there is none."""
    return _current(find_by_reference(tenant_id, email))


def _current(customer: Customer | None) -> Customer | None:
    while customer is not None and customer.merged_into_id is not None:
        customer = db.session.get_one(Customer, (customer.tenant_id, customer.merged_into_id))
    return customer


def find_by_reference(tenant_id: int, reference: str) -> Customer | None:
    """Return the customer row with this address or id, a merged one included; `None` if there is none."""
    query = select(Customer).where(Customer.tenant_id == tenant_id)
    customer_id = parse_uuid(reference)
    if customer_id is None:
        query = query.where(Customer.email_key == email_key(reference))
    else:
        query = query.where(Customer.id == customer_id)
    return db.session.execute(query).scalar_one_or_none()


def get_current(tenant_id: int, reference: str) -> Customer:
    """Return the customer with this address or id, merges followed; raises `CustomerNotFound`."""
    customer = _current(find_by_reference(tenant_id, reference))
    if customer is None:
        raise CustomerNotFound("There is no customer with this e-mail address or id.")
    return customer


def list_merged(tenant_id: int, customer_id: UUID) -> list[Customer]:
    """Return all customers that are merged into this one, directly or indirectly, oldest first."""
    merged: list[Customer] = []
    target_ids = [customer_id]
    while target_ids:
        query = select(Customer).where(
            Customer.tenant_id == tenant_id, Customer.merged_into_id.in_(target_ids)
        )
        sources = list(db.session.execute(query).scalars())
        target_ids = [customer.id for customer in sources]
        merged += sources
    return sorted(merged, key=lambda customer: customer.id)


def list_customers(tenant_id: int, *, limit: int, before: UUID | None = None) -> list[Customer]:
    """Return a page of customers, newest first, without merged ones; `before` is the id where the page starts."""
    query = (
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.merged_into_id.is_(None))
        .order_by(Customer.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Customer.id < before)
    return list(db.session.execute(query).scalars())


def lock_pair(tenant_id: int, first_id: UUID, second_id: UUID) -> tuple[Customer, Customer]:
    """Return two customers in the order of the arguments, locked in the order of their ids."""
    locked = {customer_id: lock(tenant_id, customer_id) for customer_id in sorted((first_id, second_id))}
    return locked[first_id], locked[second_id]


def lock(tenant_id: int, customer_id: UUID) -> Customer:
    """Return the customer with this id, locked until the transaction ends; raises `CustomerNotFound`."""
    customer = db.session.execute(
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.id == customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if customer is None:
        raise CustomerNotFound("There is no customer with this id.")
    return customer


def freeze_stripe_request(customer: Customer, *, tenant_slug: str) -> None:
    """Freeze the parameters of the request that creates the customer at Stripe, unless they are frozen already.

    The name is not sent: everyone who knows an address can open a payment page for it at Stripe, which may show
    what the Stripe customer contains.
    """
    if customer.stripe_parameters is None:
        customer.stripe_attempt += 1
        customer.stripe_frozen_at = utc_now()
        customer.stripe_parameters = {
            "email": customer.email,
            "metadata": {
                stripe_metadata.TENANT: tenant_slug,
                stripe_metadata.CUSTOMER_ID: str(customer.id),
            },
        }


def forget_stripe_customer(customer: Customer) -> None:
    """Clear the Stripe customer that Stripe deleted or refused to create: the next order creates a new one."""
    customer.stripe_customer_id = None
    customer.stripe_parameters = None


def stripe_idempotency_key(customer: Customer) -> str:
    """Return the idempotency key of the frozen request; concurrent senders use the same key."""
    return f"lumira-customer-{customer.id}-{customer.stripe_attempt}"
