"""Use case: compare the entries of a period with the documents, the balance at Stripe and the payouts."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from lumira.database import atomic
from lumira.domain.accounts import VAT, Role
from lumira.domain.books_check import Compared, Comparison
from lumira.domain.days import arrival_bound
from lumira.models import Journal, LedgerEvent
from lumira.repositories.accounting import ledger, ledger_documents, ledger_movements
from lumira.repositories.accounting.ledger import Sum
from lumira.repositories.receipts import receipt_closings
from lumira.services.accounting.period import Books, Period, check_period
from lumira.services.accounting.post_entries import post_entries

#: What moves the balance of a shared account because of the tenant's own orders.
_OWN = (LedgerEvent.PAYMENT, LedgerEvent.REFUND, LedgerEvent.DISPUTE)


def check_books(tenant_id: int, period: Period) -> list[Comparison]:
    """Book the period and return each comparison, also of what matches; raises `InvalidRequest`.

    Of what happened on these days, the sums count: also those that were booked later, because they changed or were
    found after the period was posted. A change that is not booked yet is a difference.
    """
    check_period(period)
    books = post_entries(tenant_id, period)
    since, until = period.since(books.zone), period.until(books.zone)
    with atomic(tenant_id):
        sums = ledger.sum_of_period(tenant_id, livemode=books.livemode, first=period.first, last=period.last)
        return [
            *_sales(books, sums, since, until),
            *_stripe(books, sums, since, until),
            *_not_booked(books, sums, since, until),
        ]


def _sales(books: Books, sums: Sequence[Sum], since: datetime, until: datetime) -> Iterator[Comparison]:
    """Of documents in the books' currency: of others, no document says what Stripe converted them to."""
    totals = receipt_closings.sum_of_period(
        books.tenant_id, livemode=books.livemode, since=since, until=until
    )
    of_books = [total for total in totals if total.currency == books.currency]
    booked = [one for one in sums if one.journal == Journal.SALES and not one.is_foreign]
    yield Comparison(Compared.SALES, sum(total.amount for total in of_books), _total(booked, Role.CUSTOMER))
    for total in of_books:
        if total.vat_rate is not None:
            vat = -_total(booked, f"{VAT}{total.vat_rate}")
            yield Comparison(Compared.VAT, total.vat, vat, total.vat_rate)


def _total(sums: Sequence[Sum], role: str) -> int:
    return sum(one.amount for one in sums if one.role == role)


def _stripe(books: Books, sums: Sequence[Sum], since: datetime, until: datetime) -> Iterator[Comparison]:
    is_shared = books.accounts.is_account_shared
    moved = ledger_movements.sum_moved(
        books.tenant_id,
        livemode=books.livemode,
        currency=books.currency,
        since=since,
        until=until,
        is_own=is_shared,
    )
    booked = [one for one in sums if one.event in _OWN or not is_shared]
    yield Comparison(Compared.STRIPE, moved.net, _total(booked, Role.STRIPE))
    arrived, payouts = ledger_movements.sum_arrived(
        books.tenant_id,
        livemode=books.livemode,
        currency=books.currency,
        since=arrival_bound(since, books.zone),
        until=arrival_bound(until, books.zone),
    )
    if is_shared:
        arrived = sum(ledger_movements.sum_own_of_payouts(books.tenant_id, payouts).values())
    yield Comparison(Compared.BANK, arrived, _total(sums, Role.BANK))


def _not_booked(books: Books, sums: Sequence[Sum], since: datetime, until: datetime) -> Iterator[Comparison]:
    """What an accountant has to know because no entry says it."""
    tenant_id, livemode = books.tenant_id, books.livemode
    counts = {
        Compared.UNBOOKED_DOCUMENTS: ledger_documents.count(
            tenant_id, livemode=livemode, since=since, until=until, is_unbooked=True
        ),
        Compared.OTHER_CURRENCY: ledger_movements.count_of_other_currency(
            tenant_id, livemode=livemode, currency=books.currency, since=since, until=until
        ),
        Compared.UNREAD: ledger_movements.count_unread(tenant_id, livemode=livemode),
        Compared.SUSPENSE: _total(sums, Role.SUSPENSE),
    }
    for what, number in counts.items():
        if number:
            yield Comparison(what, number, 0)
