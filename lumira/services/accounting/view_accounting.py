"""What the page about accounting shows; changes nothing."""

from dataclasses import dataclass
from datetime import date

from lumira.database import atomic
from lumira.domain.days import arrival_bound
from lumira.domain.eu_sales import EuSales
from lumira.domain.receipt_totals import Totals
from lumira.repositories.accounting import ledger, ledger_movements
from lumira.repositories.accounting.ledger_movements import Moved
from lumira.repositories.receipts import receipt_closings
from lumira.services.accounting.period import Period, books_of, check_period
from lumira.services.accounting.view_eu_sales import sales_of


@dataclass(frozen=True, slots=True)
class AccountingView:
    """The figures of a period, in minor units, and whether its entries can be exported."""

    currency: str
    totals: Totals
    #: What moved on the balance at Stripe.
    moved: Moved
    #: What arrived in the bank account.
    arrived: int
    #: Of the year in which the period ends.
    eu_sales: EuSales
    year: int
    siren: str | None
    #: The last day of which entries can be exported, and the last one of which they were.
    last_day: date
    posted_through: date | None


def view_accounting(tenant_id: int, period: Period) -> AccountingView:
    """Return the figures of a period; raises `InvalidRequest` for days in the wrong order, or too many."""
    check_period(period)
    with atomic(tenant_id):
        books = books_of(tenant_id)
        since, until = period.since(books.zone), period.until(books.zone)
        is_shared = books.accounts.is_account_shared
        arrived, payouts = ledger_movements.sum_arrived(
            tenant_id,
            livemode=books.livemode,
            currency=books.currency,
            since=arrival_bound(since, books.zone),
            until=arrival_bound(until, books.zone),
        )
        if is_shared:
            arrived = sum(ledger_movements.sum_own_of_payouts(tenant_id, payouts).values())
        return AccountingView(
            currency=books.currency,
            totals=receipt_closings.sum_of_period(
                tenant_id, livemode=books.livemode, since=since, until=until
            ),
            moved=ledger_movements.sum_moved(
                tenant_id,
                livemode=books.livemode,
                currency=books.currency,
                since=since,
                until=until,
                is_own=is_shared,
            ),
            arrived=arrived,
            eu_sales=sales_of(books, period.last.year),
            year=period.last.year,
            siren=books.accounts.siren,
            last_day=books.last_day,
            posted_through=ledger.find_posted_through(tenant_id, livemode=books.livemode),
        )
