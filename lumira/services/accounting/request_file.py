"""Use cases: request a file for the accountant that a worker prepares, list them, and open one."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.clients import storage
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.errors.orders import ReceiptNotFound
from lumira.models import AccountingFile, AccountingFileKind, Language
from lumira.repositories.accounting import accounting_files, ledger_documents
from lumira.services.accounting.audit_export import audit_export
from lumira.services.accounting.period import Period, books_of, check_period, require_posted


def request_file(tenant_id: int, name: str, period: Period, language: Language, *, actor: str) -> bool:
    """Request a file of the kind `name`; `False` if the same one is being prepared. The audit log names who did.

    Raises `NotFound` for an unknown kind, and `InvalidRequest` and `ReceiptNotFound` as preparing it would.
    """
    kind = _kind_of(name)
    check_period(period)
    with atomic(tenant_id):
        books = books_of(tenant_id)
        if kind is AccountingFileKind.FEC:
            books.accounts.require_siren()
            require_posted(books, period)
        elif not ledger_documents.count(
            tenant_id,
            livemode=books.livemode,
            since=period.since(books.zone),
            until=period.until(books.zone),
        ):
            raise ReceiptNotFound("There is no receipt and no credit note in this period.")
        is_new = accounting_files.request(
            tenant_id,
            kind,
            period.first,
            period.last,
            language=str(language),
            actor=actor,
            object_name=storage.new_name(tenant_id),
        )
        if is_new:
            audit_export(tenant_id, str(kind), period, actor=actor)
        return is_new


def _kind_of(name: str) -> AccountingFileKind:
    try:
        return AccountingFileKind(name)
    except ValueError as error:
        raise NotFound("There is no such file for the accountant.") from error


def list_files(tenant_id: int) -> Sequence[AccountingFile]:
    """Return the newest files, also those that are being prepared and that failed."""
    with atomic(tenant_id):
        return accounting_files.list_newest(tenant_id)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that is read from the storage; `size` in bytes, `sha256` in hexadecimal."""

    object_name: str
    size: int
    sha256: str
    content_type: str
    #: The `Content-Disposition` header with the file's name.
    disposition: str

    def read(self, start: int, end: int) -> Iterator[bytes]:
        """Read the bytes from `start` to `end`, both included. Raises `FileMissing` or `StorageUnavailable`."""
        return storage.read(self.object_name, start=start, end=end)


#: By kind; the FEC is a text in the encoding that its article names.
CONTENT_TYPES = {
    AccountingFileKind.FEC: "text/plain; charset=iso-8859-15",
    AccountingFileKind.DOCUMENTS: "application/zip",
}


def open_file(tenant_id: int, file_id: UUID) -> OpenedFile:
    """Return a prepared file; raises `FileMissing`."""
    with atomic(tenant_id):
        file = accounting_files.get_ready(tenant_id, file_id)
    return OpenedFile(
        file.object_name,
        file.size or 0,
        file.sha256 or "",
        CONTENT_TYPES[file.kind],
        storage.disposition(file.file_name or str(file.id)),
    )
