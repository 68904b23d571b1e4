"""An archive is read as it was written, or not at all."""

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest

from lumira.errors.moving import MoveRefused, UnusableArchive
from lumira.repositories.tenants.copy_lines import line_of, values_of
from lumira.services.moving import archive_stream
from lumira.services.moving.archive import FILE, TABLE, ArchiveReader, ArchiveWriter, Member
from lumira.services.moving.archive_stream import LARGEST, StreamWriter

PASSPHRASE = "correct horse battery"
ROWS = [line_of([b"1", None, "é\n\\".encode()]), line_of([b"2", b"", b"{}"])]
CONTENT = b"%PDF" + b"x" * 2_000_000


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys at once: the tests are not about how long a guess takes."""
    monkeypatch.setattr(archive_stream, "_SCRYPT_N", 2)


def written(rows: list[bytes] = ROWS) -> bytes:
    file = BytesIO()
    writer = ArchiveWriter(file, PASSPHRASE, {"slug": "boutique"})
    writer.write_file(Member(FILE, "t1/a"), [CONTENT[:10], CONTENT[10:LARGEST], CONTENT[LARGEST:]])
    writer.write_rows(Member(TABLE, "orders", {"columns": ["id"]}), rows)
    writer.end({"files": 1})
    return file.getvalue()


def read(archive: bytes, passphrase: str = PASSPHRASE) -> list[object]:
    reader = ArchiveReader(BytesIO(archive), passphrase)
    found: list[object] = [reader.head]
    for member in reader.members():
        found.append(member)
        found.append(b"".join(reader.chunks()) if member.kind == FILE else list(reader.lines()))
    return [*found, reader.totals]


def test_an_archive_is_read_as_it_was_written() -> None:
    assert read(written()) == [
        {"slug": "boutique"},
        Member(FILE, "t1/a"),
        CONTENT,
        Member(TABLE, "orders", {"columns": ["id"]}),
        ROWS,
        {"files": 1},
    ]


def test_a_row_may_be_larger_than_a_record() -> None:
    large = [b"x" * (3 * LARGEST), b"y"]
    assert large in read(written(large))


def test_no_text_of_the_shop_is_readable_in_an_archive() -> None:
    archive = written([b"buyer@example.com"])
    assert b"buyer" not in archive
    assert b"boutique" not in archive


def _changed(archive: bytes) -> Iterator[bytes]:
    for position in (len(b"LUMIRA-TENANT-2\n") + 1, 40, len(archive) // 2, len(archive) - 1):
        yield archive[:position] + bytes([archive[position] ^ 1]) + archive[position + 1 :]


def test_a_changed_byte_is_noticed_wherever_it_is() -> None:
    for archive in _changed(written()):
        with pytest.raises(UnusableArchive, match=r"changed|passphrase"):
            read(archive)


def test_a_truncated_archive_is_noticed_also_between_two_frames() -> None:
    archive = written()
    file, lengths = BytesIO(archive), []
    file.read(len(b"LUMIRA-TENANT-2\n") + 16)
    while size := file.read(4):
        lengths.append(file.tell() - 4)
        file.read(int.from_bytes(size))
    for end in (*lengths[1:], len(archive) - 1, 20, 5):
        with pytest.raises(UnusableArchive):
            read(archive[:end])


def test_frames_cannot_be_exchanged_or_added() -> None:
    archive = written()
    start = len(b"LUMIRA-TENANT-2\n") + 16
    first = 4 + int.from_bytes(archive[start : start + 4])
    second_at = start + first
    second = 4 + int.from_bytes(archive[second_at : second_at + 4])
    exchanged = (
        archive[:start]
        + archive[second_at : second_at + second]
        + archive[start:second_at]
        + archive[second_at + second :]
    )
    for changed in (exchanged, archive + archive[start:second_at]):
        with pytest.raises(UnusableArchive):
            read(changed)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no archive"),
        (b"PK\x03\x04 a zip file", "no archive"),
        (b"LUMIRA-TENANT-1\n" + b"x" * 100, "another version"),
        (b"LUMIRA-TENANT-2\n" + b"s" * 16 + b"\xff\xff\xff\xff", "too large"),
    ],
)
def test_a_file_of_another_kind_is_refused_with_what_it_is(content: bytes, sentence: str) -> None:
    with pytest.raises(UnusableArchive, match=sentence):
        read(content)


def test_another_passphrase_is_refused() -> None:
    with pytest.raises(UnusableArchive, match="passphrase"):
        read(written(), "another passphrase")


def test_a_passphrase_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(MoveRefused, match="16 characters"):
        StreamWriter(BytesIO(), "short")


def _ends(write: Callable[[StreamWriter], None]) -> bytes:
    file = BytesIO()
    stream = StreamWriter(file, PASSPHRASE)
    write(stream)
    return file.getvalue()


def test_records_in_another_order_than_an_export_writes_are_refused() -> None:
    head = (b"H", b"{}")
    for records in (
        [(b"T", b"{}")],
        [head, (b"D", b"x"), (b"T", b"{}")],
        [head, (b"B", b'{"kind": "file", "name": "t1/a", "values": {}}'), (b"T", b"{}")],
        [head, (b"T", b"not json")],
    ):

        def write(stream: StreamWriter, records: list[tuple[bytes, bytes]] = records) -> None:
            for number, (kind, content) in enumerate(records):
                stream.write(kind, content, is_last=number == len(records) - 1)

        with pytest.raises(UnusableArchive):
            read(_ends(write))


def test_a_line_has_every_text_and_no_line_feed() -> None:
    values = [None, b"", rb"\N", "é\t\n\r\b\f\v\\".encode(), rb'{"a": "\n\\"}', rb"\x0a09", b"\0x", rb"\q"]
    line = line_of(values)
    assert b"\n" not in line
    assert values_of(line) == values
    assert values_of(line_of([b"plain", b""])) == [b"plain", b""]
