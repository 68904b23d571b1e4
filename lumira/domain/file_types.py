"""Which files are accepted, decided by their content and not only by their names."""

import re
import unicodedata
from pathlib import PurePosixPath

import filetype  # type: ignore[import-untyped]

from lumira.card_numbers import hide_card_numbers
from lumira.errors.files import InvalidFile
from lumira.models import ContentKind

#: Bytes at the beginning of a file that determine its type.
HEAD_BYTES = 8192
#: The most characters of a displayed file name.
MAX_NAME_LENGTH = 120
_NO_NAME = "file"
#: For each extension the content type that is sent to browsers, and the types that its content may have. SVG and
#: HTML are refused: they may hold scripts, which would run with the rights of the tenant's own pages.
_ACCEPTED: dict[str, tuple[str, frozenset[str]]] = {
    "pdf": ("application/pdf", frozenset({"application/pdf"})),
    "png": ("image/png", frozenset({"image/png"})),
    "jpg": ("image/jpeg", frozenset({"image/jpeg"})),
    "jpeg": ("image/jpeg", frozenset({"image/jpeg"})),
    "webp": ("image/webp", frozenset({"image/webp"})),
    "mp3": ("audio/mpeg", frozenset({"audio/mpeg"})),
    # Audio in the container of videos: many programs mark it as a video.
    "m4a": ("audio/mp4", frozenset({"audio/mp4", "video/mp4"})),
    "wav": ("audio/wav", frozenset({"audio/x-wav"})),
    "ogg": ("audio/ogg", frozenset({"audio/ogg"})),
    "mp4": ("video/mp4", frozenset({"video/mp4", "video/x-m4v"})),
    "zip": ("application/zip", frozenset({"application/zip"})),
}
_IMAGE = ("image/", "application/pdf")
#: How the content type of a content's file begins; a plain file may have any accepted type.
_TYPES_BY_KIND: dict[ContentKind, tuple[str, ...]] = {
    ContentKind.PDF: ("application/pdf",),
    ContentKind.AUDIO: ("audio/",),
    ContentKind.CARD: _IMAGE,
    ContentKind.MANDALA: _IMAGE,
}


def displayed_name(file_name: str) -> str:
    """Return a name that is safe to display: no path, card number, control or invisible characters, not too long."""
    last = hide_card_numbers(re.split(r"[/\\]", unicodedata.normalize("NFC", file_name))[-1])
    # Control, format (such as marks that change the reading direction), surrogate, private and unassigned characters.
    visible = "".join(character for character in last if not unicodedata.category(character).startswith("C"))
    name = re.sub(r"\s+", " ", visible).strip().lstrip(".").strip()
    stem, dot, extension = name.rpartition(".")
    if not dot or not stem:
        return name[:MAX_NAME_LENGTH] or _NO_NAME
    return f"{stem[: max(1, MAX_NAME_LENGTH - len(extension) - 1)].rstrip()}.{extension}"[:MAX_NAME_LENGTH]


def check_kind(kind: ContentKind, content_type: str) -> None:
    """Raise `InvalidFile` if a content of this kind cannot have a file of this type."""
    if not content_type.startswith(_TYPES_BY_KIND.get(kind, "")):
        raise InvalidFile(f"The content has the kind {kind} in the catalog, and the file is {content_type}.")


def content_type_of(file_name: str, head: bytes) -> str:
    """Return the content type of a file that begins with `head`.

    Raises `InvalidFile` if the extension is not accepted, the file is empty or its content has another type.
    """
    extension = PurePosixPath(file_name).suffix.removeprefix(".").lower()
    accepted = _ACCEPTED.get(extension)
    if accepted is None:
        extensions = ", ".join(sorted(name.upper() for name in _ACCEPTED if name != "jpeg"))
        raise InvalidFile(f"Files of this type are not accepted. Accepted types: {extensions}.")
    if not head:
        raise InvalidFile("The file is empty.")
    content_type, possible_types = accepted
    detected = filetype.guess_mime(head)
    if detected not in possible_types:
        raise InvalidFile(
            f"The file's extension is .{extension}, but its content is {detected or 'of an unknown type'}."
        )
    return content_type
