"""What prevents an import is named before anything is inserted, and an operator accepts only what may be accepted."""

from dataclasses import replace
from errno import ENOSPC
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from lumira import tenancy
from lumira.database import atomic
from lumira.errors.moving import MoveRefused
from lumira.repositories.tenants import tenant_removal, tenant_tables
from lumira.repositories.tenants.tenant_removal import ACCESS
from lumira.services.moving import archive_stream, stillness
from lumira.services.moving import export_tenant as export_tenant_module
from lumira.services.moving.archive_stream import StreamWriter
from lumira.services.moving.check_target import list_obstacles
from lumira.services.moving.export_tenant import export_tenant
from lumira.services.moving.import_tenant import import_tenant
from lumira.services.moving.read_archive import Contents, read_archive
from lumira.services.moving.stillness import wait_until_still
from lumira.services.tenants.freeze_tenant import freeze_tenant, resume_tenant
from lumira.webhooks import committer
from tests.support.factories import Brand

pytestmark = pytest.mark.usefixtures("app_context")

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_stream, "_SCRYPT_N", 2)


def rehearse(brand: Brand, directory: Path) -> Path:
    path = directory / "shop.lumira"
    with path.open("wb") as file:
        export_tenant(
            file, brand.id, passphrase=PASSPHRASE, software="Lumira", actor="operator", is_rehearsal=True
        )
    return path


def sentences(contents: Contents, *, is_dry_run: bool = True, **head: Any) -> str:
    """What is said against the import of an archive with these values of its head."""
    changed = replace(contents, head=contents.head | {"slug": "elsewhere", "domains": []} | head)
    return "\n".join(each.sentence for each in list_obstacles(changed, is_dry_run=is_dry_run))


def test_each_obstacle_is_named_with_what_to_do(tenant: Brand, other_tenant: Brand, tmp_path: Path) -> None:
    contents = read_archive(rehearse(tenant, tmp_path), PASSPHRASE)
    proofs = contents.head["key_proofs"]

    assert f"a tenant {tenant.slug} here already" in sentences(contents, slug=tenant.slug)
    assert "has the id" in sentences(contents)
    free: dict[str, Any] = {"tenant_id": 2_147_000_000}
    assert sentences(contents, **free) == ""
    assert "flask db upgrade" in sentences(contents, revision="0001_roles_and_tenants", **free)
    assert other_tenant.domain in sentences(contents, domains=[other_tenant.domain], **free)
    assert "SECRET_KEY_FALLBACKS" in sentences(contents, key_proofs=proofs | {"secret": ["x"]}, **free)
    erased = sentences(contents, key_proofs=proofs | {"encryption": ["x"]}, has_erased=True, **free)
    assert "erased would not be recognised" in erased
    assert "PUBLIC_URL" in sentences(contents, public_url="https://pay.example.com", **free)
    assert "rehearsal" in sentences(contents, is_dry_run=False, **free)


def test_an_operator_accepts_what_may_be_accepted_and_nothing_else(tenant: Brand, tmp_path: Path) -> None:
    archive = rehearse(tenant, tmp_path)
    for accepted in ((), ("secret-key", "encryption-keys", "public-url", "missing-files")):
        with pytest.raises(MoveRefused, match="here already"):
            import_tenant(
                archive, passphrase=PASSPHRASE, actor="operator", accepted=accepted, is_dry_run=True
            )


def test_a_shop_that_sells_is_exported_for_a_rehearsal_only(tenant: Brand, tmp_path: Path) -> None:
    with (tmp_path / "shop").open("wb") as file, pytest.raises(MoveRefused, match="flask tenants freeze"):
        export_tenant(file, tenant.id, passphrase=PASSPHRASE, software="Lumira", actor="operator")


def test_a_full_disk_leaves_no_archive_and_the_export_can_be_repeated(
    app: Flask, tenant: Brand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shop.lumira"
    command = ["tenants", "export", tenant.slug, str(path), "--passphrase", PASSPHRASE, "--rehearsal"]

    def fail(*_: object, **__: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(StreamWriter, "write", fail)
        failed = app.test_cli_runner().invoke(args=command)

    assert (failed.exit_code, path.exists()) == (1, False)
    assert "No space left on device" in failed.output
    assert app.test_cli_runner().invoke(args=command).exit_code == 0


def test_a_short_passphrase_records_no_export(tenant: Brand) -> None:
    freeze_tenant(tenant.id, actor="operator")

    with pytest.raises(MoveRefused, match="16 characters"):
        export_tenant(BytesIO(), tenant.id, passphrase="short", software="Lumira", actor="operator")

    assert resume_tenant(tenant.id, actor="operator")


def test_a_shop_that_is_resumed_meanwhile_is_not_exported(
    tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resume(_since: object) -> None:
        resume_tenant(tenant.id, actor="operator", discards_export=True)

    monkeypatch.setattr(export_tenant_module, "wait_until_still", resume)
    freeze_tenant(tenant.id, actor="operator")

    with pytest.raises(MoveRefused, match="was resumed"):
        export_tenant(BytesIO(), tenant.id, passphrase=PASSPHRASE, software="Lumira", actor="operator")


def test_an_export_waits_for_what_began_before_the_freeze(
    app: Flask, tenant: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stillness, "STILL_AFTER", stillness.STILL_AFTER * 0)
    monkeypatch.setattr(stillness, "_LONGEST_WAIT", -1.0)
    frozen_at = freeze_tenant(tenant.id, actor="operator")
    wait_until_still(frozen_at)
    monkeypatch.setattr(stillness.running_transactions, "list_running", lambda: {"7/1"})
    with pytest.raises(MoveRefused, match="backup"):
        wait_until_still(frozen_at)


def test_an_export_waits_longer_than_a_process_knows_a_tenant_as_it_was() -> None:
    assert stillness.STILL_AFTER.total_seconds() > 2 * tenancy._CACHE_SECONDS + committer.LONGEST


def test_what_lets_a_caller_in_can_be_removed_before_anything_else() -> None:
    with atomic(None):
        tables = [removal.table for removal in tenant_removal.list_removals()]
        references = tenant_tables.read_references()

    assert set(tables[: len(ACCESS)]) == ACCESS
    assert [
        each.table_name for each in references if each.target in ACCESS and each.table_name not in ACCESS
    ] == []


def test_nginx_gets_lines_for_the_moved_shop_alone(app: Flask, tenant: Brand) -> None:
    run = app.test_cli_runner().invoke
    printed = run(args=["tenants", "redirects", tenant.slug, "--to", "https://pay.example.org"])
    refused = run(args=["tenants", "redirects", tenant.slug, "--to", "https://pay.example.org/; }"])

    assert printed.exit_code == 0
    assert len(printed.output.splitlines()) == 3
    assert (
        f"/{tenant.slug}(?:/|$) {{ access_log off; return 307 https://pay.example.org$request_uri; }}"
        in printed.output
    )
    assert refused.exit_code == 1
