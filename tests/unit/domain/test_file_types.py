"""A file is what it holds: names are shown and believed in nothing."""

import io
import zipfile

import pytest

from lumira.domain.file_types import MAX_NAME_LENGTH, content_type_of, displayed_name
from lumira.errors.files import InvalidFile

HEADS = {
    "pdf": b"%PDF-1.7\n",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpg": b"\xff\xd8\xff\xe0",
    "jpeg": b"\xff\xd8\xff\xe1",
    "webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "mp3": b"ID3\x03\x00",
    "m4a": b"\0\0\0\x18ftypM4A \0\0\0\0M4A mp42isom",
    "wav": b"RIFF\x24\0\0\0WAVEfmt ",
    "ogg": b"OggS\0",
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom",
    "zip": b"PK\x03\x04",
}
TYPES = {
    "pdf": "application/pdf",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "mp4": "video/mp4",
    "zip": "application/zip",
}


def head(ending: str) -> bytes:
    return HEADS[ending] + b"\0" * 600


@pytest.mark.parametrize("ending", HEADS)
def test_a_file_whose_content_matches_its_extension_is_accepted(ending) -> None:
    assert content_type_of(f"x.{ending.upper()}", head(ending)) == TYPES[ending]


@pytest.mark.parametrize("held", HEADS)
@pytest.mark.parametrize("ending", HEADS)
def test_a_file_whose_content_has_another_type_is_refused(ending, held) -> None:
    # Sound alone and films share a container, and a photograph has two endings.
    if TYPES[ending] == TYPES[held] or {ending, held} == {"m4a", "mp4"}:
        return
    with pytest.raises(InvalidFile, match="but its content is"):
        content_type_of(f"x.{ending}", head(held))


@pytest.mark.parametrize(
    "content", [b"<html><script>", b"MZ" + b"\0" * 99, b"#!/bin/sh\n", b"<svg>", b"hello"]
)
@pytest.mark.parametrize("ending", ["pdf", "png", "mp3"])
def test_a_page_or_program_with_a_harmless_extension_is_refused(ending, content) -> None:
    with pytest.raises(InvalidFile) as refused:
        content_type_of(f"x.{ending}", content)
    assert refused.value.code == "INVALID_FILE"


@pytest.mark.parametrize(
    "name", ["x.svg", "x.html", "x.exe", "x.pdf.exe", "x.php", "x", "pdf", ".pdf", "x.pdf "]
)
def test_other_extensions_are_refused_whatever_the_content(name) -> None:
    with pytest.raises(InvalidFile, match="Accepted types: JPG, M4A, MP3"):
        content_type_of(name, head("pdf"))


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(InvalidFile, match="empty"):
        content_type_of("x.pdf", b"")


def test_an_office_document_is_not_an_archive() -> None:
    document = io.BytesIO()
    with zipfile.ZipFile(document, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(InvalidFile):
        content_type_of("x.pdf", document.getvalue())


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("lecture.pdf", "lecture.pdf"),
        ("Lecture d'été.pdf", "Lecture d'été.pdf"),
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("..\\..\\boot.pdf", "boot.pdf"),
        ("/etc/passwd", "passwd"),
        ("C:\\Users\\moi\\a.pdf", "a.pdf"),
        ("a\x00b.pdf", "ab.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe"),
        ("...pdf", "pdf"),
        (".htaccess", "htaccess"),
        ("  a   b .pdf", "a b.pdf"),
        ("e\u0301te\u0301.pdf", "été.pdf"),
        ("..", "file"),
        ("", "file"),
        ("\u200b", "file"),
    ],
)
def test_a_displayed_name_has_no_harmful_characters(given, shown) -> None:
    assert displayed_name(given) == shown


@pytest.mark.parametrize("given", ["a" * 300 + ".pdf", "a." + "b" * 300, "é" * 5000, "." * 5000 + "a"])
def test_a_displayed_name_has_a_maximum_length(given) -> None:
    assert 0 < len(displayed_name(given)) <= MAX_NAME_LENGTH


def test_a_long_name_keeps_its_extension() -> None:
    assert displayed_name("a" * 300 + ".pdf").endswith("a.pdf")
