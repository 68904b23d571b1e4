"""Buyers, found or created by e-mail address."""

import re
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain import stripe_metadata
from lumira.errors import CustomerNotFound
from lumira.models import Customer, email_key
from lumira.models.columns import uuid7

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_or_create(tenant_id: int, *, email: str, name: str | None, locale: str | None = None) -> Customer:
    """The customer with this address, locked until the transaction ends; an address that was merged is the other's.

    Of a known one only what was not known yet is learned: anybody with a publishable key could otherwise rename
    them. The lock makes two orders opened in one name at the same instant stand in line.
    """
    now = utc_now()
    found = insert(Customer).values(
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
    # An update that changes nothing returns the row that is there already, and locks it.
    upsert = found.on_conflict_do_update(
        index_elements=["tenant_id", "email_key"],
        set_={
            "email_key": found.excluded.email_key,
            "name": func.coalesce(Customer.name, found.excluded.name),
            "locale": func.coalesce(Customer.locale, found.excluded.locale),
        },
    ).returning(Customer)
    customer = db.session.execute(upsert, execution_options={"populate_existing": True}).scalar_one()
    if customer.merged_into_id is None:
        return customer
    current = lock_current(tenant_id, customer.merged_into_id)
    current.name, current.locale = current.name or name, current.locale or locale
    return current


def lock_current(tenant_id: int, customer_id: UUID) -> Customer:
    """Who this customer is by now, locked until the transaction ends.

    Merges are followed one lock after another, from the old to the new: a merge that is not committed yet holds
    the very row that is waited for here, so that its end is seen.
    """
    customer = lock(tenant_id, customer_id)
    while customer.merged_into_id is not None:
        customer = lock(tenant_id, customer.merged_into_id)
    return customer


def find_by_email(tenant_id: int, email: str) -> Customer | None:
    """Who comes under this address by now, merges followed."""
    return _followed(find_row(tenant_id, email))


def _followed(customer: Customer | None) -> Customer | None:
    while customer is not None and customer.merged_into_id is not None:
        customer = db.session.get_one(Customer, (customer.tenant_id, customer.merged_into_id))
    return customer


def find_row(tenant_id: int, reference: str) -> Customer | None:
    """The customer with this address or id, also one that was merged into another."""
    query = select(Customer).where(Customer.tenant_id == tenant_id)
    if _UUID.fullmatch(reference.lower()):
        query = query.where(Customer.id == UUID(reference))
    else:
        query = query.where(Customer.email_key == email_key(reference))
    return db.session.execute(query).scalar_one_or_none()


def get_current(tenant_id: int, reference: str) -> Customer:
    """Who is meant by an address or an id, merges followed; `CustomerNotFound` if this tenant has none such."""
    found = _followed(find_row(tenant_id, reference))
    if found is None:
        raise CustomerNotFound("There is no such customer.")
    return found


def list_merged(tenant_id: int, customer_id: UUID) -> list[Customer]:
    """All that turned out to be this customer, over however many merges, oldest first."""
    merged, looked_at = [], [customer_id]
    while looked_at:
        query = select(Customer).where(
            Customer.tenant_id == tenant_id, Customer.merged_into_id.in_(looked_at)
        )
        found = list(db.session.execute(query).scalars())
        looked_at = [customer.id for customer in found]
        merged += found
    return sorted(merged, key=lambda customer: customer.id)


def list_customers(tenant_id: int, *, limit: int, before: UUID | None = None) -> list[Customer]:
    """Customers, newest first, of those that were merged only what they became."""
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
    """Two customers as they are asked for, locked in the order of their ids, whoever is which."""
    locked = {customer_id: lock(tenant_id, customer_id) for customer_id in sorted((first_id, second_id))}
    return locked[first_id], locked[second_id]


def lock(tenant_id: int, customer_id: UUID) -> Customer:
    """The customer, locked until the transaction ends; `CustomerNotFound` if this tenant has none such."""
    customer = db.session.execute(
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.id == customer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if customer is None:
        raise CustomerNotFound("There is no such customer.")
    return customer


def freeze_stripe_request(customer: Customer, *, tenant_slug: str) -> None:
    """Decide, once, what Stripe is asked to create for this customer."""
    if customer.stripe_parameters is None:
        customer.stripe_attempt += 1
        customer.stripe_frozen_at = utc_now()
        customer.stripe_parameters = {
            "email": customer.email,
            "metadata": {
                stripe_metadata.TENANT: tenant_slug,
                stripe_metadata.CUSTOMER_ID: str(customer.id),
            },
        } | ({"name": customer.name} if customer.name else {})


def forget_stripe_customer(customer: Customer) -> None:
    """Stripe no longer knows this customer, or refused to: the next order asks anew."""
    customer.stripe_customer_id = None
    customer.stripe_parameters = None


def stripe_key(customer: Customer) -> str:
    """The idempotency key of the frozen request: the same for everybody who sends it."""
    return f"lumira-customer-{customer.id}-{customer.stripe_attempt}"
