"""The files of a shop are moved from whichever storage it has into whichever the other installation has."""

from pathlib import Path

import pytest

from lumira.clients import storage
from lumira.clients.storage import Bucket
from lumira.database import atomic
from lumira.errors.files import StorageUnavailable
from lumira.repositories.fulfilment import files
from lumira.services.files.upload_content import upload_content
from lumira.services.moving import archive_stream, moved_files
from lumira.services.moving.archive import ArchiveReader
from lumira.services.moving.check_target import list_obstacles
from lumira.services.moving.export_tenant import export_tenant
from lumira.services.moving.read_archive import read_archive
from lumira.services.moving.store_files import store_files
from tests.support.factories import Brand
from tests.support.files import PDF, contain, upload_of
from tests.support.storage import bucket_at, kept_in, new_bucket, s3_server

pytestmark = pytest.mark.usefixtures("app_context")

PASSPHRASE = "correct horse battery staple"
#: Of several parts, as an upload to a bucket is.
LARGE = PDF + b"x" * 9_000_000


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_stream, "_SCRYPT_N", 2)


def _move(brand: Brand, archive: Path, source: Path | Bucket, target: Path | Bucket) -> list[bytes]:
    """Return the files as the other installation reads them."""
    with kept_in(source):
        for key, content in (("guide", PDF), ("course", LARGE)):
            upload_content(brand.id, "mystique", key, upload_of(content), actor="test")
        with archive.open("wb") as file:
            export_tenant(
                file, brand.id, passphrase=PASSPHRASE, software="Lumira", actor="test", is_rehearsal=True
            )
    with atomic(brand.id):
        names = [each.object_name for each in files.list_stored(brand.id, after=None, limit=10)]
    with kept_in(target):
        contents = read_archive(archive, PASSPHRASE)
        assert contents.totals["missing"] == []
        # An import that was killed is repeated: what was stored before is stored again.
        for _ in range(2):
            with archive.open("rb") as file:
                store_files(ArchiveReader(file, PASSPHRASE), contents)
        return [b"".join(storage.read(name)) for name in names]


def test_files_are_moved_between_folders_and_buckets(tenant: Brand, tmp_path: Path) -> None:
    contain(tenant, "mystique", "guide", "course")
    with s3_server() as address:
        first, second = new_bucket(address), new_bucket(address)
        places: list[tuple[Path | Bucket, Path | Bucket]] = [
            (tmp_path / "folder", first),
            (first, second),
            (second, tmp_path / "other"),
        ]
        for source, target in places:
            moved = _move(tenant, tmp_path / "shop.lumira", source, target)
            assert sorted(map(len, moved)) == [len(PDF), len(LARGE)], source
            assert {PDF, LARGE} == set(moved)


def test_a_bucket_that_does_not_respond_ends_the_import_before_any_row(tenant: Brand, tmp_path: Path) -> None:
    contain(tenant, "mystique", "guide", "course")
    gone = bucket_at("http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable):
        _move(tenant, tmp_path / "shop.lumira", tmp_path / "folder", gone)


def test_installations_that_share_a_storage_are_noticed(tenant: Brand, tmp_path: Path) -> None:
    contain(tenant, "mystique", "guide")
    with kept_in(tmp_path / "folder"):
        upload_content(tenant.id, "mystique", "guide", upload_of(PDF), actor="test")
        file = tmp_path / "shop.lumira"
        with file.open("wb") as opened:
            export_tenant(
                opened, tenant.id, passphrase=PASSPHRASE, software="Lumira", actor="test", is_rehearsal=True
            )
        contents = read_archive(file, PASSPHRASE)
        assert "bucket of its own" not in str(list_obstacles(contents, is_dry_run=True))
        # As an export of a frozen tenant does.
        moved_files.mark(tenant.id, contents.archive_id)
        assert "bucket of its own" in str(list_obstacles(contents, is_dry_run=True))
    with kept_in(tmp_path / "other"):
        assert "bucket of its own" not in str(list_obstacles(contents, is_dry_run=True))
