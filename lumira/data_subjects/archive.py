"""A customer's personal data as one ZIP file, and the removal of e-mails that are stored as files."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePath
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile, TemporaryFile
from threading import Lock
from typing import IO
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from lumira.clients import mail, storage
from lumira.documents import receipt_pdf
from lumira.errors import LumiraError, RateLimited
from lumira.errors.files import FileMissing
from lumira.models import Receipt
from lumira.notifications import delivery
from lumira.services.privacy.export_customer import CustomerExport, MissingItem

_OWNER_ONLY = 0o600
#: Bytes of a file that are fetched to memory; the rest goes to an unnamed temporary file.
_IN_MEMORY = 1024 * 1024
#: Bytes. File systems allow 255 for a name; the file's id and a hyphen stand before it.
_MAX_NAME, _MAX_SUFFIX = 200, 20
#: Storage may be slow: at most one thread of a web process waits for it here.
_one_archive = Lock()
#: Seconds.
_RETRY_AFTER = 60


def write_archive(path: Path, export: CustomerExport) -> tuple[MissingItem, ...]:
    """Write rows as JSON, receipts as PDF, files and e-mails as they are; return the items that were unavailable.

    A missing item does not stop the export: it is listed under `missing` in `data.json`. Only the user who runs
    the command can read the file. If writing fails, no file is left. Raises `FileExistsError`.
    """
    # O_EXCL: nothing is overwritten, and no symbolic link that was put there is followed.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            return _fill(file, export)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def open_archive(export: CustomerExport) -> IO[bytes]:
    """Return the archive as an unnamed temporary file, to be read from its start and closed.

    It fetches files and renders receipts: a process makes one at a time, and others are refused. Raises `RateLimited`.
    """
    if not _one_archive.acquire(blocking=False):
        raise RateLimited(_RETRY_AFTER, "Another export is being made: try again in a minute.")
    try:
        file = TemporaryFile()  # noqa: SIM115 - the caller closes it
        try:
            _fill(file, export)
        except BaseException:
            file.close()
            raise
    finally:
        _one_archive.release()
    file.seek(0)
    return file


def _fill(file: IO[bytes], export: CustomerExport) -> tuple[MissingItem, ...]:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        return _add_entries(archive, export)


def _add_entries(archive: ZipFile, export: CustomerExport) -> tuple[MissingItem, ...]:
    missing = list(export.missing)
    for name, read in _entries(export):
        # Fetched completely before it is written, so that a broken download leaves no partial entry.
        with SpooledTemporaryFile(_IN_MEMORY) as fetched:
            try:
                for chunk in read():
                    fetched.write(chunk)
            except LumiraError as error:
                missing.append(MissingItem(name, error.code))
                continue
            fetched.seek(0)
            with archive.open(name, "w") as entry:
                copyfileobj(fetched, entry)
    data = export.rows | {"missing": [asdict(item) for item in missing]}
    # A string from Stripe may contain a lone surrogate, which UTF-8 cannot encode.
    archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2).encode("utf-8", "replace"))
    return tuple(missing)


def _entries(export: CustomerExport) -> Iterator[tuple[str, Callable[[], Iterable[bytes]]]]:
    """Yield the name of each file in the archive and the function that reads it."""
    for receipt in export.receipts:
        yield f"receipts/{receipt.label}.pdf", partial(_render, receipt, export.locale)
    for file in export.files:
        # The id makes the name unique; directories in the file's own name are dropped.
        yield f"files/{file.id}-{_shorten(file.file_name)}", partial(storage.read, file.object_name)
    for path in _email_paths(export.message_ids, "eml"):
        yield f"emails/{path.name}", partial(_read, path)


def _render(receipt: Receipt, locale: str | None) -> list[bytes]:
    return [receipt_pdf.render(receipt, locale=locale)]


def _read(path: Path) -> list[bytes]:
    try:
        return [path.read_bytes()]
    except FileNotFoundError as error:
        raise FileMissing("The e-mail was removed during the export.") from error


def _shorten(file_name: str) -> str:
    """Return the name within the byte limit of file systems, with its suffix and without directories."""
    name = (PurePath(file_name.replace("\\", "/")).name or "file").encode("utf-8", "replace")
    suffix = PurePath(name.decode()).suffix.encode()[-_MAX_SUFFIX:]
    shortened = name if len(name) <= _MAX_NAME else name[: _MAX_NAME - len(suffix)] + suffix
    # The cut may have split a multi-byte character.
    return shortened.decode("utf-8", "ignore")


def remove_emails(message_ids: Iterable[UUID]) -> int:
    """Remove the stored e-mails of these messages; return how many there were."""
    # Every suffix: an interrupted write leaves a `.part` file.
    return sum(mail.remove_message(path) for path in _email_paths(message_ids, "*"))


def _email_paths(message_ids: Iterable[UUID], suffix: str) -> list[Path]:
    folder = delivery.outbox_directory()
    return [path for message_id in message_ids for path in folder.glob(f"{message_id}.{suffix}")]
