"""Customers of a tenant, found or created by e-mail address."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.errors.customers import CustomerNotFound
from lumira.formats import parse_uuid
from lumira.models import Customer, email_key
from lumira.models.columns import table_of, uuid7
from lumira.pipelines import prepared, run_together
from lumira.repositories.customers.stripe_customers import (
    StripeCustomerRequest,
    frozen_request,
    parameters_for,
)

_CUSTOMERS = table_of(Customer)
_OF_NEW = (
    "tenant_id",
    "id",
    "email",
    "email_key",
    "name",
    "locale",
    "stripe_attempt",
    "stripe_frozen_at",
    "stripe_parameters",
    "created_at",
    "updated_at",
)
_NEW = insert(_CUSTOMERS).values(
    {name: bindparam(f"new_{name}", type_=_CUSTOMERS.c[name].type) for name in _OF_NEW}
)
# DO UPDATE, even without a change, returns and locks the existing row; DO NOTHING would not.
_FIND_OR_CREATE = _NEW.on_conflict_do_update(
    index_elements=["tenant_id", "email_key"],
    set_={
        "email_key": _NEW.excluded.email_key,
        "name": func.coalesce(_CUSTOMERS.c.name, _NEW.excluded.name),
        "locale": func.coalesce(_CUSTOMERS.c.locale, _NEW.excluded.locale),
    },
).returning(
    _CUSTOMERS.c.id,
    _CUSTOMERS.c.merged_into_id,
    _CUSTOMERS.c.stripe_customer_id,
    _CUSTOMERS.c.stripe_parameters,
    _CUSTOMERS.c.stripe_frozen_at,
    _CUSTOMERS.c.stripe_attempt,
)


class _Found(NamedTuple):
    """What `_FIND_OR_CREATE` returns."""

    id: UUID
    merged_into_id: UUID | None
    stripe_customer_id: str | None
    stripe_parameters: dict[str, Any] | None
    stripe_frozen_at: datetime | None
    stripe_attempt: int


@dataclass(frozen=True, slots=True)
class Buyer:
    """The customer of a sale, locked, as columns: a sale changes nothing on it."""

    id: UUID
    #: The key of the customer's own address: the typed one may have been merged into it.
    email_key: str
    stripe_customer_id: str | None
    #: `None` if the customer is known at Stripe, and if no request is frozen yet.
    request: StripeCustomerRequest | None


def find_or_create(tenant_id: int, *, email: str, name: str | None, locale: str | None = None) -> Customer:
    """Return the customer of this address, locked until the transaction ends, merges followed.

    An existing customer only gets a missing name or locale: a caller with a publishable key must not rename
    customers. The lock serialises two orders that are opened for one customer at the same instant.
    """
    row = _find_or_create(_new_values(tenant_id, email, name, locale))
    # A grant may refer to the customer meanwhile: settling adds one late, when this sale may wait for its locks.
    customer = lock_current(tenant_id, row.id, allows_references=True)
    if row.merged_into_id is not None:
        customer.name, customer.locale = customer.name or name, customer.locale or locale
    return customer


def find_or_create_buyer(
    tenant_id: int, *, email: str, name: str | None, locale: str | None, freeze_for: str | None
) -> Buyer:
    """Return the customer of a sale, as `find_or_create` does.

    With `freeze_for`, the tenant's slug, a new customer has the frozen request for its Stripe customer from the start.
    """
    values = _new_values(tenant_id, email, name, locale)
    if freeze_for is not None:
        values |= {
            "stripe_attempt": 1,
            "stripe_frozen_at": values["created_at"],
            "stripe_parameters": parameters_for(values["email"], values["id"], tenant_slug=freeze_for),
        }
    row = _find_or_create(values)
    if row.merged_into_id is not None:
        return as_buyer(find_or_create(tenant_id, email=email, name=name, locale=locale))
    return Buyer(row.id, values["email_key"], row.stripe_customer_id, frozen_request(row))


def as_buyer(customer: Customer) -> Buyer:
    """Return what a sale needs of a locked customer."""
    return Buyer(customer.id, customer.email_key, customer.stripe_customer_id, frozen_request(customer))


def _new_values(tenant_id: int, email: str, name: str | None, locale: str | None) -> dict[str, Any]:
    now = utc_now()
    return {
        "tenant_id": tenant_id,
        "id": uuid7(),
        "email": email.strip(),
        "email_key": email_key(email),
        "name": name,
        "locale": locale,
        "stripe_attempt": 0,
        "stripe_frozen_at": None,
        "stripe_parameters": None,
        "created_at": now,
        "updated_at": now,
    }


def _find_or_create(values: dict[str, Any]) -> _Found:
    # What the session has changed on the customer counts.
    db.session.flush()
    new = {f"new_{name}": value for name, value in values.items()}
    [row] = run_together([prepared(_FIND_OR_CREATE).with_values(new)])
    assert row is not None  # noqa: S101 - the statement inserts or changes one row
    return _Found(*row)


def lock_current(tenant_id: int, customer_id: UUID, *, allows_references: bool = False) -> Customer:
    """Return the customer that this one is merged into, or the customer itself, locked as by `lock`.

    Merges are followed one lock at a time, because a merge in progress holds the lock of the merged row.
    """
    customer = lock(tenant_id, customer_id, allows_references=allows_references)
    while customer.merged_into_id is not None:
        customer = lock(tenant_id, customer.merged_into_id, allows_references=allows_references)
    return customer


def find_by_email(tenant_id: int, email: str) -> Customer | None:
    """Return the customer of this address, merges followed; `None` if there is none."""
    return _current(find_by_reference(tenant_id, email))


def _current(customer: Customer | None) -> Customer | None:
    while customer is not None and customer.merged_into_id is not None:
        customer = db.session.get_one(Customer, (customer.tenant_id, customer.merged_into_id))
    return customer


_BY_KEY = select(Customer).where(
    Customer.tenant_id == bindparam("of_tenant"), Customer.email_key == bindparam("of_key")
)


def find_by_reference(tenant_id: int, reference: str) -> Customer | None:
    """Return the customer row with this address or id, a merged one included; `None` if there is none."""
    customer_id = parse_uuid(reference)
    if customer_id is None:
        found = db.session.execute(_BY_KEY, {"of_tenant": tenant_id, "of_key": email_key(reference)})
    else:
        by_id = select(Customer).where(Customer.tenant_id == tenant_id, Customer.id == customer_id)
        found = db.session.execute(by_id)
    return found.scalar_one_or_none()


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


def current_ids(tenant_id: int, customer_ids: Iterable[UUID]) -> set[UUID]:
    """Return the ids of these customers, merges followed."""
    current = set(customer_ids)
    while True:
        query = select(Customer.id, Customer.merged_into_id).where(
            Customer.tenant_id == tenant_id,
            Customer.id == func.any(list(current)),
            Customer.merged_into_id.is_not(None),
        )
        merged = {row.id: row.merged_into_id for row in db.session.execute(query)}
        if not merged:
            return current
        current = (current - merged.keys()) | set(merged.values())


def list_customers(
    tenant_id: int, *, limit: int, before: UUID | None = None, among: Collection[UUID] | None = None
) -> list[Customer]:
    """Return a page of customers, newest first, without merged ones; `before` is the id where the page starts.

    With `among`, only customers with these ids.
    """
    query = (
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.merged_into_id.is_(None))
        .order_by(Customer.id.desc())
        .limit(constant(limit))
    )
    if before is not None:
        query = query.where(Customer.id < before)
    if among is not None:
        query = query.where(Customer.id == func.any(list(among)))
    return list(db.session.execute(query).scalars())


def change_email(customer: Customer, email: str) -> None:
    """Give a locked customer another address; the former one stays known, as that of a merged customer.

    No other customer may have the address, merges followed.
    """
    former = (customer.email, customer.email_key)
    known = find_by_reference(customer.tenant_id, email)
    if known is customer:
        customer.email = email.strip()
        return
    if known is not None:
        # It was merged into this customer before: the two exchange their addresses.
        known.email = known.email_key = f"{known.id}@moving.invalid"
        db.session.flush()
    customer.email, customer.email_key = email.strip(), email_key(email)
    db.session.flush()
    if known is None:
        now = utc_now()
        alias = Customer(tenant_id=customer.tenant_id, merged_into_id=customer.id, merged_at=now)
        alias.email, alias.email_key = former
        db.session.add(alias)
    else:
        known.email, known.email_key = former


def lock_pair(tenant_id: int, first_id: UUID, second_id: UUID) -> tuple[Customer, Customer]:
    """Return two customers in the order of the arguments, locked in the order of their ids."""
    locked = {customer_id: lock(tenant_id, customer_id) for customer_id in sorted((first_id, second_id))}
    return locked[first_id], locked[second_id]


def lock(tenant_id: int, customer_id: UUID, *, allows_references: bool = False) -> Customer:
    """Return the customer with this id, locked until the transaction ends; raises `CustomerNotFound`.

    With `allows_references`, other transactions may add rows that refer to the customer.
    """
    customer = db.session.execute(
        select(Customer)
        .where(Customer.tenant_id == tenant_id, Customer.id == customer_id)
        .with_for_update(key_share=allows_references)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if customer is None:
        raise CustomerNotFound("There is no customer with this id.")
    return customer
