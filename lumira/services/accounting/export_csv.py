"""Use case: sales, movements of the balance at Stripe, payouts and daily totals of a period as CSV."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby, islice
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.bookings import event_of_movement
from lumira.domain.csv_cells import BYTE_ORDER_MARK, amount_cell, harmless, lines
from lumira.domain.csv_headings import HEADINGS, KINDS, CsvFile
from lumira.domain.days import arrival_day
from lumira.domain.payouts import Source
from lumira.domain.receipt_totals import Total, add
from lumira.models import BalanceTransaction, Language, LedgerEvent, Payout, Receipt, ReceiptKind
from lumira.repositories.accounting import balance_transactions, ledger_documents
from lumira.services.accounting import sources
from lumira.services.accounting.audit_export import audit_export
from lumira.services.accounting.period import Books, Period, books_of, check_period

_Row = tuple[str, ...]


def export_csv(
    tenant_id: int, what: CsvFile, period: Period, language: Language, *, actor: str
) -> Iterator[tuple[str, int]]:
    """Yield the CSV in parts, each with the number of its rows: what happened on these days, both included.

    Amounts are in major units of their currency, negative for a credit note. Of a period that has not ended it is what
    is known now. Raises `InvalidRequest`. The audit log names who exported what.
    """
    check_period(period)
    with atomic(tenant_id):
        books = books_of(tenant_id)
        audit_export(tenant_id, str(what), period, actor=actor)
    return _parts(books, what, period, language)


def _parts(books: Books, what: CsvFile, period: Period, language: Language) -> Iterator[tuple[str, int]]:
    yield BYTE_ORDER_MARK + lines([HEADINGS[what, language]], language), 0
    rows = _ROWS[what](books, period, language)
    while page := list(islice(rows, sources.PAGE)):
        yield lines(page, language), len(page)


def _sales(books: Books, period: Period, language: Language) -> Iterator[_Row]:
    documents = sources.read_documents(books, period.since(books.zone), period.until(books.zone))
    while page := list(islice(documents, sources.PAGE)):
        with atomic(books.tenant_id):
            countries = ledger_documents.find_countries(
                books.tenant_id, {document.order_id for document in page}
            )
        for document in page:
            yield _sale(document, countries, language)


def _sale(document: Receipt, countries: dict[UUID, str], language: Language) -> _Row:
    amounts = document.signed_amount, document.signed_amount - document.signed_vat, document.signed_vat
    return (
        _day(document).isoformat(),
        document.label,
        KINDS[language][document.kind],
        document.order_number,
        *(amount_cell(amount, document.currency, language) for amount in amounts),
        _rate(document.seller.get("vat_rate"), language),
        document.currency.upper(),
        countries.get(document.order_id, ""),
        document.corrects_label or "",
        harmless(document.subject),
    )


def _day(document: Receipt) -> date:
    return document.issued_at.astimezone(ZoneInfo(document.time_zone)).date()


def _rate(rate: str | None, language: Language) -> str:
    text = rate or ""
    return text.replace(".", ",") if language is Language.FRENCH else text


def _movements(books: Books, period: Period, language: Language) -> Iterator[_Row]:
    for page in sources.read_movements(books, period.since(books.zone), period.until(books.zone)):
        ids = {row.stripe_source_id for row in page if row.stripe_source_id is not None}
        with atomic(books.tenant_id):
            own = balance_transactions.find_sources(books.tenant_id, ids)
        for row in page:
            of = own.get(row.stripe_source_id or "")
            if not books.accounts.is_account_shared or of is not None or _is_payout(row):
                yield _movement(books, row, of, language)


def _is_payout(row: BalanceTransaction) -> bool:
    event = event_of_movement(None, type_=row.type or "", category=row.reporting_category)
    return event is LedgerEvent.PAYOUT


def _movement(books: Books, row: BalanceTransaction, own: Source | None, language: Language) -> _Row:
    currency = row.currency or ""
    at = row.stripe_created_at
    return (
        "" if at is None else f"{at.astimezone(books.zone):%Y-%m-%d %H:%M:%S}",
        harmless(row.reporting_category or row.type or ""),
        "" if own is None else own.order_number,
        harmless(row.stripe_source_id or ""),
        harmless(row.stripe_balance_transaction_id),
        *(amount_cell(value, currency, language) for value in (row.amount, row.fee, row.fee_tax, row.net)),
        currency.upper(),
        row.stripe_payout_id or "",
    )


def _payouts(books: Books, period: Period, language: Language) -> Iterator[_Row]:
    for page in sources.read_payouts(books, period.since(books.zone), period.until(books.zone)):
        for payout in page:
            yield _payout(payout, language)


def _payout(payout: Payout, language: Language) -> _Row:
    return (
        arrival_day(payout.arrival_at).isoformat(),
        harmless(payout.stripe_payout_id),
        amount_cell(payout.amount, payout.currency, language),
        payout.currency.upper(),
        str(payout.status),
        "" if payout.mismatches is None else str(len(payout.mismatches)),
    )


def _totals(books: Books, period: Period, language: Language) -> Iterator[_Row]:
    documents = sources.read_documents(books, period.since(books.zone), period.until(books.zone))
    for day, of_day in groupby(documents, key=_day):
        for total in add(map(_total, of_day)):
            yield _total_row(day, total, language)


def _total(document: Receipt) -> Total:
    rate, figures = document.seller.get("vat_rate"), (1, document.amount, document.vat_amount or 0)
    if document.kind is ReceiptKind.CREDIT_NOTE:
        return Total(document.currency, rate, 0, 0, 0, *figures)
    return Total(document.currency, rate, *figures)


def _total_row(day: date, total: Total, language: Language) -> _Row:
    def cells(amounts: Iterable[int]) -> Sequence[str]:
        return [amount_cell(amount, total.currency, language) for amount in amounts]

    return (
        day.isoformat(),
        total.currency.upper(),
        _rate(total.vat_rate, language),
        str(total.receipts),
        *cells((total.receipts_amount, total.receipts_vat)),
        str(total.credit_notes),
        *cells((total.credit_notes_amount, total.credit_notes_vat)),
        *cells((total.amount, total.amount - total.vat, total.vat)),
    )


_ROWS: dict[CsvFile, Callable[[Books, Period, Language], Iterator[_Row]]] = {
    CsvFile.SALES: _sales,
    CsvFile.MOVEMENTS: _movements,
    CsvFile.PAYOUTS: _payouts,
    CsvFile.TOTALS: _totals,
}
