"""A live shop is moved to another installation: between two database servers, with its keys, links and files."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine, make_url, select, text

from config.settings import Settings
from lumira import create_app
from lumira.clients import storage
from lumira.database import atomic, db
from lumira.errors import TenantExported
from lumira.errors.files import FileMissing, StorageUnavailable
from lumira.errors.moving import MoveRefused, UnusableArchive
from lumira.models import Receipt, Role
from lumira.repositories.customers import customers, erasure_registry
from lumira.repositories.inventory import stock_proof
from lumira.repositories.tenants import tenant_removal, tenant_sums, tenant_tables, tenants
from lumira.repositories.tenants.copy_lines import line_of, values_of
from lumira.repositories.tenants.tenant_rows import count
from lumira.services.audit.verify_chain import verify_chain
from lumira.services.moving import removal_code, stillness
from lumira.services.moving.archive import FILE, ArchiveReader, ArchiveWriter
from lumira.services.moving.export_tenant import export_tenant
from lumira.services.moving.import_tenant import import_tenant
from lumira.services.moving.load_rows import RowLoader
from lumira.services.moving.read_archive import read_archive
from lumira.services.moving.remove_tenant import remove_tenant
from lumira.services.receipts.verify_receipts import verify_receipts
from lumira.services.tenants.freeze_tenant import freeze_tenant, resume_tenant
from tests.support import full_shop, seller, stripe_events
from tests.support.dashboard import Operator, make_operator, sign_in
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import BUYER, Brand, make_brand
from tests.support.files import PDF
from tests.support.portal_pages import downloads, path_of
from tests.support.refunds import audited, pay
from tests.support.second_installation import running, settings_of_second, stop

PASSPHRASE = "correct horse battery staple"
SALE = {"productId": "mystique", "customerEmail": "new@example.com"}


@dataclass
class Move:
    """What is known of the shop before it is moved."""

    brand: Brand
    archive: Path
    operator: Operator
    #: Who has an account in the other installation, too: an owner there, and a viewer of the shop.
    colleague: Operator
    portal: str
    receipts: list[str]
    rows: dict[str, int]


def count_all(brand: Brand) -> dict[str, int]:
    with atomic(brand.id):
        return {table.name: count(table, brand.id) for table in tenant_tables.list_tables()}


def receipt_labels(brand: Brand) -> list[str]:
    with atomic(brand.id):
        query = select(Receipt.label).where(Receipt.tenant_id == brand.id)
        return sorted(db.session.execute(query).scalars())


def flask(app: Flask, *arguments: object, code: int = 0) -> str:
    result = app.test_cli_runner().invoke(
        args=[str(argument) for argument in arguments], input=f"{PASSPHRASE}\n"
    )
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    # Not a folder of pytest's: the path of a socket has a hundred bytes at most.
    path = Path(tempfile.mkdtemp(prefix="lumira-second-"))
    yield path
    stop(path)
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def still_at_once() -> Iterator[None]:
    """No process caches anything of these shops."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stillness, "STILL_AFTER", stillness.STILL_AFTER * 0)
        yield


@pytest.fixture(scope="module")
def move(app: Flask, sandbox: Any, directory: Path) -> Move:
    """A shop that was frozen and exported."""
    with app.app_context():
        brand = make_brand(sandbox_url=sandbox.url, seller=seller.WITH_VAT)
        full_shop.fill(brand, DolibarrSandbox(sandbox.url))
        operator, portal = make_operator(brand), path_of(brand)
        colleague = make_operator(brand, Role.VIEWER)
        archive = directory / "shop.lumira"
        flask(app, "tenants", "freeze", brand.slug)
        output = flask(app, "tenants", "export", brand.slug, archive, "--passphrase", "-")
        assert "paid" in output
        return Move(brand, archive, operator, colleague, portal, receipt_labels(brand), count_all(brand))


@pytest.fixture(scope="module")
def bare(app: Flask, directory: Path) -> tuple[str, Path]:
    """The slug and the archive of a tenant that was created and has nothing else."""
    slug, archive = f"bare-{token_hex(4)}", directory / "bare.lumira"
    with app.app_context():
        flask(app, "tenants", "create", slug, "--name", "Bare", "--currency", "eur")
        flask(app, "tenants", "freeze", slug)
        flask(app, "tenants", "export", slug, archive, "--passphrase", "-")
    return slug, archive


@pytest.fixture(scope="module")
def second(move: Move, bare: tuple[str, Path], settings: Settings, directory: Path) -> Iterator[Flask]:
    """The other installation; its settings hold for the whole process."""
    with running(settings_of_second(settings, directory)) as app:
        yield app
    create_app(settings)


def is_visible(move: Move) -> bool:
    with atomic(None):
        return tenants.find_id(move.brand.slug) is not None


def run_killed(move: Move, second: Flask) -> int:
    """Import in another process that is killed when all rows are inserted; return the signal that ended it."""
    child = os.fork()
    if child == 0:
        RowLoader.verify = lambda _self: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        try:
            with create_app(second.extensions["lumira"], serves_http=False).app_context():
                import_tenant(move.archive, passphrase=PASSPHRASE, actor="operator")
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def changed(archive: Path, change: Callable[[bytes], bytes]) -> Path:
    path = archive.with_suffix(".changed")
    path.write_bytes(change(archive.read_bytes()))
    return path


def forged(move: Move, what: str) -> Path:
    """An archive in which the rows of a table, or the files, are of another tenant."""
    path, other = move.archive.with_suffix(".forged"), str(move.brand.id + 1)
    with move.archive.open("rb") as file, path.open("wb") as target:
        reader = ArchiveReader(file, PASSPHRASE)
        writer = ArchiveWriter(target, PASSPHRASE, reader.head)
        for member in reader.members():
            if member.kind == FILE:
                name = f"t{other}/{'0' * 32}" if what == FILE else member.name
                writer.write_file(replace(member, name=name), reader.chunks())
                continue
            lines = reader.lines()
            if member.name == what:
                position = member.values["columns"].index("tenant_id")
                lines = (
                    line_of([*values[:position], other.encode(), *values[position + 1 :]])
                    for values in map(values_of, lines)
                )
            writer.write_rows(member, lines)
        writer.end(reader.totals)
    return path


def test_a_shop_goes_on_in_another_installation_where_it_stopped(
    app: Flask, move: Move, second: Flask
) -> None:
    with second.app_context():
        other_shop = make_brand(sandbox_url=move.brand.sandbox_url)
        colleague = make_operator(
            other_shop, email=move.colleague.email.upper(), password="another harbour nine"
        )
        _is_imported_whole_or_not_at_all(move, second)
        _keeps_the_account_of(colleague, other_shop, move, second)
        _proves_everything(move)
        _is_frozen(move, second)
        flask(second, "tenants", "resume", move.brand.slug)
        _opens_every_link(move, second)
        _sells_on(move, second)
        again = flask(second, "tenants", "import", move.archive, "--passphrase", "-")
        assert "nothing was changed" in again
        # For whoever did not write it down.
        assert code_of(move) in again
        actions = ("tenant_frozen", "tenant_exported", "tenant_imported", "tenant_resumed")
        assert [len(audited(move.brand, action)) for action in actions] == [1, 1, 1, 1]
    with app.app_context(), pytest.raises(TenantExported):
        resume_tenant(move.brand.id, actor="operator")


def test_a_tenant_without_anything_is_moved_too(bare: tuple[str, Path], second: Flask) -> None:
    slug, archive = bare
    with second.app_context():
        assert "every row is as in the archive" in flask(
            second, "tenants", "import", archive, "--passphrase", "-"
        )
        flask(second, "tenants", "resume", slug)
        listed = flask(second, "tenants", "list").splitlines()
    assert [("frozen" in line, "no key" in line) for line in listed if slug in line] == [(False, True)]


def _is_imported_whole_or_not_at_all(move: Move, second: Flask) -> None:
    _refuses_what_is_not_the_archive(move)
    rehearsed = flask(second, "tenants", "import", move.archive, "--passphrase", "-", "--dry-run")
    assert "could be imported" in rehearsed
    assert code_of(move) not in rehearsed
    assert not is_visible(move)
    assert run_killed(move, second) == signal.SIGKILL
    assert not is_visible(move)
    imported = flask(second, "tenants", "import", move.archive, "--passphrase", "-")
    assert "every row is as in the archive" in imported
    assert count_all(move.brand) == move.rows | {"audit_entries": move.rows["audit_entries"] + 1}


def _keeps_the_account_of(colleague: Operator, other_shop: Brand, move: Move, second: Flask) -> None:
    """A viewer of the moved shop is no more than that, and signs in as before the import."""
    browser = sign_in(second, colleague)
    assert browser.get(f"/dashboard/{other_shop.slug}/team").status_code == 200
    assert browser.get(f"/dashboard/{move.brand.slug}/orders").status_code == 200
    assert browser.get(f"/dashboard/{move.brand.slug}/team").status_code == 403


def _refuses_what_is_not_the_archive(move: Move) -> None:
    for change in (lambda archive: archive[:-1], lambda archive: archive[:-40] + b"x" + archive[-39:]):
        with pytest.raises(UnusableArchive):
            import_tenant(changed(move.archive, change), passphrase=PASSPHRASE, actor="operator")
    with pytest.raises(UnusableArchive, match="passphrase"):
        import_tenant(move.archive, passphrase="another passphrase", actor="operator")
    # Whoever has the passphrase can write another archive.
    with pytest.raises(MoveRefused, match="row-level security"):
        import_tenant(forged(move, "customers"), passphrase=PASSPHRASE, actor="operator")
    with pytest.raises(UnusableArchive, match="file of another tenant"):
        import_tenant(forged(move, FILE), passphrase=PASSPHRASE, actor="operator")
    assert not is_visible(move)


def _proves_everything(move: Move) -> None:
    """What the commands `receipts verify`, `stock verify` and `audit verify` prove."""
    brand = move.brand
    receipts, audited = verify_receipts(brand.id), verify_chain(brand.id)
    assert (receipts.errors, audited.errors) == ([], [])
    assert receipts.documents == len(move.receipts) > 3
    assert audited.links > 10
    with atomic(brand.id):
        assert stock_proof.verify(brand.id) == []
        assert erasure_registry.list_erased_customers(brand.id, full_shop.ERASED)
        former = customers.get_current(brand.id, full_shop.MERGED)
        assert former.email == full_shop.MERGED_INTO


def _is_frozen(move: Move, second: Flask) -> None:
    client = second.test_client()
    listed = flask(second, "tenants", "list").splitlines()
    assert ["frozen, " in line for line in listed if move.brand.slug in line] == [True]
    sale = client.post("/api/products/create-payment-intent", json=SALE, headers=move.brand.secret)
    assert (sale.status_code, sale.json["code"]) == (503, "SERVICE_UNAVAILABLE")


def _opens_every_link(move: Move, second: Flask) -> None:
    brand, client = move.brand, second.test_client()
    page = client.get(move.portal)
    assert page.status_code == 200
    assert client.get(downloads(page)[0]).data == PDF
    assert client.get(f"/checkout/{brand.slug}").status_code == 200
    body = stripe_events.encode(stripe_events.event("invoice.paid", {"id": "in_1"}))
    signed = {"Stripe-Signature": stripe_events.signature(body, brand.webhook_secret)}
    assert client.post(f"/api/webhooks/stripe/{brand.slug}", data=body, headers=signed).status_code == 200
    browser = sign_in(second, move.operator)
    assert browser.get(f"/dashboard/{brand.slug}/orders").status_code == 200


def _sells_on(move: Move, second: Flask) -> None:
    brand = move.brand
    pay(brand, "strict", customer_email=BUYER)
    new = sorted(set(receipt_labels(brand)) - set(move.receipts))
    series, _, number = new[0].rpartition("-")
    last = max(label for label in move.receipts if label.startswith(f"{series}-"))
    assert int(number) == int(last.rpartition("-")[2]) + 1
    assert verify_receipts(brand.id).errors == []
    sale = second.test_client().post("/api/products/create-payment-intent", json=SALE, headers=brand.secret)
    assert sale.status_code == 200


def test_a_moved_shop_is_removed_where_it_was_and_what_the_law_keeps_stays(
    app: Flask, settings: Settings, move: Move
) -> None:
    # The settings of the second installation hold for the whole process until then.
    create_app(settings)
    brand = move.brand
    with app.app_context():
        code = code_of(move)
        _is_not_removed_by_accident(app, move, code)
        objects = [name for name in storage_names(brand) if is_stored(name)]
        _is_killed_when_nothing_lets_in_any_more(app, move, code)
        # What was interrupted is completed without the code.
        removed = flask(app, "tenants", "remove", brand.slug, "--confirm", brand.slug)

        assert "Kept:" in removed
        left = {name: rows for name, rows in count_all(brand).items() if rows}
        assert left.keys() <= {*tenant_removal.KEPT, *_NAMED_BY_RECEIPTS, "tenants"}
        assert all(left[name] == move.rows[name] for name in ("receipts", "ledger_entries") if name in left)
        assert left["orders"] < move.rows["orders"]
        assert receipt_labels(brand) == move.receipts
        assert objects
        assert not any(is_stored(name) for name in objects)
        assert (verify_receipts(brand.id).errors, verify_chain(brand.id).errors) == ([], [])
        assert len(audited(brand, "tenant_removed")) == 1
        _is_gone(app, move)
        again = flask(app, "tenants", "remove", brand.slug, "--confirm", brand.slug)
        assert "0 rows and 0 files removed" in again
        assert len(audited(brand, "tenant_removed")) == 1


#: What receipts refer to.
_NAMED_BY_RECEIPTS = ("customers", "orders", "product_groups", "products", "promotion_codes")


def storage_names(brand: Brand) -> list[str]:
    with atomic(brand.id):
        return tenant_removal.list_objects(brand.id)


def is_stored(name: str) -> bool:
    try:
        return any(storage.read(name))
    except FileMissing:
        return False


def code_of(move: Move) -> str:
    """What an import of the archive prints."""
    code: str = read_archive(move.archive, PASSPHRASE).totals["removal_code"]
    return code


def _is_not_removed_by_accident(app: Flask, move: Move, code: str) -> None:
    brand, before = move.brand, count_all(move.brand)
    selling = make_brand(sandbox_url=brand.sandbox_url)
    remove = ("tenants", "remove", brand.slug, "--code", code)
    refused = flask(app, "tenants", "remove", selling.slug, "--confirm", selling.slug, code=1)
    assert "was not moved" in refused
    assert "Nothing was done" in flask(app, *remove, "--confirm", "other", code=1)
    # The line on stdin is not the slug.
    assert "Nothing was done" in flask(app, *remove, code=1)
    _requires_the_code_of_an_import(app, move, code)
    _requires_the_owner(app, move, code)
    dry = flask(app, "tenants", "remove", brand.slug, "--dry-run")
    assert "Nothing was changed" in dry
    assert count_all(brand) == before
    with atomic(brand.id):
        assert tenants.get(brand.id).removed_at is None


def _requires_the_code_of_an_import(app: Flask, move: Move, code: str) -> None:
    """An export that failed, or was imported nowhere, is no copy."""
    slug = move.brand.slug
    without = flask(app, "tenants", "remove", slug, "--confirm", slug, code=1)
    assert "flask tenants import" in without
    wrong = flask(app, "tenants", "remove", slug, "--confirm", slug, "--code", code[:-1] + "é", code=1)
    assert "not the code" in wrong
    with atomic(move.brand.id):
        sums = tenant_sums.read_sums(move.brand.id)
    assert removal_code.is_code(f" {code.upper()}\n", move.brand.id, sums)
    # The tenant sold after the export, or another one has the same sums.
    assert not removal_code.is_code(code, move.brand.id, sums | {"paid": sums["paid"] + 1})
    assert not removal_code.is_code(code, move.brand.id + 1, sums)


def _requires_the_owner(app: Flask, move: Move, code: str) -> None:
    """The application's own login begins no removal that it cannot complete."""
    url = make_url(app.config["DATABASE_OWNER_URL"])
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(text("CREATE ROLE no_owner LOGIN PASSWORD 'x' IN ROLE lumira_app"))
    try:
        login = url.set(username="no_owner", password="x").render_as_string(hide_password=False)
        with pytest.raises(MoveRefused, match="DATABASE_OWNER_URL may not delete"):
            remove_tenant(login, move.brand.id, actor="operator", code=code)
    finally:
        with engine.begin() as connection:
            connection.execute(text("DROP ROLE no_owner"))


def _is_killed_when_nothing_lets_in_any_more(app: Flask, move: Move, code: str) -> None:
    """The first file is not deleted: keys, roles and links are removed before, everything else stands."""
    brand, client = move.brand, app.test_client()
    orders = count_all(brand)["orders"]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(storage, "delete", _fail)
        with pytest.raises(StorageUnavailable):
            remove_tenant(app.config["DATABASE_OWNER_URL"], brand.id, actor="operator", code=code)
    assert count_all(brand)["orders"] == orders
    for path in (move.portal, f"/checkout/{brand.slug}"):
        assert client.get(path).status_code == 404
    assert client.get("/api/products", headers=brand.secret).status_code == 401
    with pytest.raises(TenantExported, match="removed"):
        freeze_tenant(brand.id, actor="operator")


def _fail(_name: str) -> None:
    raise StorageUnavailable("The file cannot be removed now.")


def _is_gone(app: Flask, move: Move) -> None:
    brand, client = move.brand, app.test_client()
    for path in (move.portal, f"/checkout/{brand.slug}"):
        assert client.get(path).status_code == 404
    assert client.get("/api/products", headers=brand.secret).status_code == 401
    assert client.post(f"/api/webhooks/stripe/{brand.slug}", data=b"{}").status_code == 404
    assert "removed" in flask(app, "tenants", "list")
    with pytest.raises(TenantExported, match="removed"):
        resume_tenant(brand.id, actor="operator", discards_export=True)
    with pytest.raises(MoveRefused, match="removed"):
        export_tenant(BytesIO(), brand.id, passphrase=PASSPHRASE, software="Lumira", actor="operator")
