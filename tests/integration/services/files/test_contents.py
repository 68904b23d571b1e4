"""Contents of products, their files, and which buyers have access to them."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import NotFound
from lumira.errors.files import AccessEnded, FileMissing, FileTooLarge, InvalidFile, StorageUnavailable
from lumira.models import AccessGrant, ContentKind, File, Order
from lumira.repositories.catalog import contents
from lumira.repositories.fulfilment import files
from lumira.services.files.remove_files import remove_files, tenants_with_files_to_remove
from lumira.services.files.upload_content import remove_content_file, upload_content, view_contents
from lumira.services.portal.downloadable_files import get_downloadable_file, list_order_files
from tests.support.factories import Brand, load_order, open_payment
from tests.support.files import MP3, PDF, PNG, all_files, audited, buy, contain, kept, upload_of
from tests.support.refunds import pay, refund
from tests.support.storage import bucket_at, kept_in, new_bucket, s3_server

pytestmark = pytest.mark.usefixtures("app_context")


def give(
    brand: Brand, key: str = "carte", content: bytes = PDF, name: str = "carte.pdf", product: str = "mystique"
) -> tuple[File, bool]:
    return upload_content(brand.id, product, key, upload_of(content, name), actor="test")


def opened_by(brand: Brand, order: Order) -> list[tuple[str, str | None]]:
    """Key and file name of every content that the order gives access to now."""
    with atomic(brand.id):
        lines = list_order_files(brand.id, [order])[order.id]
    return [(each.content.key, each.file and each.file.file_name) for line in lines for each in line.contents]


def test_a_content_has_its_uploaded_file(tenant) -> None:
    contain(tenant, "mystique", "carte", "livret")

    file, is_new = give(tenant)

    assert is_new
    assert (file.file_name, file.content_type, file.size) == ("carte.pdf", "application/pdf", len(PDF))
    assert kept(file) == PDF
    assert [(view.content.key, view.file and view.file.id) for view in view_contents(tenant.id)] == [
        ("carte", file.id),
        ("livret", None),
    ]
    [entry] = audited(tenant, "content_uploaded")
    assert entry.subject == "product:mystique"
    assert "carte.pdf" not in str(entry.details)


def test_a_replaced_file_is_removed_by_the_worker(tenant) -> None:
    contain(tenant, "mystique", "carte", kind=ContentKind.CARD)
    first, _ = give(tenant)

    second, is_new = give(tenant, content=PNG, name="carte.png")

    assert is_new
    assert view_contents(tenant.id)[0].file.id == second.id
    assert tenant.id in tenants_with_files_to_remove()
    assert remove_files(tenant.id) == 1
    with pytest.raises(FileMissing):
        kept(first)
    assert [file.id for file in all_files(tenant)] == [second.id]
    assert tenant.id not in tenants_with_files_to_remove()


def test_an_object_that_cannot_be_removed_is_retried_and_blocks_no_other(tenant, monkeypatch) -> None:
    contain(tenant, "mystique", "carte")
    given = [give(tenant, content=PDF + bytes([65 + number]))[0] for number in range(4)]
    remove_for_real, held = storage.delete, given[0].object_name

    def remove(name: str) -> None:
        if name == held:
            raise StorageUnavailable("The file cannot be removed now.")
        remove_for_real(name)

    with monkeypatch.context() as patched:
        patched.setattr(storage, "delete", remove)
        for _ in range(2):
            with pytest.raises(StorageUnavailable):
                remove_files(tenant.id)
        assert [file.id for file in all_files(tenant)] == [given[0].id, given[3].id]

    assert remove_files(tenant.id) == 1
    assert [file.id for file in all_files(tenant)] == [given[3].id]


def test_unavailable_storage_stops_the_sweep(tenant, monkeypatch) -> None:
    contain(tenant, "mystique", "carte")
    for number in range(4):
        give(tenant, content=PDF + bytes([65 + number]))
    tried: list[str] = []

    def hang(name: str) -> None:
        tried.append(name)
        travelling.shift(45)
        raise StorageUnavailable("Files cannot be reached at the moment.")

    monkeypatch.setattr(storage, "delete", hang)
    with time_machine.travel(utc_now(), tick=False) as travelling, pytest.raises(StorageUnavailable):
        remove_files(tenant.id)
    assert len(tried) == 2
    assert len(all_files(tenant)) == 4


def test_the_same_file_again_changes_nothing(tenant) -> None:
    contain(tenant, "mystique", "carte")
    first, _ = give(tenant)

    again, is_new = give(tenant)

    assert (again.id, is_new) == (first.id, False)
    assert len(audited(tenant, "content_uploaded")) == 1
    remove_files(tenant.id)
    assert [file.id for file in all_files(tenant)] == [first.id]
    assert kept(again) == PDF


def test_a_removed_file_is_gone(tenant) -> None:
    contain(tenant, "mystique", "carte")
    file, _ = give(tenant)

    assert remove_content_file(tenant.id, "mystique", "carte", actor="test").id == file.id
    remove_files(tenant.id)

    assert view_contents(tenant.id)[0].file is None
    assert all_files(tenant) == []
    with pytest.raises(FileMissing):
        kept(file)
    with pytest.raises(FileMissing):
        remove_content_file(tenant.id, "mystique", "carte", actor="test")
    assert len(audited(tenant, "content_removed")) == 1


@pytest.mark.parametrize(
    ("product", "key"), [("mystique", "other"), ("strict", "carte"), ("nothing", "carte")]
)
def test_an_unknown_content_accepts_no_file(tenant, product, key) -> None:
    contain(tenant, "mystique", "carte")
    with pytest.raises(NotFound):
        give(tenant, key, product=product)
    assert all_files(tenant) == []


def test_another_tenants_content_accepts_no_file(tenant, other_tenant) -> None:
    contain(other_tenant, "mystique", "carte")
    with pytest.raises(NotFound):
        give(tenant)
    assert all_files(tenant) == all_files(other_tenant) == []


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "a.pdf"), (MP3, "a.pdf"), (b"<html>", "a.pdf"), (PDF, "a.exe"), (PDF, "a")]
)
def test_a_file_of_the_wrong_type_leaves_the_existing_one(tenant, content, name) -> None:
    contain(tenant, "mystique", "carte")
    first, _ = give(tenant)
    with pytest.raises(InvalidFile):
        give(tenant, content=content, name=name)
    assert [file.id for file in all_files(tenant)] == [first.id]
    assert view_contents(tenant.id)[0].file.id == first.id


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        (ContentKind.PDF, PNG, "a.png"),
        (ContentKind.AUDIO, PDF, "a.pdf"),
        (ContentKind.CARD, MP3, "a.mp3"),
        (ContentKind.MANDALA, MP3, "a.mp3"),
    ],
)
def test_a_file_of_another_kind_than_the_catalogs_leaves_nothing(tenant, kind, content, name) -> None:
    contain(tenant, "mystique", "carte", kind=kind)
    with pytest.raises(InvalidFile, match=f"The content has the kind {kind} in the catalog"):
        give(tenant, content=content, name=name)
    assert view_contents(tenant.id)[0].file is None
    remove_files(tenant.id)
    assert all_files(tenant) == []


def test_an_oversized_content_leaves_nothing(tenant, tmp_path) -> None:
    contain(tenant, "mystique", "carte")
    with kept_in(tmp_path, max_bytes=len(PDF)):
        give(tenant)
        with pytest.raises(FileTooLarge) as shown:
            give(tenant, content=PDF + b"x")
        assert shown.value.code == "PAYLOAD_TOO_LARGE"
        remove_files(tenant.id)
        assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert len(all_files(tenant)) == 1


def test_file_names_are_never_used_as_paths(tenant, tmp_path) -> None:
    contain(tenant, "mystique", "carte")
    with kept_in(tmp_path / "files"):
        file, _ = give(tenant, name="../../../evil.pdf")
        assert file.file_name == "evil.pdf"
        assert [path.name for path in tmp_path.rglob("*.pdf")] == []


def test_an_upload_works_again_once_storage_is_available(tenant) -> None:
    contain(tenant, "mystique", "carte")
    with kept_in(bucket_at("http://127.0.0.1:9")), pytest.raises(StorageUnavailable):
        give(tenant)
    assert view_contents(tenant.id)[0].file is None
    assert audited(tenant, "content_uploaded") == []

    file, is_new = give(tenant)

    assert (kept(file), is_new) == (PDF, True)
    remove_files(tenant.id)
    assert [each.id for each in all_files(tenant)] == [file.id]


def test_files_are_uploaded_to_served_from_and_removed_from_a_bucket(tenant) -> None:
    contain(tenant, "mystique", "carte")
    with s3_server() as address, kept_in(new_bucket(address)):
        file, _ = give(tenant)
        assert b"".join(storage.read(file.object_name)) == PDF
        assert "X-Amz-Expires=300" in str(
            storage.link(file.object_name, file_name=file.file_name, content_type=file.content_type)
        )

        remove_content_file(tenant.id, "mystique", "carte", actor="test")
        with kept_in(bucket_at("http://127.0.0.1:9")), pytest.raises(StorageUnavailable):
            remove_files(tenant.id)
        assert len(all_files(tenant)) == 1, "a file that could not be removed keeps its row"

        assert remove_files(tenant.id) == 1
        with pytest.raises(FileMissing):
            storage.read(file.object_name)


def test_an_upload_of_a_killed_process_is_removed_a_day_later(tenant) -> None:
    with atomic(tenant.id):
        name = storage.new_name(tenant.id)
        file = files.create_pending(tenant.id, object_name=name, content_type="application/pdf")
    storage.put(name, upload_of().stream, content_type="application/pdf")

    assert remove_files(tenant.id) == 0
    with time_machine.travel(utc_now() + timedelta(hours=25)):
        assert tenant.id in tenants_with_files_to_remove()
        assert remove_files(tenant.id) == 1

    with pytest.raises(FileMissing):
        storage.read(name)
    with pytest.raises(StorageUnavailable), atomic(tenant.id):
        files.place(tenant.id, file.id, file_name="a.pdf", size=1, sha256="0" * 64)


def test_a_buyer_has_access_to_the_files_of_the_purchase_only(tenant) -> None:
    contain(tenant, "mystique", "carte", "livret")
    contain(tenant, "strict", "autre")
    file, _ = give(tenant)
    theirs, _ = give(tenant, "autre", product="strict")

    order = buy(tenant)

    assert opened_by(tenant, order) == [("carte", "carte.pdf"), ("livret", None)]
    with atomic(tenant.id):
        assert get_downloadable_file(tenant.id, order.customer_id, file.id).id == file.id
        with pytest.raises(FileMissing):
            get_downloadable_file(tenant.id, order.customer_id, theirs.id)


def test_an_unpaid_order_has_no_files(tenant) -> None:
    contain(tenant, "mystique", "carte")
    file, _ = give(tenant)
    order = load_order(tenant, open_payment(tenant).order_number)

    assert opened_by(tenant, order) == []
    with atomic(tenant.id), pytest.raises(FileMissing):
        get_downloadable_file(tenant.id, order.customer_id, file.id)


def test_a_refund_revokes_access_to_the_files(tenant) -> None:
    contain(tenant, "mystique", "carte")
    file, _ = give(tenant)
    paid = pay(tenant)
    refund(tenant, paid)
    order = load_order(tenant, paid.order_number)

    with atomic(tenant.id):
        [line] = list_order_files(tenant.id, [order])[order.id]
        assert (line.grant.is_live, line.contents, line.deliverables) == (False, (), ())
        with pytest.raises(AccessEnded):
            get_downloadable_file(tenant.id, order.customer_id, file.id)


def test_expired_access_has_no_files(tenant) -> None:
    contain(tenant, "mystique", "carte")
    give(tenant)
    order = buy(tenant)
    with atomic(tenant.id):
        db.session.execute(update(AccessGrant).values(expires_at=utc_now()))
    assert opened_by(tenant, load_order(tenant, order.order_number)) == []


def test_a_level_that_includes_lower_levels_has_their_files_too(tenant) -> None:
    for level in ("simple", "intuitive", "alchimique", "integrale"):
        contain(tenant, level, f"de-{level}")
    order = buy(tenant, "alchimique")
    assert opened_by(tenant, order) == [("de-alchimique", None)]

    with atomic(tenant.id):
        db.session.execute(update(AccessGrant).values(included_products=["intuitive", "simple"]))

    found = opened_by(tenant, load_order(tenant, order.order_number))
    assert found == [("de-alchimique", None), ("de-intuitive", None), ("de-simple", None)]


def test_buyers_keep_the_files_of_a_product_that_is_no_longer_sold(tenant) -> None:
    contain(tenant, "mystique", "carte")
    give(tenant)
    order = buy(tenant)
    with atomic(tenant.id):
        contents.apply(tenant.id, ["strict"], [])
    assert opened_by(tenant, order) == [("carte", "carte.pdf")]


def test_a_content_that_returns_to_the_catalog_has_its_file_again(tenant) -> None:
    contain(tenant, "mystique", "carte")
    give(tenant)
    order = buy(tenant)

    contain(tenant, "mystique")
    assert opened_by(tenant, order) == []
    remove_files(tenant.id)
    contain(tenant, "mystique", "carte")

    assert opened_by(tenant, order) == [("carte", "carte.pdf")]
