"""Totals of receipts and credit notes, and the closings that state them, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, func, select, text

from lumira.database import db
from lumira.domain.receipt_totals import Closing, Total, Totals, add, as_rows, from_rows
from lumira.models import ClosingPeriod, Receipt, ReceiptClosing, ReceiptCounter, ReceiptKind

_FIGURES = """
    seller ->> 'vat_rate' AS vat_rate, currency, count(*) AS documents, sum(amount)::bigint AS amount,
    coalesce(sum(vat_amount), 0)::bigint AS vat, max(number) AS last_number
"""

# Within a series a higher number is never dated earlier, so what is dated before a time are its first numbers.
_BY_DAY = text(
    f"""
    SELECT greatest((issued_at AT TIME ZONE :time_zone)::date, :first_day) AS day, {_FIGURES} FROM receipts
    WHERE tenant_id = :tenant_id AND kind = :kind AND livemode AND year = :year AND number > :after
        AND issued_at < :until
    GROUP BY day, vat_rate, currency
    """  # noqa: S608 - constants
)

_UNTIL_NUMBER = text(
    f"""
    SELECT {_FIGURES} FROM receipts
    WHERE tenant_id = :tenant_id AND kind = :kind AND livemode AND year = :year AND number <= :number
    GROUP BY vat_rate, currency
    """  # noqa: S608 - constants
)

_OF_PERIOD = text(
    f"""
    SELECT kind, {_FIGURES} FROM receipts
    WHERE tenant_id = :tenant_id AND livemode = :livemode AND issued_at >= :since AND issued_at < :until
        AND kind IN ('receipt', 'credit_note')
    GROUP BY kind, vat_rate, currency
    """  # noqa: S608 - constants
)


def _total(kind: str, row: Row[Any]) -> Total:
    if kind == ReceiptKind.RECEIPT:
        return Total(row.currency, row.vat_rate, row.documents, row.amount, row.vat)
    return Total(row.currency, row.vat_rate, 0, 0, 0, row.documents, row.amount, row.vat)


def _series_name(kind: str, year: int) -> str:
    return f"{kind} {year}"


def sum_of_period(tenant_id: int, *, livemode: bool, since: datetime, until: datetime) -> Totals:
    """Return the totals of the documents that are dated within a period."""
    values = {"tenant_id": tenant_id, "livemode": livemode, "since": since, "until": until}
    return add(_total(row.kind, row) for row in db.session.execute(_OF_PERIOD, values))


def sum_until(tenant_id: int, last_numbers: Mapping[str, int]) -> Totals:
    """Return the totals of each series until a number."""
    totals = []
    for name, number in last_numbers.items():
        kind, _, year = name.partition(" ")
        values = {"tenant_id": tenant_id, "kind": kind, "year": int(year), "number": number}
        totals += [_total(kind, row) for row in db.session.execute(_UNTIL_NUMBER, values)]
    return add(totals)


def sum_by_day(
    tenant_id: int, after: Mapping[str, int], *, first_day: date, until: datetime, time_zone: str
) -> Sequence[tuple[date, str, int, Total]]:
    """Return the total of each day, with the name of its series and the last number of that day in it.

    Of each series only what follows the number `after`; what is dated before the first day counts for that day.
    """
    query = select(ReceiptCounter).where(ReceiptCounter.tenant_id == tenant_id, ReceiptCounter.livemode)
    found: list[tuple[date, str, int, Total]] = []
    for series in db.session.execute(query).scalars():
        name = _series_name(series.series, series.year)
        closed = after.get(name, 0)
        if series.last_number > closed:
            values = {
                "tenant_id": tenant_id,
                "kind": series.series,
                "year": series.year,
                "after": closed,
                "first_day": first_day,
                "until": until,
                "time_zone": time_zone,
            }
            rows = db.session.execute(_BY_DAY, values)
            found += [(row.day, name, row.last_number, _total(series.series, row)) for row in rows]
    return found


def find_first_issue(tenant_id: int) -> datetime | None:
    """Return when the first document of live mode was issued."""
    query = select(func.min(Receipt.issued_at)).where(
        Receipt.tenant_id == tenant_id,
        Receipt.kind.in_(list(ReceiptKind)),
        Receipt.livemode,
    )
    return db.session.execute(query).scalar_one()


def find_last(tenant_id: int) -> ReceiptClosing | None:
    """Return the closing of the last day that is closed."""
    query = select(ReceiptClosing).where(
        ReceiptClosing.tenant_id == tenant_id, ReceiptClosing.period == ClosingPeriod.DAY
    )
    return db.session.execute(query.order_by(ReceiptClosing.first_day.desc()).limit(1)).scalar_one_or_none()


def list_closings(
    tenant_id: int, period: ClosingPeriod, *, since: date, until: date
) -> Sequence[ReceiptClosing]:
    """Return the closings of one kind of period that begin within these days, both included."""
    query = select(ReceiptClosing).where(
        ReceiptClosing.tenant_id == tenant_id,
        ReceiptClosing.period == period,
        ReceiptClosing.first_day.between(since, until),
    )
    return db.session.execute(query.order_by(ReceiptClosing.first_day)).scalars().all()


def list_page(tenant_id: int, *, after: int, limit: int) -> Sequence[ReceiptClosing]:
    """Return the closings that follow a sequence, in the order of the chain."""
    query = select(ReceiptClosing).where(
        ReceiptClosing.tenant_id == tenant_id, ReceiptClosing.sequence > after
    )
    return db.session.execute(query.order_by(ReceiptClosing.sequence).limit(limit)).scalars().all()


def columns_of(closing: Closing) -> dict[str, Any]:
    """Return the columns of a closing."""
    return {
        "period": closing.period,
        "first_day": closing.first_day,
        "time_zone": closing.time_zone,
        "last_numbers": dict(closing.last_numbers),
        "totals": as_rows(closing.totals),
        "perpetual_totals": as_rows(closing.perpetual),
    }


def closing_of(row: ReceiptClosing) -> Closing:
    """Return what the closing of a row states."""
    return Closing(
        tenant_id=row.tenant_id,
        period=str(row.period),
        first_day=row.first_day,
        time_zone=row.time_zone,
        last_numbers=row.last_numbers,
        totals=from_rows(row.totals),
        perpetual=from_rows(row.perpetual_totals),
    )
