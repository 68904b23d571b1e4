"""Use case: the entries of a period as FEC."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain import fec
from lumira.models import LedgerEntry
from lumira.repositories.accounting import ledger
from lumira.services.accounting.audit_export import audit_export
from lumira.services.accounting.period import Books, Period, books_of, check_period, require_posted
from lumira.services.accounting.post_entries import post_entries

#: Entries that one transaction reads.
_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Fec:
    """The file: its prescribed name, and its content in parts."""

    name: str
    content: Iterator[bytes]


def export_fec(
    tenant_id: int, period: Period, *, actor: str, on_progress: Callable[[int], None] = lambda _rows: None
) -> Fec:
    """Book the period and return its FEC; the same period always has the same bytes, unless accounts are changed.

    Raises `InvalidRequest` if the period is not complete yet, the seller's SIREN is unknown, or the tenant does not
    sell in euros. The audit log names who exported what.
    """
    check_period(period)
    with atomic(tenant_id):
        known = books_of(tenant_id)
        known.accounts.require_siren()
        require_posted(known, period)
        audit_export(tenant_id, "fec", period, actor=actor)
    return write_fec(tenant_id, period, on_progress=on_progress)


def write_fec(
    tenant_id: int, period: Period, *, on_progress: Callable[[int], None] = lambda _rows: None
) -> Fec:
    """Do what `export_fec` does, of an export that is in the audit log."""
    books = post_entries(tenant_id, period, on_progress=on_progress)
    name = fec.file_name(books.accounts.require_siren(), period.last, livemode=books.livemode)
    return Fec(name, _content(books, period))


def _content(books: Books, period: Period) -> Iterator[bytes]:
    yield fec.heading().encode(fec.ENCODING)
    for page in read_entries(books, period):
        lines = (line for entry in page for line in fec.lines_of(entry, books.accounts, books.zone))
        yield "".join(lines).encode(fec.ENCODING)


def read_entries(books: Books, period: Period) -> Iterator[list[LedgerEntry]]:
    """Yield pages of the entries of a period by day, journal and number."""
    after: ledger.Place | None = None
    while True:
        with atomic(books.tenant_id):
            page = ledger.list_page(
                books.tenant_id,
                livemode=books.livemode,
                first=period.first,
                last=period.last,
                after=after,
                limit=_PAGE,
            )
        if page:
            yield list(page)
        if len(page) < _PAGE:
            return
        after = page[-1].entry_date, str(page[-1].journal), page[-1].number
