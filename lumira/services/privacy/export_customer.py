"""Everything that is held of a buyer, as rows and as the files that were made for them."""

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
from lumira.services.privacy.find_data_subject import find_data_subjects, names_of, order_ids_of


@dataclass(frozen=True, slots=True)
class Holdings:
    """What is held: of each table its rows, and what has to be fetched or drawn with no transaction open."""

    rows: dict[str, list[dict[str, Any]]]
    files: tuple[File, ...]
    receipts: tuple[Receipt, ...]
    message_ids: tuple[UUID, ...]
    locale: str | None
    gaps: tuple["Gap", ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """A piece that is held and could not be had, and the stable code of the reason."""

    piece: str
    reason: str


def collect_holdings(tenant_id: int, email: str) -> Holdings:
    """All that this tenant holds of whoever comes under this address; `CustomerNotFound`."""
    with atomic(tenant_id):
        people = find_data_subjects(tenant_id, email)
        order_ids = order_ids_of(tenant_id, people)
        whole = [orders.get_order(tenant_id, str(order_id)) for order_id in order_ids]
        events = identifying_events.find_events_naming(
            tenant_id, names_of(tenant_id, people, whole), order_ids
        )
        found: dict[str, Sequence[Any]] = {
            mapper.class_.__tablename__: _rows(tenant_id, mapper, which)
            for mapper in Base.registry.mappers
            if (which := _which(mapper, people, whole)) is not None
        }
        found["webhook_events"] = events
        rows = {table: [_plain(row) for row in rows] for table, rows in sorted(found.items()) if rows}
        return Holdings(
            rows=rows,
            files=tuple(each for each in found["files"] if each.stored_at and each.deleted_at is None),
            receipts=tuple(found["receipts"]),
            message_ids=tuple(message.id for order in whole for message in order.messages),
            locale=people[0].locale,
            gaps=_sealed_for_good(rows.get(IdempotencyKey.__tablename__, ())),
        )


def _sealed_for_good(keys: Sequence[Mapping[str, Any]]) -> tuple[Gap, ...]:
    table = IdempotencyKey.__tablename__
    return tuple(Gap(f"{table}/{row['id']}", "REPLY_SEALED") for row in keys if row.get("reply", {}) is None)


def _which(
    mapper: Mapper[Any], people: Sequence[Customer], whole: Sequence[Order]
) -> ColumnElement[bool] | None:
    """Which rows of a table are about these people; `None` where a table can hold none.

    By the columns that it has, so that a table that is added one day is not forgotten.
    """
    model = mapper.class_
    order_ids, customer_ids = [order.id for order in whole], [each.id for each in people]
    if model is Customer:
        return Customer.id.in_(customer_ids)
    if model is Order:
        return Order.id.in_(order_ids)
    if model is WebhookEvent:
        return None
    if model is File:
        return File.deliverable_id.in_(select(Deliverable.id).where(Deliverable.order_id.in_(order_ids)))
    if model is AuditEntry:
        subjects = [f"order:{each}" for each in order_ids] + [f"customer:{each}" for each in customer_ids]
        return AuditEntry.subject.in_(subjects)
    if model is Alert:
        return _alerts(whole)
    columns = [
        mapper.columns[name].in_(ids)
        for name, ids in (("order_id", order_ids), ("customer_id", customer_ids))
        if name in mapper.columns
    ]
    return or_(*columns) if columns else None


def _alerts(whole: Sequence[Order]) -> ColumnElement[bool]:
    numbers = [order.order_number for order in whole]
    named: ColumnElement[bool] = Alert.details["order_number"].astext.in_(numbers)
    return Alert.subject.in_(numbers) | named


def _rows(tenant_id: int, mapper: Mapper[Any], which: ColumnElement[bool]) -> Sequence[Any]:
    query = select(mapper.class_).where(mapper.columns["tenant_id"] == tenant_id, which).options(undefer("*"))
    return db.session.execute(query.order_by(*mapper.primary_key)).scalars().all()


def _plain(row: Base) -> dict[str, Any]:
    """A row as JSON can say it; a stored reply as it was given."""
    columns = type(row).__mapper__.columns
    told = {
        column.key: _simple(getattr(row, key))
        for key, column in columns.items()
        if not isinstance(column.type, LargeBinary) and column.key not in ("tenant_id", "erased_digests")
    }
    if isinstance(row, IdempotencyKey) and row.reply_sealed is not None:
        told["reply"] = _reply(row, row.reply_sealed)
    return told


def _reply(row: IdempotencyKey, sealed: bytes) -> dict[str, Any] | None:
    """What was answered; `None` where no key that is configured opens it any more."""
    try:
        text = encryption.unseal(sealed, tenant_id=row.tenant_id, purpose=idempotency.REPLY_PURPOSE)
    except encryption.DecryptionError:
        return None
    # With the secret anybody could pay in the buyer's name: it is no word about them.
    return {name: value for name, value in json.loads(text).items() if name != "clientSecret"}


def _simple(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _simple(each) for name, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_simple(each) for each in value]
    return value
