"""The documents that are to be booked, and what their orders say about them, inside the caller's transaction."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import String, cast, exists, func, select, text

from lumira.database import constant, db, plan_for_values
from lumira.domain.bookings import SoldLine
from lumira.domain.eu_sales import CountrySales
from lumira.models import (
    BalanceTransaction,
    Customer,
    Journal,
    LedgerEntry,
    Order,
    OrderLine,
    Payment,
    Receipt,
    ReceiptCounter,
    RefundRequest,
)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the orders of some documents say, by order id and by Stripe's id of the refund."""

    sold: Mapping[UUID, Sequence[SoldLine]]
    #: The name of the shipping zone of each order that has one.
    zones: Mapping[UUID, str]
    #: The lines that refund requests name, by the id of their refund.
    refunded: Mapping[str, Sequence[Mapping[str, Any]]]
    #: What Stripe moved on the balance, in the books' currency, by the id of the payment or refund.
    moved: Mapping[str, int]


def list_series(tenant_id: int, *, livemode: bool, since_year: int) -> Sequence[ReceiptCounter]:
    """Return the series of documents of a mode since this year."""
    query = select(ReceiptCounter).where(
        ReceiptCounter.tenant_id == tenant_id,
        ReceiptCounter.livemode == livemode,
        ReceiptCounter.year >= since_year,
    )
    return db.session.execute(query.order_by(ReceiptCounter.year)).scalars().all()


def list_page(
    series: ReceiptCounter,
    *,
    since: datetime,
    until: datetime,
    after: int,
    limit: int,
) -> Sequence[Receipt]:
    """Return the documents of one series that are dated within a period and follow a number."""
    query = select(Receipt).where(
        Receipt.tenant_id == series.tenant_id,
        Receipt.kind == series.series,
        Receipt.livemode == series.livemode,
        Receipt.year == series.year,
        Receipt.number > after,
        Receipt.issued_at >= since,
        Receipt.issued_at < until,
    )
    return db.session.execute(query.order_by(Receipt.number).limit(constant(limit))).scalars().all()


def list_unbooked(
    series: ReceiptCounter, *, until: datetime, after: int, limit: int
) -> tuple[Sequence[Receipt], int | None]:
    """Return those of the next documents of a series that are not booked, and the last number that was looked at.

    That number is `None` at the end of the series. Each statement is planned for its values: the ledger may have
    grown from nothing since the one before was planned.
    """
    plan_for_values()
    looked_at = db.session.execute(
        select(Receipt.number, Receipt.id)
        .where(
            Receipt.tenant_id == series.tenant_id,
            Receipt.kind == series.series,
            Receipt.livemode == series.livemode,
            Receipt.year == series.year,
            Receipt.number > after,
            Receipt.issued_at < until,
        )
        .order_by(Receipt.number)
        .limit(constant(limit))
    ).all()
    ids = {str(row.id): row.id for row in looked_at}
    booked = db.session.execute(
        select(LedgerEntry.source_id).where(
            LedgerEntry.tenant_id == series.tenant_id,
            LedgerEntry.livemode == series.livemode,
            LedgerEntry.journal == Journal.SALES,
            LedgerEntry.source_id == func.any(list(ids)),
        )
    )
    missing = [ids[name] for name in ids.keys() - set(booked.scalars())]
    query = select(Receipt).where(Receipt.tenant_id == series.tenant_id, Receipt.id == func.any(missing))
    found = db.session.execute(query.order_by(Receipt.number)).scalars().all() if missing else []
    return found, looked_at[-1].number if len(looked_at) == limit else None


def _is_booked() -> Any:
    return exists().where(
        LedgerEntry.tenant_id == Receipt.tenant_id,
        LedgerEntry.livemode == Receipt.livemode,
        LedgerEntry.journal == constant(Journal.SALES.value),
        LedgerEntry.source_id == cast(Receipt.id, String),
    )


def count(
    tenant_id: int, *, livemode: bool, since: datetime, until: datetime, is_unbooked: bool = False
) -> int:
    """Return how many documents are dated within a period; with `is_unbooked` those that are not booked."""
    query = select(func.count()).where(
        Receipt.tenant_id == tenant_id,
        Receipt.livemode == livemode,
        Receipt.issued_at >= since,
        Receipt.issued_at < until,
    )
    if is_unbooked:
        query = query.where(~_is_booked())
    return db.session.execute(query).scalar_one()


def find_surroundings(tenant_id: int, documents: Collection[Receipt], *, currency: str) -> Surroundings:
    """Return what is known about the orders of these documents."""
    order_ids = {document.order_id for document in documents}
    foreign = [document.subject for document in documents if document.currency != currency]
    zones = select(Order.id, Order.shipping_zone).where(
        Order.tenant_id == tenant_id, Order.id.in_(order_ids), Order.shipping_zone.is_not(None)
    )
    return Surroundings(
        sold=_find_sold(tenant_id, order_ids),
        zones={row[0]: str(row[1]) for row in db.session.execute(zones)},
        refunded=_find_refunded(tenant_id, order_ids, [document.subject for document in documents]),
        moved=_find_moved(tenant_id, foreign, currency) if foreign else {},
    )


def _find_sold(tenant_id: int, order_ids: Collection[UUID]) -> dict[UUID, list[SoldLine]]:
    query = (
        select(
            OrderLine.order_id,
            OrderLine.id,
            OrderLine.kind,
            OrderLine.quantity,
            OrderLine.unit_amount * OrderLine.quantity - OrderLine.discount_amount,
        )
        .where(OrderLine.tenant_id == tenant_id, OrderLine.order_id.in_(order_ids))
        .order_by(OrderLine.order_id, OrderLine.position)
    )
    sold: dict[UUID, list[SoldLine]] = {}
    for order_id, line_id, kind, quantity, amount in db.session.execute(query):
        sold.setdefault(order_id, []).append(SoldLine(str(line_id), kind, quantity, amount))
    return sold


def _find_refunded(
    tenant_id: int, order_ids: Collection[UUID], subjects: Collection[str]
) -> dict[str, Sequence[Mapping[str, Any]]]:
    query = select(RefundRequest.stripe_refund_id, RefundRequest.lines).where(
        RefundRequest.tenant_id == tenant_id,
        RefundRequest.order_id.in_(order_ids),
        RefundRequest.lines.is_not(None),
        RefundRequest.stripe_refund_id.in_(subjects),
    )
    return {str(row[0]): row[1] or () for row in db.session.execute(query)}


def _find_moved(tenant_id: int, subjects: Collection[str], currency: str) -> dict[str, int]:
    charges = select(Payment.stripe_charge_id, Payment.stripe_payment_intent_id).where(
        Payment.tenant_id == tenant_id, Payment.stripe_payment_intent_id.in_(subjects)
    )
    subject_of = {str(row[0]): str(row[1]) for row in db.session.execute(charges) if row[0] is not None}
    # A refund that failed moved its amount twice, there and back.
    amount = func.max(func.abs(BalanceTransaction.amount))
    query = select(BalanceTransaction.stripe_source_id, amount).where(
        BalanceTransaction.tenant_id == tenant_id,
        BalanceTransaction.stripe_source_id.in_([*subjects, *subject_of]),
        BalanceTransaction.currency == currency,
    )
    rows = db.session.execute(query.group_by(BalanceTransaction.stripe_source_id))
    return {subject_of.get(str(row[0]), str(row[0])): int(row[1]) for row in rows}


def find_countries(tenant_id: int, order_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the country of each of these orders, where one is known: that of the goods, else of the customer."""
    country = func.coalesce(Order.shipping_address["country"].astext, Customer.country)
    query = (
        select(Order.id, country)
        .outerjoin(Customer, (Customer.tenant_id == Order.tenant_id) & (Customer.id == Order.customer_id))
        .where(Order.tenant_id == tenant_id, Order.id.in_(order_ids), country.is_not(None))
    )
    return {row[0]: str(row[1]) for row in db.session.execute(query)} if order_ids else {}


# The series of one year, because its index finds them: the dates have none.
_BY_COUNTRY = text(
    """
    SELECT coalesce(o.shipping_address ->> 'country', c.country) AS country, count(*) AS documents,
        sum(CASE r.kind WHEN 'credit_note' THEN -1 ELSE 1 END * (r.amount - coalesce(r.vat_amount, 0)))::bigint AS net
    FROM receipts r JOIN orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    LEFT JOIN customers c ON c.tenant_id = o.tenant_id AND c.id = o.customer_id
    WHERE r.tenant_id = :tenant_id AND r.kind IN ('receipt', 'credit_note') AND r.livemode = :livemode
        AND r.year = :year AND r.currency = :currency
    GROUP BY 1
    """
)


def sum_by_country(tenant_id: int, *, livemode: bool, year: int, currency: str) -> list[CountrySales]:
    """Return the sales of a year without VAT, credit notes deducted, by country, as `find_countries` does."""
    values = {"tenant_id": tenant_id, "livemode": livemode, "year": year, "currency": currency}
    return [
        CountrySales(row.country, row.documents, row.net) for row in db.session.execute(_BY_COUNTRY, values)
    ]
