"""Use case: all receipts and credit notes of a period as one ZIP file of PDFs, with a list of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo
from zoneinfo import ZoneInfo

from lumira.database import atomic
from lumira.domain.csv_cells import BYTE_ORDER_MARK, amount_cell, lines
from lumira.domain.csv_headings import KINDS
from lumira.errors.files import RenderingBusy, RenderingUnavailable
from lumira.errors.orders import ReceiptNotFound
from lumira.models import Language, Receipt
from lumira.services.accounting import sources
from lumira.services.accounting.audit_export import audit_export
from lumira.services.accounting.period import Period, books_of, check_period

Render = Callable[[Receipt], bytes]

#: How often a document is tried while other documents are being rendered; each try waits some seconds.
_TRIES = 20
_INDEX = {Language.FRENCH: "liste.csv", Language.ENGLISH: "list.csv"}
_HEADINGS = {
    Language.FRENCH: ("Numéro", "Date", "Type", "Commande", "Montant TTC", "TVA", "Devise", "Fichier", "Anomalie"),
    Language.ENGLISH: ("Number", "Date", "Kind", "Order", "Amount with VAT", "VAT", "Currency", "File", "Problem"),
}  # fmt: skip
_MISSING = {
    Language.FRENCH: "Le PDF n'a pas pu être produit : {}",
    Language.ENGLISH: "The PDF could not be rendered: {}",
}


@dataclass(frozen=True, slots=True)
class Written:
    """How many documents a ZIP file has, and the numbers of those whose PDF is missing."""

    documents: int
    missing: tuple[str, ...]


def write_documents(
    file: IO[bytes],
    tenant_id: int,
    period: Period,
    language: Language,
    *,
    actor: str,
    render: Render,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> Written:
    """Write the documents that are dated on these days; a PDF that cannot be rendered is named in the list.

    The same period has the same bytes, as long as no buyer is erased. Raises `InvalidRequest`, and `ReceiptNotFound` if
    there is no document. The audit log names who exported what.
    """
    check_period(period)
    with atomic(tenant_id):
        audit_export(tenant_id, "documents", period, actor=actor)
    return add_documents(file, tenant_id, period, language, render=render, on_progress=on_progress)


def add_documents(
    file: IO[bytes],
    tenant_id: int,
    period: Period,
    language: Language,
    *,
    render: Render,
    on_progress: Callable[[int], None] = lambda _rows: None,
) -> Written:
    """Do what `write_documents` does, of an export that is in the audit log."""
    with atomic(tenant_id):
        books = books_of(tenant_id)
    documents = sources.read_documents(books, period.since(books.zone), period.until(books.zone))
    first = next(documents, None)
    if first is None:
        raise ReceiptNotFound("There is no receipt and no credit note in this period.")
    counted, missing = 0, []
    # On disk, because a shop may have more lines than should be held in memory.
    with ZipFile(file, "w") as archive, TemporaryFile() as index:
        index.write((BYTE_ORDER_MARK + lines([_HEADINGS[language]], language)).encode())
        for document in _with_first(first, documents):
            problem = _add(archive, document, render)
            index.write(lines([_row(document, problem, language)], language).encode())
            missing += [document.label] if problem else []
            counted += 1
            on_progress(1)
        index.seek(0)
        entry = ZipInfo(_INDEX[language], (period.last.year, period.last.month, period.last.day, 0, 0, 0))
        entry.compress_type = ZIP_DEFLATED
        with archive.open(entry, "w") as target:
            copyfileobj(index, target)
    return Written(counted, tuple(missing))


def _with_first(first: Receipt, others: Iterator[Receipt]) -> Iterator[Receipt]:
    yield first
    yield from others


def _add(archive: ZipFile, document: Receipt, render: Render) -> str | None:
    """Add the PDF of a document; returns what went wrong if there is none."""
    try:
        content = _rendered(document, render)
    except RenderingUnavailable as error:
        return error.message
    local = document.issued_at.astimezone(ZoneInfo(document.time_zone))
    entry = ZipInfo(document.file_name, local.timetuple()[:6])
    # A PDF is compressed already.
    entry.compress_type = ZIP_STORED
    archive.writestr(entry, content)
    return None


def _rendered(document: Receipt, render: Render) -> bytes:
    for _ in range(_TRIES):
        try:
            return render(document)
        except RenderingBusy:
            continue
    return render(document)


def _row(document: Receipt, problem: str | None, language: Language) -> tuple[str, ...]:
    issued_at: datetime = document.issued_at.astimezone(ZoneInfo(document.time_zone))
    return (
        document.label,
        issued_at.date().isoformat(),
        KINDS[language][document.kind],
        document.order_number,
        amount_cell(document.signed_amount, document.currency, language),
        amount_cell(document.signed_vat, document.currency, language),
        document.currency.upper(),
        "" if problem else document.file_name,
        _MISSING[language].format(problem) if problem else "",
    )
