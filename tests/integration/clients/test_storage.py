"""Files are stored completely or not at all, in a folder and in a bucket."""

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from lumira.clients import storage
from lumira.clients.storage import Bucket
from lumira.database import InsideTransaction, atomic
from lumira.errors.files import FileMissing, FileTooLarge, StorageUnavailable
from tests.support.files import PDF
from tests.support.storage import bucket_at, client_of, kept_in, new_bucket, s3_server

#: Larger than two parts: it is uploaded to a bucket as a multipart upload.
LONG = bytes(range(256)) * (11 * 4096)


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path, s3: str) -> Iterator[Path | Bucket]:
    """Both storage backends: every test runs with each."""
    where = tmp_path / "files" if request.param == "folder" else new_bucket(s3)
    with kept_in(where, max_bytes=len(LONG)):
        yield where


def put(content: bytes = PDF, name: str | None = None) -> str:
    name = name or storage.new_name(7)
    storage.put(name, io.BytesIO(content), content_type="application/pdf")
    return name


def names_in(place: Path | Bucket) -> list[str]:
    if isinstance(place, Path):
        return sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
    listed = client_of(place).list_objects_v2(Bucket=place.name)  # type: ignore[attr-defined]
    return [each["Key"] for each in listed.get("Contents", [])]


@pytest.mark.parametrize("content", [b"x", PDF, LONG], ids=["one byte", "short", "in parts"])
def test_a_stored_file_is_read_back_unchanged(place, content) -> None:
    name = storage.new_name(7)
    stored = storage.put(name, io.BytesIO(content), content_type="application/pdf")

    assert stored.size == len(content)
    assert b"".join(storage.read(name)) == content
    assert names_in(place) == [name]


class ShortReads(io.BytesIO):
    """A stream that returns fewer bytes than requested, as an upload does whose head was looked at."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(1000 if self.tell() == 0 else min(size or -1, 65_536))


def test_a_file_that_arrives_in_short_pieces_is_stored_whole(place) -> None:
    name = storage.new_name(7)
    stored = storage.put(name, ShortReads(LONG), content_type="application/pdf")

    assert stored.size == len(LONG)
    assert b"".join(storage.read(name)) == LONG


@pytest.mark.parametrize(("start", "end"), [(0, 0), (3, 9), (70_000, 200_001), (5, None)])
def test_a_range_of_a_file_is_read(place, start, end) -> None:
    name = put(LONG)
    assert (
        b"".join(storage.read(name, start=start, end=end)) == LONG[start : None if end is None else end + 1]
    )


def test_removing_a_file_is_repeatable(place) -> None:
    name = put()
    storage.delete(name)
    storage.delete(name)

    assert names_in(place) == []
    with pytest.raises(FileMissing):
        storage.read(name)


@pytest.mark.parametrize("excess", [1, len(LONG)])
def test_a_file_that_is_too_large_leaves_nothing(place, excess) -> None:
    with pytest.raises(FileTooLarge):
        put(LONG + b"x" * excess)
    assert names_in(place) == []


def test_an_interrupted_upload_leaves_nothing(place) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002 - breaks before it is used
            raise ConnectionResetError

    with pytest.raises((StorageUnavailable, ConnectionResetError)):
        storage.put(storage.new_name(7), Broken(), content_type="application/pdf")
    assert names_in(place) == []


@pytest.mark.parametrize(
    "name", ["../t7/x", "t7/../../etc/passwd", "/etc/passwd", "t7/", "t0/" + "a" * 32, "t7/" + "A" * 32]
)
def test_only_generated_names_reach_storage(place, name) -> None:
    for attempt in (lambda: put(name=name), lambda: storage.read(name), lambda: storage.delete(name)):
        with pytest.raises(ValueError, match="not the name of a stored object"):
            attempt()


def test_object_names_are_random() -> None:
    names = {storage.new_name(7) for _ in range(100)}
    assert len(names) == 100
    assert all(len(name) == len("t7/") + 32 for name in names)


def test_local_files_are_readable_by_their_user_only_and_have_no_url(tmp_path) -> None:
    with kept_in(tmp_path / "files"):
        path = tmp_path / "files" / put()
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
        assert storage.link(storage.new_name(7), file_name="a.pdf", content_type="application/pdf") is None


def test_an_unwritable_folder_is_reported_and_leaves_nothing(tmp_path) -> None:
    (tmp_path / "files").write_text("a file where the folder should be")
    with (
        kept_in(tmp_path / "files"),
        pytest.raises(StorageUnavailable) as error,
    ):
        put()
    assert error.value.code == "STORAGE_UNAVAILABLE"


def test_an_unreachable_service_is_reported_and_works_again_afterwards(s3) -> None:
    with kept_in(bucket_at("http://127.0.0.1:9")):
        for attempt in (
            put,
            lambda: storage.read(storage.new_name(7)),
            lambda: storage.delete(storage.new_name(7)),
        ):
            with pytest.raises(StorageUnavailable):
                attempt()
    with kept_in(new_bucket(s3)):
        assert b"".join(storage.read(put())) == PDF


def test_a_missing_bucket_or_a_refused_key_is_reported(s3) -> None:
    with kept_in(bucket_at(s3, "no-such-bucket")), pytest.raises(StorageUnavailable):
        put()


def test_storage_refuses_to_run_inside_a_transaction(app_context, tenant, place) -> None:
    with pytest.raises(InsideTransaction), atomic(tenant.id):
        put()


def test_a_link_serves_the_file_under_its_display_name(s3) -> None:
    with kept_in(new_bucket(s3)):
        address = storage.link(put(), file_name='Lecture d\'été "1".pdf', content_type="application/pdf")

        reply = requests.get(str(address), timeout=10)

    assert (reply.status_code, reply.content) == (200, PDF)
    assert reply.headers["Content-Type"] == "application/pdf"
    assert reply.headers["Content-Disposition"] == (
        'attachment; filename="Lecture d\'_t_ _1_.pdf"; '
        "filename*=UTF-8''Lecture%20d%27%C3%A9t%C3%A9%20%221%22.pdf"
    )


def test_concurrent_uploads_are_independent(place) -> None:
    names = [storage.new_name(7) for _ in range(4)]
    contents = [bytes([65 + number]) * 700_000 for number in range(4)]
    threads = [
        threading.Thread(target=put, args=(content, name))
        for name, content in zip(names, contents, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [b"".join(storage.read(name)) for name in names] == contents


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root stores files for another user.")
def test_a_file_that_root_stores_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 2345)
    with kept_in(tmp_path / "instance" / "files"):
        name = put()

    stored = tmp_path / "instance" / "files" / name
    for path in (stored, *list(stored.parents)[:3]):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345), path
