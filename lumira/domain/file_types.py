"""Which files are taken, decided by what they hold and not by what they say."""

import re
import unicodedata
from pathlib import PurePosixPath

import filetype  # type: ignore[import-untyped]

from lumira.errors import InvalidFile
from lumira.models import ContentKind

#: How much of a file tells its type.
HEAD = 8192
#: Characters of a name that is shown to people.
LONGEST_NAME = 120
_NO_NAME = "file"
#: Of each ending the type that buyers' browsers are told, and the types that its content may have. No SVG
#: and no HTML: they carry scripts, which would run in the name of whoever serves them.
_TAKEN: dict[str, tuple[str, frozenset[str]]] = {
    "pdf": ("application/pdf", frozenset({"application/pdf"})),
    "png": ("image/png", frozenset({"image/png"})),
    "jpg": ("image/jpeg", frozenset({"image/jpeg"})),
    "jpeg": ("image/jpeg", frozenset({"image/jpeg"})),
    "webp": ("image/webp", frozenset({"image/webp"})),
    "mp3": ("audio/mpeg", frozenset({"audio/mpeg"})),
    # Sound alone in the same container as films: many programs mark it as one.
    "m4a": ("audio/mp4", frozenset({"audio/mp4", "video/mp4"})),
    "wav": ("audio/wav", frozenset({"audio/x-wav"})),
    "ogg": ("audio/ogg", frozenset({"audio/ogg"})),
    "mp4": ("video/mp4", frozenset({"video/mp4", "video/x-m4v"})),
    "zip": ("application/zip", frozenset({"application/zip"})),
}
_PICTURE = ("image/", "application/pdf")
#: How the type of a content's file begins; a plain file may be anything that is taken.
_OF_KIND: dict[ContentKind, tuple[str, ...]] = {
    ContentKind.PDF: ("application/pdf",),
    ContentKind.AUDIO: ("audio/",),
    ContentKind.CARD: _PICTURE,
    ContentKind.MANDALA: _PICTURE,
}


def displayed_name(given: str) -> str:
    """The name as it may be shown: no path, no control or invisible character, not too long."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", given))[-1]
    # Control, format (such as marks that turn the reading direction), surrogate, private and unassigned.
    kept = "".join(letter for letter in last if not unicodedata.category(letter).startswith("C"))
    kept = re.sub(r"\s+", " ", kept).strip().lstrip(".").strip()
    stem, dot, ending = kept.rpartition(".")
    if not dot or not stem:
        return kept[:LONGEST_NAME] or _NO_NAME
    return f"{stem[: max(1, LONGEST_NAME - len(ending) - 1)].rstrip()}.{ending}"[:LONGEST_NAME]


def check_kind(kind: ContentKind, content_type: str) -> None:
    """`InvalidFile` for a file of this type where the catalog promises something else."""
    if not content_type.startswith(_OF_KIND.get(kind, "")):
        raise InvalidFile(f"The catalog calls it {kind}, and the file is {content_type}.")


def agreed_type(file_name: str, head: bytes) -> str:
    """The content type of a file that begins with `head`; `InvalidFile` if it is not what its name says."""
    ending = PurePosixPath(file_name).suffix.removeprefix(".").lower()
    taken = _TAKEN.get(ending)
    if taken is None:
        known = ", ".join(sorted(each.upper() for each in _TAKEN if each != "jpeg"))
        raise InvalidFile(f"Files of this kind are not taken; those that are: {known}.")
    if not head:
        raise InvalidFile("The file is empty.")
    content_type, may_hold = taken
    held = filetype.guess_mime(head)
    if held not in may_hold:
        raise InvalidFile(
            f"The file is not what its name says: .{ending}, and holds {held or 'something else'}."
        )
    return content_type
