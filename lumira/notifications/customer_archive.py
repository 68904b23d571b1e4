"""What is held of a buyer as one ZIP file, and letters that were kept as files."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path, PurePath
from shutil import copyfileobj
from tempfile import SpooledTemporaryFile
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from lumira.clients import mail
from lumira.documents import receipt_pdf
from lumira.errors import FileMissing, LumiraError
from lumira.models import Receipt
from lumira.notifications import delivery
from lumira.services.files.hand_out_file import pieces_of
from lumira.services.privacy.export_customer import CustomerExport, MissingItem

_OWNER_ONLY = 0o600
#: A file that is longer is put on disk while it is fetched, where no name leads to it.
_IN_MEMORY = 1024 * 1024
#: Of the 255 bytes that a name may have, what the file's id in front of it leaves, and some.
_LONGEST_NAME, _LONGEST_ENDING = 200, 20


def write_archive(path: Path, export: CustomerExport) -> tuple[MissingItem, ...]:
    """Write rows as JSON, receipts as PDF, files and letters as they are; what could not be had.

    A piece that is missing stops nothing: it stands among `missing` in `data.json`. Nobody but who runs this may
    read the file, and of one that cannot be written nothing is left. `FileExistsError`.
    """
    # Opened by a new name: nothing is written over, and nobody else can have put a link there.
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(opened, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            return _fill(archive, export)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _fill(archive: ZipFile, export: CustomerExport) -> tuple[MissingItem, ...]:
    missing = list(export.missing)
    for name, piece in _pieces(export):
        # Fetched whole before it is written, so that a piece that breaks off leaves no half of it.
        with SpooledTemporaryFile(_IN_MEMORY) as fetched:
            try:
                for part in piece():
                    fetched.write(part)
            except LumiraError as error:
                missing.append(MissingItem(name, error.code))
                continue
            fetched.seek(0)
            with archive.open(name, "w") as target:
                copyfileobj(fetched, target)
    data = export.rows | {"missing": [asdict(item) for item in missing]}
    # A text of Stripe's may hold half a character, which no encoding can write.
    archive.writestr("data.json", json.dumps(data, ensure_ascii=False, indent=2).encode("utf-8", "replace"))
    return tuple(missing)


def _pieces(export: CustomerExport) -> Iterator[tuple[str, Callable[[], Iterable[bytes]]]]:
    """The name of each file in the archive, and what gets its bytes."""
    for receipt in export.receipts:
        yield f"receipts/{receipt.label}.pdf", partial(_drawn, receipt, export.locale)
    for held in export.files:
        # Two may have the same name, and none of them decides where it is put.
        yield f"files/{held.id}-{_short(held.file_name)}", partial(pieces_of, held)
    for letter in _letters(export.message_ids, "eml"):
        yield f"letters/{letter.name}", partial(_read, letter)


def _drawn(receipt: Receipt, locale: str | None) -> list[bytes]:
    return [receipt_pdf.render(receipt, locale=locale)]


def _read(letter: Path) -> list[bytes]:
    try:
        return [letter.read_bytes()]
    except FileNotFoundError as error:
        raise FileMissing("The letter was removed just now.") from error


def _short(file_name: str) -> str:
    """The name as any system can store it, its ending kept: it is counted in bytes, and the id stands before it."""
    shown = (PurePath(file_name.replace("\\", "/")).name or "file").encode("utf-8", "replace")
    ending = PurePath(shown.decode()).suffix.encode()[-_LONGEST_ENDING:]
    whole = shown if len(shown) <= _LONGEST_NAME else shown[: _LONGEST_NAME - len(ending)] + ending
    # What was cut may have been in the middle of a letter.
    return whole.decode("utf-8", "ignore")


def remove_letters(message_ids: Iterable[UUID]) -> int:
    """Remove the letters of these messages that were kept as files; how many there were."""
    # With what is left of a letter whose writing was broken off.
    return sum(mail.remove(letter) for letter in _letters(message_ids, "*"))


def _letters(message_ids: Iterable[UUID], ending: str) -> list[Path]:
    folder = delivery.outbox_directory()
    return [path for each in message_ids for path in folder.glob(f"{each}.{ending}")]
