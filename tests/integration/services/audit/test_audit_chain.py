"""The audit log cannot be changed unnoticed: by the application, by the owner of its tables, or by a late commit."""

import threading
from io import BytesIO
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from config.settings import Settings
from lumira.clients import storage
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain.audit_chain import digest_of
from lumira.domain.hash_chain import GENESIS
from lumira.models import Alert, AlertKind, AuditEntry, AuditLink
from lumira.repositories.audit import audit, audit_chain
from lumira.repositories.hash_chains import AUDIT
from lumira.services.audit.seal_entries import seal_all, seal_recent
from lumira.services.audit.verify_chain import verify_chain
from lumira.services.chains import heads
from lumira.services.chains.heads import store_heads
from tests.support.database_owner import database_owner, url_of
from tests.support.factories import Brand, count

pytestmark = pytest.mark.usefixtures("app_context")


def act(brand: Brand, number: int) -> None:
    with atomic(brand.id):
        audit.record(brand.id, actor="operator", action="tested", subject=f"order:{number}", number=number)


def entries(brand: Brand) -> list[AuditEntry]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditEntry).order_by(AuditEntry.id)).scalars())


def links(brand: Brand) -> list[AuditLink]:
    with atomic(brand.id):
        return list(db.session.execute(select(AuditLink).order_by(AuditLink.sequence)).scalars())


@pytest.fixture
def sealed(tenant: Brand) -> Brand:
    """A brand with five sealed entries, and its head stored."""
    for number in range(5):
        act(tenant, number)
    seal_recent(tenant.id)
    store_heads(tenant.id)
    assert verify_chain(tenant.id).errors == []
    return tenant


def rewrite_chain(connection: psycopg.Connection, brand: Brand) -> None:
    """Compute every link anew, as an attacker would who has read this code."""
    digest = GENESIS
    for link in links(brand):
        with atomic(brand.id):
            [linked] = audit_chain.list_links(brand.id, after=link.sequence - 1, limit=1)
        assert linked.entry is not None
        digest = digest_of(digest, linked.entry)
        connection.execute(
            "UPDATE audit_links SET digest = %s WHERE tenant_id = %s AND sequence = %s",
            (digest, brand.id, link.sequence),
        )


def test_each_entry_gets_one_link_however_often_it_is_sealed(tenant: Brand) -> None:
    for number in range(3):
        act(tenant, number)

    before = len(entries(tenant))
    assert seal_recent(tenant.id) == before
    assert seal_recent(tenant.id) == 0
    assert seal_all(tenant.id) == 0

    assert [link.entry_id for link in links(tenant)] == [entry.id for entry in entries(tenant)]
    assert [link.sequence for link in links(tenant)] == list(range(1, before + 1))
    assert verify_chain(tenant.id).links == before


def test_an_entry_that_is_committed_after_later_ones_were_sealed_is_sealed_too(
    app: Flask, tenant: Brand
) -> None:
    def act_and_seal() -> None:
        with app.app_context():
            act(tenant, 2)
            seal_recent(tenant.id)

    with atomic(tenant.id):
        audit.record(tenant.id, actor="operator", action="began_early", subject="order:1")
        db.session.flush()
        meanwhile = threading.Thread(target=act_and_seal)
        meanwhile.start()
        meanwhile.join(60)
    assert count(tenant, AuditLink) == count(tenant, AuditEntry) - 1

    seal_recent(tenant.id)

    assert count(tenant, AuditLink) == count(tenant, AuditEntry)
    assert verify_chain(tenant.id).errors == []


def test_processes_that_seal_at_once_make_one_chain(app: Flask, tenant: Brand) -> None:
    for number in range(20):
        act(tenant, number)
    barrier = threading.Barrier(4)

    def seal() -> None:
        with app.app_context():
            barrier.wait(60)
            seal_recent(tenant.id)

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert count(tenant, AuditLink) == count(tenant, AuditEntry)
    assert verify_chain(tenant.id).errors == []


def test_a_changed_entry_is_named(sealed: Brand, settings: Settings) -> None:
    changed = entries(sealed)[-2]
    with database_owner(settings) as connection:
        connection.execute("UPDATE audit_entries SET actor = 'stripe' WHERE id = %s", (changed.id,))

    [error] = verify_chain(sealed.id).errors

    assert f"the entry {changed.id} (tested of order:3) was changed" in error


def test_a_removed_entry_is_named(sealed: Brand, settings: Settings) -> None:
    removed = entries(sealed)[-3]
    with database_owner(settings) as connection:
        connection.execute("DELETE FROM audit_entries WHERE id = %s", (removed.id,))

    [error] = verify_chain(sealed.id).errors

    assert f"its entry {removed.id} was removed" in error


def test_a_removed_entry_with_its_link_is_named(sealed: Brand, settings: Settings) -> None:
    link = links(sealed)[-3]
    with database_owner(settings) as connection:
        _remove(connection, link.entry_id)

    errors = verify_chain(sealed.id).errors

    assert errors[0] == f"link {link.sequence} is missing"


def _remove(connection: psycopg.Connection, entry_id: UUID) -> None:
    connection.execute("DELETE FROM audit_links WHERE entry_id = %s", (entry_id,))
    connection.execute("DELETE FROM audit_entries WHERE id = %s", (entry_id,))


def test_a_chain_that_was_written_anew_disagrees_with_the_stored_head(
    sealed: Brand, settings: Settings
) -> None:
    with database_owner(settings) as connection:
        connection.execute(
            "UPDATE audit_entries SET actor = 'stripe' WHERE id = %s", (entries(sealed)[0].id,)
        )
        connection.commit()
        rewrite_chain(connection, sealed)

    [error] = verify_chain(sealed.id).errors

    assert "was written anew since" in error


def test_removed_last_entries_disagree_with_the_stored_head(sealed: Brand, settings: Settings) -> None:
    last = links(sealed)[-1]
    with database_owner(settings) as connection:
        _remove(connection, last.entry_id)

    [error] = verify_chain(sealed.id).errors

    assert f"names link {last.sequence}, which was removed" in error


def test_the_nightly_head_of_a_changed_chain_raises_an_alert_until_it_agrees_again(
    sealed: Brand, settings: Settings
) -> None:
    digest = links(sealed)[-1].digest
    change = "UPDATE audit_links SET digest = %s WHERE tenant_id = %s AND sequence = %s"
    with database_owner(settings) as connection:
        connection.execute(change, (bytes(32), sealed.id, len(links(sealed))))

    store_heads(sealed.id)
    assert _open_alerts(sealed) == [AlertKind.AUDIT_CHAIN_BROKEN]

    with database_owner(settings) as connection:
        connection.execute(change, (digest, sealed.id, len(links(sealed))))
    store_heads(sealed.id)
    assert _open_alerts(sealed) == []


def _open_alerts(brand: Brand) -> list[str]:
    with atomic(brand.id):
        query = select(Alert.kind).where(Alert.resolved_at.is_(None))
        return list(db.session.execute(query).scalars())


def test_a_head_that_was_changed_in_the_storage_is_reported(sealed: Brand) -> None:
    name = heads.name_of(AUDIT, sealed.id, utc_now().date())
    document = b"".join(storage.read(name)).replace(b'"sequence": ', b'"sequence": 1')
    storage.put(name, BytesIO(document), content_type="application/json")

    [error] = verify_chain(sealed.id).errors

    assert "was not signed with this SECRET_KEY" in error


@pytest.mark.parametrize("table", ["audit_entries", "audit_links"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET tenant_id = tenant_id"])
def test_the_application_can_neither_change_nor_remove_entries(
    sealed: Brand, table: str, change: str
) -> None:
    with pytest.raises(OperationalError, match="permission denied"), atomic(sealed.id):
        db.session.execute(text(change.format(table)))


@pytest.mark.parametrize("table", ["audit_entries", "audit_links"])
@pytest.mark.parametrize(
    "change", ["DELETE FROM {}", "UPDATE {} SET tenant_id = tenant_id", "TRUNCATE {} CASCADE"]
)
def test_the_owner_of_the_tables_is_refused_too(settings: Settings, table: str, change: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="The audit log is never changed"),
        psycopg.connect(url_of(settings)) as connection,
    ):
        connection.execute(change.format(table))
