"""Export of a data subject: every row about them, and the files, receipts and messages to collect."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, LargeBinary, or_, select
from sqlalchemy.orm import Mapper, undefer

from lumira import encryption
from lumira.database import Base, atomic, db
from lumira.models import (
    Alert,
    AuditEntry,
    Customer,
    Deliverable,
    File,
    IdempotencyKey,
    Order,
    Receipt,
    WebhookEvent,
)
from lumira.repositories import idempotency, identifying_events, orders
from lumira.services.privacy.find_data_subject import find_data_subject, list_identifiers, list_order_ids


@dataclass(frozen=True, slots=True)
class CustomerExport:
    """The personal data of one data subject: rows by table, and what is fetched or rendered outside the transaction."""

    rows: dict[str, list[dict[str, Any]]]
    files: tuple[File, ...]
    receipts: tuple[Receipt, ...]
    message_ids: tuple[UUID, ...]
    locale: str | None
    missing: tuple["MissingItem", ...] = ()


@dataclass(frozen=True, slots=True)
class MissingItem:
    """An item that is stored and could not be exported, with the stable code of the reason."""

    item: str
    reason: str


def export_customer(tenant_id: int, email: str) -> CustomerExport:
    """Return all personal data that this tenant stores about the data subject of this address.

    Raises `CustomerNotFound`.
    """
    with atomic(tenant_id):
        subject = find_data_subject(tenant_id, email)
        order_ids = list_order_ids(tenant_id, subject)
        subject_orders = [orders.get_order(tenant_id, str(order_id)) for order_id in order_ids]
        by_table: dict[str, Sequence[Any]] = {
            mapper.class_.__tablename__: _list_rows(tenant_id, mapper, condition)
            for mapper in Base.registry.mappers
            if (condition := _condition(mapper, subject, subject_orders)) is not None
        }
        by_table["webhook_events"] = identifying_events.list_events_naming(
            tenant_id, list_identifiers(tenant_id, subject, subject_orders), order_ids
        )
        rows = {table: [_as_json(row) for row in rows] for table, rows in sorted(by_table.items()) if rows}
        return CustomerExport(
            rows=rows,
            files=tuple(file for file in by_table["files"] if file.stored_at and file.deleted_at is None),
            receipts=tuple(by_table["receipts"]),
            message_ids=tuple(message.id for order in subject_orders for message in order.messages),
            locale=subject[0].locale,
            missing=_undecryptable_replies(rows.get(IdempotencyKey.__tablename__, ())),
        )


def _undecryptable_replies(keys: Sequence[Mapping[str, Any]]) -> tuple[MissingItem, ...]:
    table = IdempotencyKey.__tablename__
    return tuple(
        MissingItem(f"{table}/{row['id']}", "REPLY_SEALED") for row in keys if row.get("reply", {}) is None
    )


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
        return File.deliverable_id.in_(select(Deliverable.id).where(Deliverable.order_id.in_(order_ids)))
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


def _as_json(row: Base) -> dict[str, Any]:
    """Return a row as JSON values, with a stored reply decrypted."""
    columns = type(row).__mapper__.columns
    values = {
        column.key: _json_value(getattr(row, key))
        for key, column in columns.items()
        if not isinstance(column.type, LargeBinary) and column.key not in ("tenant_id", "erased_digests")
    }
    if isinstance(row, IdempotencyKey) and row.reply_sealed is not None:
        values["reply"] = _decrypted_reply(row, row.reply_sealed)
    return values


def _decrypted_reply(row: IdempotencyKey, sealed: bytes) -> dict[str, Any] | None:
    """Return the stored reply; `None` if none of the configured encryption keys decrypts it."""
    try:
        text = encryption.unseal(sealed, tenant_id=row.tenant_id, purpose=idempotency.REPLY_PURPOSE)
    except encryption.DecryptionError:
        return None
    # The client secret authorises a payment and is not personal data.
    return {name: value for name, value in json.loads(text).items() if name != "clientSecret"}


def _json_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _json_value(item) for name, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_json_value(item) for item in value]
    return value
