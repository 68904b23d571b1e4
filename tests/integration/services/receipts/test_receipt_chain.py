"""Issued receipts cannot be changed unnoticed: by the application, by the owner of its tables, or by an erasure."""

import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest
import time_machine
from flask import Flask
from sqlalchemy import DateTime, Integer, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from config.settings import Settings
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import Alert, AlertKind, Receipt
from lumira.models.columns import table_of
from lumira.repositories.receipts import receipts
from lumira.services.chains.heads import store_heads
from lumira.services.installation.diagnose_work import diagnose_chains
from lumira.services.receipts import seal_receipts as sealing
from lumira.services.receipts import verify_chain
from lumira.services.receipts.seal_receipts import seal_receipts
from tests.integration.settlement.test_issue_receipts import pay, report_refund
from tests.support import seller
from tests.support.database_owner import database_owner, url_of
from tests.support.factories import Brand
from tests.support.receipt_chains import documents, links, make_live, rewrite, verified

pytestmark = pytest.mark.usefixtures("app_context")

#: Changes the link of the last of six documents.
_CHANGE_LAST = "UPDATE receipt_links SET digest = %s WHERE tenant_id = %s AND sequence = 6"


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    """A brand with four receipts and two credit notes, not sealed yet."""
    brand = make_brand(seller=seller.EXEMPT)
    for _ in range(2):
        pay(brand)
        report_refund(brand, pay(brand), 1000)
    return brand


@pytest.fixture
def live_brand(brand: Brand, settings: Settings) -> Brand:
    """The same documents, of live mode, sealed, and the head of their chain stored."""
    make_live(brand, settings)
    seal_receipts(brand.id)
    store_heads(brand.id)
    assert verified(brand).errors == []
    return brand


def test_each_document_gets_one_link_however_often_documents_are_sealed(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 1)
    assert seal_receipts(brand.id) == 6
    assert seal_receipts(brand.id) == 0
    pay(brand)
    assert seal_receipts(brand.id) == 1

    sealed = links(brand)
    assert [link.sequence for link in sealed] == list(range(1, 8))
    assert sorted((link.kind, link.number) for link in sealed) == sorted(
        (document.kind, document.number) for document in documents(brand)
    )
    for kind in ("receipt", "credit_note"):
        numbers = [link.number for link in sealed if link.kind == kind]
        assert numbers == sorted(numbers)
    assert (verified(brand).documents, verified(brand).links, verified(brand).errors) == (7, 7, [])


def test_documents_of_test_mode_have_a_chain_of_their_own(live_brand: Brand) -> None:
    with atomic(live_brand.id):
        db.session.execute(text("UPDATE orders SET livemode = false"))
    pay(live_brand)
    seal_receipts(live_brand.id)

    assert [(link.livemode, link.sequence) for link in links(live_brand)] == [
        (False, 1),
        *((True, sequence) for sequence in range(1, 7)),
    ]
    assert verified(live_brand).errors == []


def test_processes_that_seal_at_once_make_one_chain(app: Flask, brand: Brand) -> None:
    barrier = threading.Barrier(4)

    def seal() -> None:
        with app.app_context():
            barrier.wait(60)
            seal_receipts(brand.id)

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert len(links(brand)) == 6
    assert verified(brand).errors == []


def _other_value(column: str) -> str:
    """SQL for another value that the column accepts."""
    kind = table_of(Receipt).columns[column].type
    if column == "kind":
        return "'receipt', number = 99"
    if column == "time_zone":
        return "'UTC'"
    if column == "livemode":
        return "NOT livemode"
    if column == "currency":
        return "'usd'"
    if isinstance(kind, DateTime):
        return f"{column} - interval '1 microsecond'"
    if isinstance(kind, Uuid):
        return "gen_random_uuid()"
    if isinstance(kind, JSONB):
        return f"""coalesce({column}, '{{}}') || '[{{"a": 1}}]'"""
    if isinstance(kind, Integer):
        return f"coalesce({column}, 0) + 1"
    return f"{column} || 'x'"


@pytest.mark.parametrize(
    "column", [c.name for c in table_of(Receipt).columns if c.name not in ("tenant_id", "buyer")]
)
def test_every_value_of_a_document_but_the_buyer_is_sealed(
    brand: Brand, settings: Settings, column: str
) -> None:
    seal_receipts(brand.id)
    changed = documents(brand)[-1]
    with database_owner(settings) as connection:
        change = f"UPDATE receipts SET {column} = {_other_value(column)} WHERE id = %s"  # noqa: S608 - a column
        connection.execute(change, (changed.id,))

    first = verified(brand).errors[0]

    where = f"credit note {changed.number} of {changed.year}"
    if column in ("kind", "livemode", "year", "number"):
        assert first == f"link 6: {where} was removed"
    else:
        label = f"{changed.label}x" if column == "label" else changed.label
        assert first == f"{label}: it was changed after it was sealed (link 6, {where})"


def test_an_erased_buyer_and_a_buyer_who_becomes_known_break_no_chain(brand: Brand) -> None:
    seal_receipts(brand.id)
    order_ids = [document.order_id for document in documents(brand)]

    with atomic(brand.id):
        assert receipts.forget_buyer(brand.id, order_ids) == 6
    assert verified(brand).errors == []
    with atomic(brand.id):
        db.session.execute(text('UPDATE receipts SET buyer = \'{"name": "Camille"}\''))

    assert verified(brand).errors == []


def test_the_first_changed_document_is_named_first(brand: Brand, settings: Settings) -> None:
    seal_receipts(brand.id)
    with database_owner(settings) as connection:
        connection.execute(
            "UPDATE receipts SET order_number = 'X' WHERE tenant_id = %s AND number > 1", (brand.id,)
        )

    assert [sentence.partition(":")[0] for sentence in verified(brand).errors] == [
        document.label
        for document in sorted(documents(brand), key=lambda each: (each.kind != "receipt", each.number))
        if document.number > 1
    ]


@pytest.mark.parametrize("page", [1, 2, 5_000])
def test_a_removed_link_is_named_wherever_pages_end(
    brand: Brand, settings: Settings, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(verify_chain, "PAGE", page)
    make_live(brand, settings)
    seal_receipts(brand.id)
    # A chain of test mode, which is read first: its pages lead to the other one.
    with atomic(brand.id):
        db.session.execute(text("UPDATE orders SET livemode = false"))
    for _ in range(3):
        pay(brand)
    seal_receipts(brand.id)
    assert (verified(brand).links, verified(brand).errors) == (9, [])
    with database_owner(settings) as connection:
        connection.execute(
            "DELETE FROM receipt_links WHERE tenant_id = %s AND livemode AND sequence IN (2, 3)", (brand.id,)
        )

    found = verified(brand)
    assert "links 2 to 3 are missing" in found.errors
    assert found.links == 7


def test_a_chain_that_the_owner_writes_anew_disagrees_with_the_stored_head(
    live_brand: Brand, settings: Settings
) -> None:
    with database_owner(settings) as connection:
        connection.execute(
            "UPDATE receipts SET order_number = 'X' WHERE tenant_id = %s AND number = 1", (live_brand.id,)
        )
        connection.commit()
        rewrite(connection, live_brand)

    [error] = verified(live_brand).errors

    assert error == f"link 6 or one before it was written anew since {utc_now().date()}"


def test_the_last_documents_removed_with_their_links_disagree_with_the_stored_head(
    live_brand: Brand, settings: Settings
) -> None:
    last = links(live_brand)[-1]
    with database_owner(settings) as connection:
        for table in ("receipt_links", "receipts"):
            remove = f"DELETE FROM {table} WHERE tenant_id = %s AND kind = %s AND number = %s"  # noqa: S608 - constants
            connection.execute(remove, (live_brand.id, last.kind, last.number))

    assert f"the head of {utc_now().date()} names link 6, which was removed" in verified(live_brand).errors


def test_the_doctor_names_a_chain_of_receipts_that_was_changed(live_brand: Brand, settings: Settings) -> None:
    def found() -> list[str]:
        return [each.code for each in diagnose_chains(live_brand.id) if each.subject == "receipts"]

    assert found() == ["chain_agrees"]
    digest = links(live_brand)[-1].digest
    for written, code in ((bytes(32), "chain_differs"), (digest, "chain_agrees")):
        with database_owner(settings) as connection:
            connection.execute(_CHANGE_LAST, (written, live_brand.id))
        assert found() == [code]


def test_the_nightly_head_of_a_changed_chain_raises_an_alert_until_it_agrees_again(
    live_brand: Brand, settings: Settings
) -> None:
    digest = links(live_brand)[-1].digest
    with database_owner(settings) as connection:
        connection.execute(_CHANGE_LAST, (bytes(32), live_brand.id))

    store_heads(live_brand.id)
    assert _open_alerts(live_brand) == [AlertKind.RECEIPT_CHAIN_BROKEN]

    with database_owner(settings) as connection:
        connection.execute(_CHANGE_LAST, (digest, live_brand.id))
    store_heads(live_brand.id)
    assert _open_alerts(live_brand) == []


def _open_alerts(brand: Brand) -> list[str]:
    with atomic(brand.id):
        query = db.select(Alert.kind).where(Alert.resolved_at.is_(None))
        return list(db.session.execute(query).scalars())


def test_documents_that_are_not_sealed_for_a_day_are_mentioned(brand: Brand) -> None:
    with time_machine.travel(utc_now() + timedelta(hours=25)):
        assert verified(brand).remarks == [
            "6 documents are older than a day and not sealed: is a worker running?"
        ]
    assert verified(brand).remarks == []


def test_verify_reports_its_progress_for_links_and_orders(brand: Brand) -> None:
    seal_receipts(brand.id)
    reported: list[int] = []

    verified(brand, reported.append)

    assert sum(reported) == 6 + 4


CHANGES = {
    "receipts": ["DELETE FROM receipts", "UPDATE receipts SET amount = amount + 1"],
    "receipt_links": ["DELETE FROM receipt_links", "UPDATE receipt_links SET sequence = sequence"],
}


@pytest.mark.parametrize("change", [*CHANGES["receipts"], *CHANGES["receipt_links"]])
def test_the_application_can_neither_change_nor_remove_documents_and_links(brand: Brand, change: str) -> None:
    with pytest.raises(db.exc.DBAPIError, match="permission denied"), atomic(brand.id):
        db.session.execute(text(change))


@pytest.mark.parametrize(
    "change",
    [
        *CHANGES["receipts"],
        *CHANGES["receipt_links"],
        "TRUNCATE receipts CASCADE",
        "TRUNCATE receipt_links",
    ],
)
def test_the_owner_of_the_tables_is_refused_too(brand: Brand, settings: Settings, change: str) -> None:
    with (
        pytest.raises(psycopg.errors.InsufficientPrivilege, match="An issued document is never changed"),
        psycopg.connect(url_of(settings)) as connection,
    ):
        connection.execute(change)
