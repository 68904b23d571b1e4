"""What is to be booked of a tenant, read in pages: documents, movements of the balance at Stripe, and payouts."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.bookings import (
    BookedDocument,
    book_arrival,
    book_document,
    book_movement,
    deductible_tax,
    event_of_document,
    event_of_movement,
    in_books_currency,
    weights_of,
)
from lumira.domain.days import arrival_bound, arrival_day
from lumira.domain.goods.shipping import postage_name
from lumira.domain.payouts import Source
from lumira.models import (
    BalanceTransaction,
    Journal,
    Language,
    LedgerEvent,
    Payout,
    Receipt,
    ReceiptCounter,
    ReceiptKind,
)
from lumira.repositories.accounting import balance_transactions, ledger_documents, ledger_movements
from lumira.repositories.accounting.ledger import Booking
from lumira.repositories.accounting.ledger_documents import Surroundings
from lumira.services.accounting.period import Books

#: Rows that one transaction reads.
PAGE = 500


def read_documents(books: Books, since: datetime, until: datetime) -> Iterator[Receipt]:
    """Yield the receipts and credit notes of a period in the order of their dates."""
    return _merged(_read_series(one, since, until) for one in _list_series(books, since))


def read_unbooked(books: Books, since: datetime | None, until: datetime) -> Iterator[Receipt]:
    """Yield the documents that are not booked, in the order of their dates; `since` excludes earlier years only."""
    return _merged(_read_unbooked(one, until) for one in _list_series(books, since))


def _list_series(books: Books, since: datetime | None) -> Sequence[ReceiptCounter]:
    year = 0 if since is None else since.astimezone(books.zone).year - 1
    with atomic(books.tenant_id):
        return ledger_documents.list_series(books.tenant_id, livemode=books.livemode, since_year=year)


def _merged(series: Iterable[Iterator[Receipt]]) -> Iterator[Receipt]:
    return heapq.merge(*series, key=lambda document: (document.issued_at, document.id))


def _read_series(series: ReceiptCounter, since: datetime, until: datetime) -> Iterator[Receipt]:
    after, is_last = 0, False
    while not is_last:
        with atomic(series.tenant_id):
            page = ledger_documents.list_page(series, since=since, until=until, after=after, limit=PAGE)
        yield from page
        is_last = len(page) < PAGE
        after = after if is_last else page[-1].number


def _read_unbooked(series: ReceiptCounter, until: datetime) -> Iterator[Receipt]:
    after: int | None = 0
    while after is not None:
        with atomic(series.tenant_id):
            found, after = ledger_documents.list_unbooked(series, until=until, after=after, limit=PAGE)
        yield from found


def read_movements(
    books: Books, since: datetime | None, until: datetime
) -> Iterator[Sequence[BalanceTransaction]]:
    """Yield pages of movements, oldest first."""
    after: tuple[datetime, str] | None = None
    while True:
        with atomic(books.tenant_id):
            page = ledger_movements.list_page(
                books.tenant_id, livemode=books.livemode, since=since, until=until, after=after, limit=PAGE
            )
        if not page:
            return
        yield page
        last = page[-1]
        if len(page) < PAGE or last.stripe_created_at is None:
            return
        after = last.stripe_created_at, last.stripe_balance_transaction_id


def read_payouts(books: Books, since: datetime | None, until: datetime) -> Iterator[Sequence[Payout]]:
    """Yield pages of the payouts that arrive on the days of a period, the first arrival first."""
    first = None if since is None else arrival_bound(since, books.zone)
    bound = arrival_bound(until, books.zone)
    after: tuple[datetime, str] | None = None
    while True:
        with atomic(books.tenant_id):
            page = ledger_movements.list_payouts(
                books.tenant_id, livemode=books.livemode, since=first, until=bound, after=after, limit=PAGE
            )
        if not page:
            return
        yield page
        if len(page) < PAGE:
            return
        after = page[-1].arrival_at, page[-1].stripe_payout_id


def bookings_of_documents(books: Books, documents: Sequence[Receipt]) -> list[Booking]:
    """Return what is to be booked of documents; nothing of one in another currency that Stripe has not converted."""
    known = ledger_documents.find_surroundings(books.tenant_id, documents, currency=books.currency)
    found = [_of_document(books, document, known) for document in documents]
    return [booking for booking in found if booking is not None]


def _of_document(books: Books, document: Receipt, known: Surroundings) -> Booking | None:
    booked = _booked_document(document, known)
    is_foreign = document.currency != books.currency
    if is_foreign:
        if document.subject not in known.moved:
            return None
        booked = in_books_currency(booked, known.moved[document.subject])
    sign = -1 if document.kind is ReceiptKind.CREDIT_NOTE else 1
    return Booking(
        journal=Journal.SALES,
        event=event_of_document(document.kind, is_of_sale=document.is_of_sale),
        source_id=str(document.id),
        piece=document.label,
        day=document.issued_at.astimezone(ZoneInfo(document.time_zone)).date(),
        order_number=document.order_number,
        amounts=book_document(booked),
        foreign_amount=sign * document.amount if is_foreign else None,
        foreign_currency=document.currency if is_foreign else None,
    )


def _booked_document(document: Receipt, known: Surroundings) -> BookedDocument:
    zone = known.zones.get(document.order_id)
    names = () if zone is None else tuple(postage_name(zone, language) for language in Language)
    weights = weights_of(
        document.lines,
        known.sold.get(document.order_id, ()),
        postage_names=names,
        refunded=None if document.is_of_sale else known.refunded.get(document.subject),
    )
    return BookedDocument(
        document.kind, document.amount, document.vat_amount, document.seller.get("vat_rate"), weights
    )


def bookings_of_movements(books: Books, rows: Sequence[BalanceTransaction]) -> list[Booking]:
    """Return what is to be booked of movements; of a shared account, of the tenant's own part only."""
    ids = {row.stripe_source_id for row in rows if row.stripe_source_id is not None}
    own = balance_transactions.find_sources(books.tenant_id, ids)
    payouts = [source for source in ids if source not in own] if books.accounts.is_account_shared else []
    parts = ledger_movements.sum_own_of_payouts(books.tenant_id, payouts)
    found = [_of_movement(books, row, own.get(row.stripe_source_id or ""), parts) for row in rows]
    return [booking for booking in found if booking is not None]


def _of_movement(
    books: Books, row: BalanceTransaction, own: Source | None, parts: dict[str, int]
) -> Booking | None:
    if row.currency != books.currency or row.stripe_created_at is None:
        return None
    source = None if own is None else own.event
    event = event_of_movement(source, type_=row.type or "", category=row.reporting_category)
    amount, fee = row.amount or 0, row.fee or 0
    tax = deductible_tax(row.type or "", amount=amount, fee_tax=row.fee_tax, has_vat=books.accounts.has_vat)
    if books.accounts.is_account_shared and own is None:
        if event is not LedgerEvent.PAYOUT:
            return None
        part = parts.get(row.stripe_source_id or "", 0)
        amount, fee, tax = (part if amount > 0 else -part), 0, 0
    return Booking(
        journal=Journal.STRIPE,
        event=event,
        source_id=row.stripe_balance_transaction_id,
        piece=row.stripe_source_id or row.stripe_balance_transaction_id,
        day=row.stripe_created_at.astimezone(books.zone).date(),
        order_number=None if own is None else own.order_number,
        amounts=book_movement(event, amount=amount, fee=fee, tax=tax),
    )


def bookings_of_payouts(books: Books, rows: Sequence[Payout]) -> list[Booking]:
    """Return what is to be booked of payouts in the bank account."""
    is_shared = books.accounts.is_account_shared
    parts = ledger_movements.sum_own_of_payouts(
        books.tenant_id, [row.stripe_payout_id for row in rows] if is_shared else []
    )
    return [
        Booking(
            journal=Journal.BANK,
            event=LedgerEvent.ARRIVAL,
            source_id=row.stripe_payout_id,
            piece=row.stripe_payout_id,
            day=arrival_day(row.arrival_at),
            order_number=None,
            amounts=book_arrival(row.status, parts.get(row.stripe_payout_id, 0) if is_shared else row.amount),
        )
        for row in rows
        if row.currency == books.currency
    ]
