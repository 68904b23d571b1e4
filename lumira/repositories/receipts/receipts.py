"""Receipts and credit notes: frozen when they are issued, and numbered without gaps."""

from collections.abc import Sequence
from datetime import datetime
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import db
from lumira.domain.printed_name import printed_name
from lumira.errors.orders import ReceiptNotFound
from lumira.models import Order, Receipt, ReceiptCounter, ReceiptKind, Tenant, receipt_label
from lumira.models.columns import uuid7
from lumira.repositories import batches


def draft(
    tenant: Tenant,
    order: Order,
    *,
    kind: ReceiptKind,
    subject: str,
    corrects: Receipt | None,
    moved_at: datetime,
    amount: int,
    vat_amount: int | None,
    currency: str,
    seller: dict[str, Any],
    lines: Sequence[dict[str, Any]],
) -> Receipt:
    """Return a receipt or credit note without its number and date; nothing is written."""
    return Receipt(
        tenant_id=tenant.id,
        id=uuid7(),
        order_id=order.id,
        kind=kind,
        subject=subject,
        corrects_id=corrects.id if corrects else None,
        corrects_label=corrects.label if corrects else None,
        livemode=order.livemode,
        time_zone=tenant.time_zone,
        order_number=order.order_number,
        moved_at=moved_at,
        amount=amount,
        vat_amount=vat_amount,
        currency=currency,
        seller=seller,
        lines=list(lines),
        buyer=_buyer(order),
        # The sale was consented to: a credit note states what is returned.
        consents=order.consents if corrects is None else None,
    )


def number(tenant: Tenant, drafts: Sequence[Receipt]) -> None:
    """Issue the drafts with the next numbers of their series, in the current year of the tenant's time zone.

    The caller has locked their orders, so that each is issued once. The counters stay locked until the transaction
    ends, so this is its last action. Receipts are always numbered before credit notes, so that no two transactions
    deadlock.
    """
    now = utc_now()
    year = now.astimezone(ZoneInfo(tenant.time_zone)).year
    for kind, livemode in product(ReceiptKind, (True, False)):
        series = [document for document in drafts if (document.kind, document.livemode) == (kind, livemode)]
        if series:
            last, issued_at = reserve_numbers(tenant.id, (kind, livemode, year), now, len(series))
            for next_number, document in enumerate(series, last - len(series) + 1):
                document.year, document.number, document.issued_at = year, next_number, issued_at
                document.label = receipt_label(
                    tenant.order_prefix, kind, year, next_number, livemode=livemode
                )
    labels = {document.id: document.label for document in drafts}
    for document in drafts:
        if document.corrects_id in labels:
            document.corrects_label = labels[document.corrects_id]
    db.session.flush()
    batches.insert_all(drafts)


def reserve_numbers(
    tenant_id: int, series: tuple[ReceiptKind, bool, int], now: datetime, count: int
) -> tuple[int, datetime]:
    """The last of `count` new numbers, and a time of issue that is not before the previous document's.

    Both are rolled back with the transaction.
    """
    kind, livemode, year = series
    first = insert(ReceiptCounter).values(
        tenant_id=tenant_id,
        series=kind,
        livemode=livemode,
        year=year,
        last_number=count,
        last_issued_at=now,
    )
    reserved = first.on_conflict_do_update(
        index_elements=["tenant_id", "series", "livemode", "year"],
        set_={
            "last_number": ReceiptCounter.last_number + count,
            "last_issued_at": func.greatest(ReceiptCounter.last_issued_at, first.excluded.last_issued_at),
        },
    ).returning(ReceiptCounter.last_number, ReceiptCounter.last_issued_at)
    row = db.session.execute(reserved).one()
    return row.last_number, row.last_issued_at


def _buyer(order: Order) -> dict[str, str]:
    buyer = {"name": printed_name(order.customer_name), "email": order.customer_email}
    return {name: value for name, value in buyer.items() if value}


def find(order: Order, kind: ReceiptKind, subject: str) -> Receipt | None:
    """Return the receipt of one of the order's payments, or the credit note of one of its refunds, if issued."""
    return db.session.execute(
        select(Receipt).where(
            Receipt.tenant_id == order.tenant_id,
            Receipt.order_id == order.id,
            Receipt.kind == kind,
            Receipt.subject == subject,
        )
    ).scalar_one_or_none()


def find_of_customer(tenant_id: int, customer_id: UUID, receipt_id: UUID) -> Receipt | None:
    """Return one receipt or credit note, if it is of an order of this customer."""
    return db.session.execute(
        select(Receipt)
        .join(Order, (Order.tenant_id == Receipt.tenant_id) & (Order.id == Receipt.order_id))
        .where(Receipt.tenant_id == tenant_id, Receipt.id == receipt_id, Order.customer_id == customer_id)
    ).scalar_one_or_none()


def list_of_orders(tenant_id: int, order_ids: Sequence[UUID]) -> Sequence[Receipt]:
    """Return all receipts and credit notes of these orders, in the order of issue; no query for no orders."""
    if not order_ids:
        return []
    return (
        db.session.execute(
            select(Receipt)
            .where(Receipt.tenant_id == tenant_id, Receipt.order_id == func.any(list(order_ids)))
            .order_by(Receipt.id)
        )
        .scalars()
        .all()
    )


def get_by_label(tenant_id: int, label: str) -> Receipt:
    """Return the receipt or credit note with this printed number; `ReceiptNotFound`."""
    receipt = db.session.execute(
        select(Receipt).where(Receipt.tenant_id == tenant_id, Receipt.label == label.strip().upper())
    ).scalar_one_or_none()
    if receipt is None:
        raise ReceiptNotFound(f"There is no receipt {label}.")
    return receipt


def list_receipts(
    tenant_id: int, *, year: int | None = None, order_id: UUID | None = None
) -> Sequence[Receipt]:
    """Return receipts, then credit notes, by year and number; those of test mode come after the others of a year."""
    query = select(Receipt).where(Receipt.tenant_id == tenant_id)
    if year is not None:
        query = query.where(Receipt.year == year)
    if order_id is not None:
        query = query.where(Receipt.order_id == order_id)
    ordered = query.order_by(Receipt.year, Receipt.livemode.desc(), Receipt.kind.desc(), Receipt.number)
    return db.session.execute(ordered).scalars().all()


def list_series(tenant_id: int, *, year: int | None) -> Sequence[ReceiptCounter]:
    """Return the series by year: that of receipts, of credit notes, and then those of test mode."""
    query = select(ReceiptCounter).where(ReceiptCounter.tenant_id == tenant_id)
    if year is not None:
        query = query.where(ReceiptCounter.year == year)
    ordered = query.order_by(
        ReceiptCounter.year, ReceiptCounter.livemode.desc(), ReceiptCounter.series.desc()
    )
    return db.session.execute(ordered).scalars().all()


def list_page(series: ReceiptCounter, *, after: int, limit: int) -> Sequence[Receipt]:
    """Return the documents of one series that follow a number."""
    query = select(Receipt).where(
        Receipt.tenant_id == series.tenant_id,
        Receipt.kind == series.series,
        Receipt.livemode == series.livemode,
        Receipt.year == series.year,
        Receipt.number > after,
    )
    return db.session.execute(query.order_by(Receipt.number).limit(limit)).scalars().all()


def name_buyer(order: Order) -> None:
    """Write the buyer on a locked order's documents that were issued before the buyer was known."""
    buyer = _buyer(order)
    if order.erased_at is not None or not buyer:
        return
    db.session.execute(
        update(Receipt)
        .where(Receipt.tenant_id == order.tenant_id, Receipt.order_id == order.id)
        .where(text("receipts.buyer = '{}'::jsonb"))
        .values(buyer=buyer)
        .execution_options(synchronize_session=False)
    )


def forget_buyer(tenant_id: int, order_ids: Sequence[UUID]) -> int:
    """Remove the buyer from these orders' receipts and credit notes; returns how many had one."""
    emptied = db.session.execute(
        update(Receipt)
        .where(Receipt.tenant_id == tenant_id, Receipt.order_id.in_(order_ids))
        .where(text("receipts.buyer <> '{}'::jsonb"))
        .values(buyer={})
        .returning(Receipt.id)
        .execution_options(synchronize_session=False)
    )
    return len(emptied.all())
