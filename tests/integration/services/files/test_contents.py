"""What a product contains, as the catalog names it, and the files that its buyers get."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import AccessEnded, FileMissing, FileTooLarge, InvalidFile, NotFound, StorageUnavailable
from lumira.models import AccessGrant, ContentKind, File, Order
from lumira.repositories import contents, files
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
    """Key and file name of everything that the order's lines give now."""
    with atomic(brand.id):
        lines = list_order_files(brand.id, [order])[order.id]
    return [(each.content.key, each.file and each.file.file_name) for line in lines for each in line.contents]


def test_a_content_has_the_file_that_it_was_given(tenant) -> None:
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


def test_another_file_replaces_the_first_which_is_removed_by_the_worker(tenant) -> None:
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


def test_an_object_that_cannot_be_removed_holds_up_no_other_and_is_tried_again(tenant, monkeypatch) -> None:
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


def test_storage_that_is_away_is_not_waited_for_by_each_object(tenant, monkeypatch) -> None:
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


def test_a_file_that_is_taken_away_is_gone(tenant) -> None:
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
def test_what_the_catalog_does_not_name_takes_no_file(tenant, product, key) -> None:
    contain(tenant, "mystique", "carte")
    with pytest.raises(NotFound):
        give(tenant, key, product=product)
    assert all_files(tenant) == []


def test_the_content_of_another_tenant_takes_no_file(tenant, other_tenant) -> None:
    contain(other_tenant, "mystique", "carte")
    with pytest.raises(NotFound):
        give(tenant)
    assert all_files(tenant) == all_files(other_tenant) == []


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "a.pdf"), (MP3, "a.pdf"), (b"<html>", "a.pdf"), (PDF, "a.exe"), (PDF, "a")]
)
def test_a_file_that_is_not_what_it_says_leaves_nothing_and_the_old_one_in_its_place(
    tenant, content, name
) -> None:
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
def test_a_file_that_is_not_what_the_catalog_promises_leaves_nothing(tenant, kind, content, name) -> None:
    contain(tenant, "mystique", "carte", kind=kind)
    with pytest.raises(InvalidFile, match=f"The catalog calls it {kind}"):
        give(tenant, content=content, name=name)
    assert view_contents(tenant.id)[0].file is None
    remove_files(tenant.id)
    assert all_files(tenant) == []


def test_a_file_that_is_too_long_leaves_nothing(tenant, tmp_path) -> None:
    contain(tenant, "mystique", "carte")
    with kept_in(tmp_path, max_bytes=len(PDF)):
        give(tenant)
        with pytest.raises(FileTooLarge) as told:
            give(tenant, content=PDF + b"x")
        assert told.value.code == "PAYLOAD_TOO_LARGE"
        remove_files(tenant.id)
        assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    assert len(all_files(tenant)) == 1


def test_names_that_are_paths_lead_nowhere(tenant, tmp_path) -> None:
    contain(tenant, "mystique", "carte")
    with kept_in(tmp_path / "files"):
        file, _ = give(tenant, name="../../../evil.pdf")
        assert file.file_name == "evil.pdf"
        assert [path.name for path in tmp_path.rglob("*.pdf")] == []


def test_storage_that_is_away_is_told_and_the_same_upload_works_once_it_is_back(tenant) -> None:
    contain(tenant, "mystique", "carte")
    with kept_in(bucket_at("http://127.0.0.1:9")), pytest.raises(StorageUnavailable):
        give(tenant)
    assert view_contents(tenant.id)[0].file is None
    assert audited(tenant, "content_uploaded") == []

    file, is_new = give(tenant)

    assert (kept(file), is_new) == (PDF, True)
    remove_files(tenant.id)
    assert [each.id for each in all_files(tenant)] == [file.id]


def test_files_of_a_bucket_are_uploaded_handed_out_and_removed_there(tenant) -> None:
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
        assert len(all_files(tenant)) == 1, "what could not be removed stays known"

        assert remove_files(tenant.id) == 1
        with pytest.raises(FileMissing):
            storage.read(file.object_name)


def test_an_upload_whose_process_died_is_removed_a_day_later_and_placed_by_nobody(tenant) -> None:
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


def test_a_buyer_gets_the_files_of_what_was_bought_and_of_nothing_else(tenant) -> None:
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


def test_an_order_that_is_not_paid_gives_nothing(tenant) -> None:
    contain(tenant, "mystique", "carte")
    file, _ = give(tenant)
    order = load_order(tenant, open_payment(tenant).order_number)

    assert opened_by(tenant, order) == []
    with atomic(tenant.id), pytest.raises(FileMissing):
        get_downloadable_file(tenant.id, order.customer_id, file.id)


def test_money_that_went_back_takes_the_files_with_it(tenant) -> None:
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


def test_access_whose_time_is_over_gives_no_files(tenant) -> None:
    contain(tenant, "mystique", "carte")
    give(tenant)
    order = buy(tenant)
    with atomic(tenant.id):
        db.session.execute(update(AccessGrant).values(expires_at=utc_now()))
    assert opened_by(tenant, load_order(tenant, order.order_number)) == []


def test_a_level_that_includes_lower_ones_gives_their_files_too(tenant) -> None:
    for level in ("simple", "intuitive", "alchimique", "integrale"):
        contain(tenant, level, f"de-{level}")
    order = buy(tenant, "alchimique")
    assert opened_by(tenant, order) == [("de-alchimique", None)]

    with atomic(tenant.id):
        db.session.execute(update(AccessGrant).values(includes_lower_levels=True))

    found = opened_by(tenant, load_order(tenant, order.order_number))
    assert found == [("de-alchimique", None), ("de-intuitive", None), ("de-simple", None)]


def test_a_product_that_is_no_longer_sold_keeps_its_files_for_who_bought_it(tenant) -> None:
    contain(tenant, "mystique", "carte")
    give(tenant)
    order = buy(tenant)
    with atomic(tenant.id):
        contents.apply(tenant.id, ["strict"], [])
    assert opened_by(tenant, order) == [("carte", "carte.pdf")]


def test_a_content_that_left_the_catalog_and_came_back_has_its_file_again(tenant) -> None:
    contain(tenant, "mystique", "carte")
    give(tenant)
    order = buy(tenant)

    contain(tenant, "mystique")
    assert opened_by(tenant, order) == []
    remove_files(tenant.id)
    contain(tenant, "mystique", "carte")

    assert opened_by(tenant, order) == [("carte", "carte.pdf")]
