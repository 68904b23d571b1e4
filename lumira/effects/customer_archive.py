"""What is held of a buyer as one ZIP file, and letters that were kept as files."""

import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePath
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from lumira.clients import mail
from lumira.documents import receipt_pdf
from lumira.effects import delivery
from lumira.services.export_customer import Holdings
from lumira.services.hand_out_file import pieces_of

_OWNER_ONLY = 0o600


def write_archive(path: Path, holdings: Holdings) -> None:
    """Write rows as JSON, receipts as PDF, files and letters as they are; whole or not at all.

    Nobody but who runs this may read it. `FileExistsError`, `StorageUnavailable`, `RenderingUnavailable`.
    """
    # Opened by a new name: nothing is written over, and nobody else can have put a link there.
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    try:
        with os.fdopen(opened, "wb") as file, ZipFile(file, "w", ZIP_DEFLATED) as archive:
            _fill(archive, holdings)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _fill(archive: ZipFile, holdings: Holdings) -> None:
    data = json.dumps(holdings.rows, ensure_ascii=False, indent=2)
    # A text of Stripe's may hold half a character, which no encoding can write.
    archive.writestr("data.json", data.encode("utf-8", "replace"))
    for receipt in holdings.receipts:
        pdf = receipt_pdf.render(receipt, locale=holdings.locale)
        archive.writestr(f"receipts/{receipt.label}.pdf", pdf)
    for held in holdings.files:
        # Two may have the same name, and none of them decides where it is put.
        shown = PurePath(held.file_name.replace("\\", "/")).name or "file"
        with archive.open(f"files/{held.id}-{shown}", "w") as target:
            for piece in pieces_of(held):
                target.write(piece)
    for letter in _letters(holdings.message_ids, "eml"):
        archive.write(letter, f"letters/{letter.name}")


def remove_letters(message_ids: Iterable[UUID]) -> int:
    """Remove the letters of these messages that were kept as files; how many there were."""
    # With what is left of a letter whose writing was broken off.
    return sum(mail.remove(letter) for letter in _letters(message_ids, "*"))


def _letters(message_ids: Iterable[UUID], ending: str) -> list[Path]:
    folder = delivery.outbox_directory()
    return [path for each in message_ids for path in folder.glob(f"{each}.{ending}")]
