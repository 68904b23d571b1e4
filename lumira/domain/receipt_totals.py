"""Totals of receipts and credit notes, and what a closing of a day, month or year states. Amounts in minor units."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Total:
    """The documents of one currency and VAT rate; the amounts of credit notes are positive, and are deducted."""

    currency: str
    #: In percent, as on the documents; `None` where the seller charges no VAT.
    vat_rate: str | None
    receipts: int = 0
    receipts_amount: int = 0
    receipts_vat: int = 0
    credit_notes: int = 0
    credit_notes_amount: int = 0
    credit_notes_vat: int = 0

    @property
    def amount(self) -> int:
        """The receipts less the credit notes, VAT included."""
        return self.receipts_amount - self.credit_notes_amount

    @property
    def vat(self) -> int:
        """The VAT of the receipts less that of the credit notes."""
        return self.receipts_vat - self.credit_notes_vat


#: Summed by currency and rate, in this order.
_FIGURES = (
    "receipts",
    "receipts_amount",
    "receipts_vat",
    "credit_notes",
    "credit_notes_amount",
    "credit_notes_vat",
)
Totals = tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class Closing:
    """What the closing of a period states. It is chained to the one before it."""

    tenant_id: int
    #: `day`, `month` or `year`.
    period: str
    first_day: date
    time_zone: str
    #: The last number of each series that is in this closing or an earlier one, such as `receipt 2026`. What is dated
    #: in this period and was committed later is in the next closing, so that each document is in one.
    last_numbers: Mapping[str, int]
    totals: Totals
    #: Since the first document.
    perpetual: Totals

    def text(self) -> str:
        """Return the text that its digest covers: the same for the same values for ever."""
        content = {
            "tenant": self.tenant_id,
            "period": self.period,
            "firstDay": self.first_day.isoformat(),
            "timeZone": self.time_zone,
            "lastNumbers": dict(self.last_numbers),
            "totals": as_rows(self.totals),
            "perpetualTotals": as_rows(self.perpetual),
        }
        return json.dumps(content, sort_keys=True, separators=(",", ":"))


def add(totals: Iterable[Total]) -> Totals:
    """Return the sums by currency and VAT rate, in a fixed order."""
    sums: dict[tuple[str, str | None], list[int]] = {}
    for total in totals:
        figures = sums.setdefault((total.currency, total.vat_rate), [0] * len(_FIGURES))
        for index, name in enumerate(_FIGURES):
            figures[index] += getattr(total, name)
    ordered = sorted(sums.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return tuple(Total(*key, *figures) for key, figures in ordered)


def as_rows(totals: Totals) -> list[list[Any]]:
    """Return totals as JSON: currency, VAT rate, and the figures in their order."""
    return [
        [total.currency, total.vat_rate, *(getattr(total, name) for name in _FIGURES)] for total in totals
    ]


def from_rows(rows: Iterable[Iterable[Any]]) -> Totals:
    """Return the totals that `as_rows` has written."""
    return tuple(Total(*row) for row in rows)


def days_between(first: date, last: date) -> Iterator[date]:
    """Yield each day from the first to the last, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def ends_month(day: date) -> bool:
    """Whether this is the last day of its month."""
    return (day + timedelta(days=1)).day == 1


def ends_year(day: date) -> bool:
    """Whether this is the last day of its year."""
    return (day + timedelta(days=1)).year != day.year
