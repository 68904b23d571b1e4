"""The rows about a data subject, in every table: what an export lists, and what an erasure removes by statement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.orm import Mapper, undefer

from lumira.database import Base, db
from lumira.models import (
    Alert,
    AuditEntry,
    Customer,
    Deliverable,
    File,
    IdempotencyKey,
    ManualGrant,
    Order,
    WebhookEvent,
)
from lumira.repositories.customers import access_links
from lumira.repositories.fulfilment import files


def list_order_ids(tenant_id: int, subject: Sequence[Customer]) -> list[UUID]:
    """Return the ids of all orders of these customers, and of orders that carry only their address."""
    of_customer = Order.customer_id.in_([customer.id for customer in subject])
    of_address = Order.email_key.in_([customer.email_key for customer in subject])
    query = select(Order.id).where(Order.tenant_id == tenant_id, of_customer | of_address).order_by(Order.id)
    return list(db.session.execute(query).scalars())


def list_rows(
    tenant_id: int, subject: Sequence[Customer], subject_orders: Sequence[Order]
) -> dict[str, Sequence[Any]]:
    """Return every row about these customers and their orders by table, but for Stripe's events."""
    return {
        mapper.class_.__tablename__: _list_rows(tenant_id, mapper, condition)
        for mapper in Base.registry.mappers
        if (condition := _condition(mapper, subject, subject_orders)) is not None
    }


def _condition(
    mapper: Mapper[Any], subject: Sequence[Customer], subject_orders: Sequence[Order]
) -> ColumnElement[bool] | None:
    """Return which rows of a table are about this data subject; `None` where a table has no such rows.

    Derived from the table's columns, so that a new table with an `order_id` or `customer_id` is exported too.
    """
    model = mapper.class_
    order_ids = [order.id for order in subject_orders]
    customer_ids = [customer.id for customer in subject]
    if model is Customer:
        return Customer.id.in_(customer_ids)
    if model is Order:
        return Order.id.in_(order_ids)
    if model is WebhookEvent:
        return None
    if model is File:
        of_orders = select(Deliverable.id).where(
            Deliverable.tenant_id == File.tenant_id, Deliverable.order_id.in_(order_ids)
        )
        return File.deliverable_id.in_(of_orders)
    if model is AuditEntry:
        subjects = [f"order:{order_id}" for order_id in order_ids]
        return AuditEntry.subject.in_(subjects + [f"customer:{customer_id}" for customer_id in customer_ids])
    if model is Alert:
        return _is_about_orders(subject_orders)
    conditions = [
        mapper.columns[name].in_(ids)
        for name, ids in (("order_id", order_ids), ("customer_id", customer_ids))
        if name in mapper.columns
    ]
    return or_(*conditions) if conditions else None


def _is_about_orders(subject_orders: Sequence[Order]) -> ColumnElement[bool]:
    numbers = [order.order_number for order in subject_orders]
    in_details: ColumnElement[bool] = Alert.details["order_number"].astext.in_(numbers)
    return Alert.subject.in_(numbers) | in_details


def _list_rows(tenant_id: int, mapper: Mapper[Any], condition: ColumnElement[bool]) -> Sequence[Any]:
    query = select(mapper.class_).where(mapper.columns["tenant_id"] == tenant_id, condition)
    ordered = query.options(undefer("*")).order_by(*mapper.primary_key)
    return db.session.execute(ordered).scalars().all()


def delete_idempotency_keys(tenant_id: int, order_ids: Sequence[UUID]) -> None:
    """Delete the stored replies and request digests of these orders: a repeated call is a new call."""
    db.session.flush()
    db.session.execute(
        delete(IdempotencyKey).where(
            IdempotencyKey.tenant_id == tenant_id, IdempotencyKey.order_id.in_(list(order_ids))
        )
    )


def remove_access(tenant_id: int, customer_ids: Sequence[UUID]) -> None:
    """Delete the portal links of these customers, and the operators' notes on their manual grants."""
    access_links.remove(tenant_id, list(customer_ids))
    db.session.execute(
        update(ManualGrant)
        .where(ManualGrant.tenant_id == tenant_id, ManualGrant.customer_id.in_(list(customer_ids)))
        .values(note=None)
    )


def discard_files(tenant_id: int, order_ids: Sequence[UUID]) -> int:
    """Discard the deliverable files of these orders; return how many were discarded.

    File names are erased at once, because they may contain the buyer's name. Storage is emptied later.
    """
    discarded = files.discard_of_orders(tenant_id, list(order_ids))
    deliverable_ids = select(Deliverable.id).where(
        Deliverable.tenant_id == tenant_id, Deliverable.order_id.in_(list(order_ids))
    )
    db.session.execute(
        update(File)
        .where(File.tenant_id == tenant_id, File.deliverable_id.in_(deliverable_ids))
        .values(file_name="erased")
        .execution_options(synchronize_session=False)
    )
    return discarded
