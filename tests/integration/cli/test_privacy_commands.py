"""The personal data of a buyer can be exported and erased."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import time_machine
from flask.testing import FlaskClient
from pypdf import PdfReader

from config.settings import Settings
from lumira import event_payloads
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.errors import Conflict
from lumira.errors.stripe import StripeUnavailable
from lumira.models import Customer, DeliverableState, EventStatus, Order, WebhookEvent
from lumira.notifications import delivery, relay
from lumira.reconciliation import reconcile
from lumira.repositories.receipts import receipt_proof
from lumira.services.access.change_access import grant_access
from lumira.services.checkout import create_payment_intent
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.privacy import erase_customer
from lumira.settlement.check_receipts import list_disagreements
from tests.integration.cli.conftest import RunFlask
from tests.support import files, refunds, seller, stripe_sandbox
from tests.support.factories import Brand, count, load_order, load_stock, open_cart, open_payment
from tests.support.portal_pages import path_of, reached_at
from tests.support.storage import kept_in
from tests.support.stripe_events import deliver, event, payment_intent

pytestmark = pytest.mark.usefixtures("app_context")

EMAIL, OTHER_EMAIL, NAME = "Zélie.Quentovic@Example.org", "zelie@quentovic.example", "Zélie Quentovic"
#: Texts that no row or file may hold afterwards, in lower case. JSON and e-mail encode the accent differently.
TRACES = ("quentovic", "zelie", "z\\u00e9lie", "zélie")


@pytest.fixture(autouse=True)
def public() -> Iterator[None]:
    with reached_at():
        yield


@pytest.fixture(autouse=True)
def folder(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """Store this test's files and e-mails in its own folder, because other tests write to the same buyer."""
    own = tmp_path / "instance"
    own.mkdir()
    delivery.configure(replace(settings, instance_path=own))
    with kept_in(own / "files"):
        yield own
    delivery.configure(settings)


@pytest.fixture
def brand(make_brand: Callable[..., Brand]) -> Brand:
    return make_brand(seller=seller.EXEMPT)


def live(brand: Brand) -> Order:
    """Create every kind of personal data: purchases, a refund, a declined attempt, files, e-mails, links, grants."""
    files.promise(brand, "mystique", "lecture")
    sold = {"customer_email": EMAIL, "customer_name": NAME, "metadata": {"friend": NAME}}
    opened = refunds.pay(brand, **sold)
    order = load_order(brand, opened.order_number)
    with atomic(brand.id):
        db.session.get_one(Order, (brand.id, order.id)).opener_network = "hash of the network of quentovic"
    files.upload(brand, order, name=f"{NAME}.pdf")
    files.change(brand, order, DeliverableState.DELIVERED)
    refunds.refund(brand, opened, 1000, call=refunds.keyed(f"refund-{NAME}"))
    refunds.run_sweep(brand)
    refunds.deliver_events(brand)
    customer = {"id": "cus_x", "object": "customer", "email": EMAIL.lower(), "name": NAME}
    deliver(brand, event("customer.updated", customer))
    charge = {"id": "ch_x", "object": "charge", "billing_details": {"name": NAME}}
    charge["payment_intent"] = opened.payment_intent_id
    deliver(brand, event("charge.succeeded", charge))
    second = refunds.pay(brand, "alchimique", customer_email=OTHER_EMAIL, customer_name=NAME)
    grant_access(
        brand.id,
        customer_email=EMAIL,
        product_id="intuitive",
        days=None,
        note=f"For {NAME}",
        actor="operator",
    )
    first_id, second_id = order.customer_id, load_order(brand, second.order_number).customer_id
    assert first_id is not None
    assert second_id is not None
    merge_customers(brand.id, second_id, first_id, actor="operator")
    relay.relay(brand.id)
    return load_order(brand, opened.order_number)


#: The rows of a partition are read through its table.
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
    "AND relnamespace = 'public'::regnamespace"
)


def traces_in_tables(brand: Brand) -> list[str]:
    """Return each row of each table, of the brand or of no tenant, that holds one of the traces."""
    found = []
    with atomic(brand.id):
        # As the owner of the database, to whom row-level security does not apply.
        db.session.execute(db.text("SET LOCAL ROLE NONE"))
        tables = db.session.execute(db.text(_TABLES))
        for table in tables.scalars().all():
            query = db.select(db.func.to_json(db.literal_column("t"))).select_from(db.table(table).alias("t"))
            rows = db.session.execute(query).scalars()
            for row in rows:
                if row.get("tenant_id") in (None, brand.id):
                    if row.get("compressed_payload"):
                        # The bytes do not show what they contain.
                        payload = bytes.fromhex(row["compressed_payload"].removeprefix("\\x"))
                        row["compressed_payload"] = event_payloads.parse(payload)
                    said = json.dumps(row, ensure_ascii=False).lower()
                    found += [f"{table}: {said}" for trace in TRACES if trace in said]
    return found


def traces_in_files(folder: Path) -> list[Path]:
    """Each file under the folder with anything of her in it or in its name."""
    needles = [trace.encode() for trace in TRACES] + [b"z=c3=a9lie"]
    everything = [path for path in folder.rglob("*") if path.is_file()]
    return [
        path
        for path in everything
        if any(
            needle in path.read_bytes().lower() or needle in path.name.lower().encode() for needle in needles
        )
    ]


def erase(run_flask: RunFlask, brand: Brand, email: str = EMAIL) -> str:
    said: str = run_flask("customers", "erase", email, "--tenant", brand.slug, "--yes").stdout
    return said


def test_no_table_or_file_holds_personal_data_of_an_erased_buyer(
    run_flask: RunFlask, brand: Brand, folder: Path
) -> None:
    live(brand)
    assert traces_in_tables(brand) != []
    assert traces_in_files(folder) != []

    assert "Erased: 2 orders" in erase(run_flask, brand)
    assert traces_in_tables(brand) == []
    assert traces_in_files(folder) == []
    assert files.all_files(brand) == []


def test_amounts_numbers_and_the_audit_log_stay_and_agree(run_flask: RunFlask, brand: Brand) -> None:
    order = live(brand)
    with atomic(brand.id):
        query = "SELECT count(*), min(at), max(id::text) FROM audit_entries"
        before = db.session.execute(db.text("SELECT kind, label, amount FROM receipts ORDER BY id")).all()
        entries = db.session.execute(db.text(query)).one()[0]
    erase(run_flask, brand)

    after = load_order(brand, order.order_number)
    assert (after.status, after.amount, len(after.payments)) == (order.status, order.amount, 1)
    with atomic(brand.id):
        assert (
            db.session.execute(db.text("SELECT kind, label, amount FROM receipts ORDER BY id")).all()
            == before
        )
        assert db.session.execute(db.text(query)).one()[0] == entries + 1
        assert receipt_proof.verify(brand.id).errors == []
    assert list_disagreements(brand.id) == []
    assert "The receipts are complete" in run_flask("receipts", "verify", "--tenant", brand.slug).stdout


def test_later_events_and_lookups_restore_no_personal_data(run_flask: RunFlask, brand: Brand) -> None:
    order = live(brand)
    erase(run_flask, brand)
    intent = order.payments[0].stripe_payment_intent_id
    again = {"id": "cus_x", "object": "customer", "email": OTHER_EMAIL, "name": NAME}
    charge = {"id": "ch_9", "object": "charge", "payment_intent": intent, "receipt_email": None}
    charge |= {
        "billing_details": {"name": NAME},
        "metadata": {"friend": NAME, "orderNumber": order.order_number},
    }
    refunded = charge | {
        "amount": 4700,
        "amount_refunded": 4700,
        "currency": "eur",
        "captured": True,
        "livemode": False,
    }
    deliver(
        brand,
        event("customer.updated", again),
        event("charge.succeeded", charge),
        event("charge.refunded", refunded),
    )
    # Events that were pulled before are pulled again, and the order is asked about at Stripe.
    with time_machine.travel(utc_now() + timedelta(hours=7)):
        reconcile.reconcile(brand.id)
    relay.relay(brand.id)

    assert traces_in_tables(brand) == []
    assert count(brand, WebhookEvent, type="charge.refunded", status=EventStatus.PROCESSED) >= 1
    # It was understood all the same.
    assert str(load_order(brand, order.order_number).status) == "refunded"


def test_a_refund_after_the_erasure_has_a_credit_note_and_no_email(run_flask: RunFlask, brand: Brand) -> None:
    opened = refunds.pay(brand, customer_email=EMAIL, customer_name=NAME)
    relay.relay(brand.id)
    erase(run_flask, brand)
    refunds.refund_in_dashboard(brand, opened)
    refunds.deliver_events(brand)

    said = run_flask("receipts", "list", brand.slug).stdout
    assert "-47.00" in said
    assert list_disagreements(brand.id) == []
    assert [str(message.kind) for message in load_order(brand, opened.order_number).messages] == [
        "order_confirmation"
    ]
    assert traces_in_tables(brand) == []


def test_a_later_checkout_session_event_does_not_restore_the_address(
    run_flask: RunFlask, brand: Brand
) -> None:
    opened = open_cart(brand, customer_email=None)
    page = {
        "id": opened.session_id,
        "object": "checkout.session",
        "status": "complete",
        "payment_status": "paid",
        "payment_intent": "pi_page",
        "amount_total": opened.amount,
        "currency": "eur",
        "expires_at": int(opened.expires_at.timestamp()),
        "livemode": False,
        "customer_details": {"email": EMAIL, "name": NAME},
        "metadata": {"orderNumber": opened.order_number},
    }
    deliver(brand, event("checkout.session.completed", page))
    relay.relay(brand.id)
    assert load_order(brand, opened.order_number).customer_email == EMAIL

    erase(run_flask, brand)
    deliver(brand, event("checkout.session.completed", page))
    assert load_order(brand, opened.order_number).customer_email is None
    assert traces_in_tables(brand) == []


def test_the_portal_link_of_an_erased_buyer_no_longer_works(
    run_flask: RunFlask, brand: Brand, client: FlaskClient
) -> None:
    refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)
    path = path_of(brand, EMAIL)
    assert client.get(path).status_code == 200

    erase(run_flask, brand)
    reply = client.get(path)
    assert reply.status_code in (404, 410)
    assert "Mystique" not in reply.get_data(as_text=True)


def test_an_erasure_can_be_repeated_and_a_later_order_creates_a_new_customer(
    run_flask: RunFlask, brand: Brand
) -> None:
    refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)
    erase(run_flask, brand)
    assert "Erased: 1 orders" in erase(run_flask, brand)

    back = refunds.pay(brand, customer_email=EMAIL)
    order = load_order(brand, back.order_number)
    assert order.customer_email == EMAIL
    assert count(brand, Customer) == 2
    relay.relay(brand.id)
    assert "Erased: 2 orders" in erase(run_flask, brand, EMAIL.lower())
    assert traces_in_tables(brand) == []


def test_an_erasure_says_which_contracts_the_law_keeps(run_flask: RunFlask, brand: Brand) -> None:
    kept = refunds.pay(brand, "shirt", customer_email=EMAIL, quantity=3)
    small = refunds.pay(brand, "shirt", customer_email=EMAIL)
    relay.relay(brand.id)
    said = erase(run_flask, brand)
    until = f"{utc_now().year + 10}-"
    assert f"{kept.order_number}: a contract of 120 EUR or more, kept until {until}" in said
    assert small.order_number not in said
    assert traces_in_tables(brand) == []


def test_an_erasure_leaves_the_same_buyer_at_another_tenant(
    run_flask: RunFlask, brand: Brand, other_tenant: Brand
) -> None:
    kept = refunds.pay(other_tenant, customer_email=EMAIL, customer_name=NAME)
    refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)
    before = traces_in_tables(other_tenant)
    erase(run_flask, brand)

    assert load_order(other_tenant, kept.order_number).customer_email == EMAIL
    assert traces_in_tables(other_tenant) == before


def test_unpaid_orders_that_anyone_can_open_are_closed_by_the_erasure(
    run_flask: RunFlask, brand: Brand
) -> None:
    bought = refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)
    payment = open_payment(brand, customer_email=EMAIL)
    declined = open_payment(brand, customer_email=EMAIL)
    stripe_sandbox.pay(
        brand, declined.payment_intent_id, declined.client_secret, "pm_card_visa_chargeDeclined"
    )
    unconfirmed = open_payment(brand, customer_email=EMAIL)
    stripe_sandbox.pay(
        brand, unconfirmed.payment_intent_id, unconfirmed.client_secret, "pm_card_threeDSecure2Required"
    )
    cart = open_cart(brand, customer_email=EMAIL)
    refunds.deliver_events(brand)
    assert load_order(brand, unconfirmed.order_number).status == "processing"

    assert "Closed: 4 unpaid orders." in erase(run_flask, brand)

    for opened in (payment, declined, unconfirmed, cart):
        assert load_order(brand, opened.order_number).status == "cancelled"
    open_intents = [
        intent["status"]
        for intent in stripe_sandbox.intents(brand)
        if intent["id"] != bought.payment_intent_id
    ]
    assert set(open_intents) == {"canceled"}
    assert [session["status"] for session in stripe_sandbox.checkout_sessions(brand)] == ["expired"]
    assert load_stock(brand, "shirt").reserved == 0
    assert traces_in_tables(brand) == []


def test_an_order_that_never_reached_stripe_is_closed_by_the_erasure(
    run_flask: RunFlask, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> str:
        raise StripeUnavailable("The process was killed.")

    with monkeypatch.context() as killed:
        killed.setattr(create_payment_intent, "ensure_stripe_customer", die)
        with pytest.raises(StripeUnavailable):
            open_payment(brand, "shirt", customer_email=EMAIL)
    assert load_stock(brand, "shirt").reserved == 1

    erase(run_flask, brand)

    assert load_stock(brand, "shirt").reserved == 0
    assert traces_in_tables(brand) == []


def test_an_order_that_is_being_opened_during_the_erasure_does_not_become_payable(
    run_flask: RunFlask, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)
    ensure = create_payment_intent.ensure_stripe_customer

    def erased_meanwhile(*arguments: Any, **options: Any) -> str | None:
        erase(run_flask, brand)
        return ensure(*arguments, **options)

    monkeypatch.setattr(create_payment_intent, "ensure_stripe_customer", erased_meanwhile)
    with pytest.raises(Conflict, match="closed"):
        open_payment(brand, customer_email=EMAIL)

    assert len(stripe_sandbox.intents(brand)) == 1
    assert traces_in_tables(brand) == []


def test_while_stripe_is_unavailable_nothing_is_erased(run_flask: RunFlask, brand: Brand, app: Any) -> None:
    opened = open_payment(brand, customer_email=EMAIL)
    stripe_sandbox.fail_next(brand, "500_before", method="GET", times=10)
    command = ["customers", "erase", EMAIL, "--tenant", brand.slug, "--yes"]
    assert (
        app.test_cli_runner()
        .invoke(args=command)
        .stderr.endswith("Error: Stripe has a problem at the moment.\n")
    )
    assert load_order(brand, opened.order_number).customer_email == EMAIL

    stripe_sandbox.clear_faults(brand)
    erase(run_flask, brand)
    assert load_order(brand, opened.order_number).customer_email is None


def test_a_bank_debit_in_progress_prevents_the_erasure_and_is_named(
    run_flask: RunFlask, brand: Brand
) -> None:
    opened = open_payment(brand, customer_email=EMAIL)
    processing = payment_intent(id=str(opened.payment_intent_id), status="processing", latest_charge="py_1")
    deliver(brand, event("payment_intent.processing", processing))

    refused = run_flask("customers", "erase", EMAIL, "--tenant", brand.slug, "--yes", code=1)

    assert f"Order {opened.order_number} has a payment or refund in progress" in refused.stderr
    assert load_order(brand, opened.order_number).status == "processing"


def test_a_free_order_with_undelivered_work_does_not_prevent_the_erasure(
    run_flask: RunFlask, brand: Brand
) -> None:
    files.promise(brand, "simple", "lecture")
    open_payment(brand, "simple", customer_email=EMAIL)
    relay.relay(brand.id)

    erase(run_flask, brand)
    assert traces_in_tables(brand) == []


def test_a_payment_that_arrives_after_the_erasure_alerts_the_team(run_flask: RunFlask, brand: Brand) -> None:
    opened = open_payment(brand, customer_email=EMAIL)
    erase(run_flask, brand)

    paid = payment_intent(id=str(opened.payment_intent_id), status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))

    order = load_order(brand, opened.order_number)
    assert (order.status, order.customer_email) == ("completed", None)
    assert refunds.alerts_of(brand) == [("paid_without_recipient", opened.order_number)]


def test_an_order_under_review_prevents_the_erasure_and_is_named(run_flask: RunFlask, brand: Brand) -> None:
    opened = open_payment(brand, customer_email=EMAIL)
    paid = payment_intent(id=str(opened.payment_intent_id), amount=1, status="succeeded")
    deliver(brand, event("payment_intent.succeeded", paid))
    refused = run_flask("customers", "erase", EMAIL, "--tenant", brand.slug, "--yes", code=1)
    assert "was paid with another amount or currency than its own" in refused.stderr
    assert load_order(brand, opened.order_number).customer_email == EMAIL


def test_a_disputed_order_prevents_the_erasure_and_is_named(run_flask: RunFlask, brand: Brand) -> None:
    opened = refunds.pay(brand, customer_email=EMAIL)
    refunds.disputed(brand, opened)
    refunds.deliver_events(brand)
    refused = run_flask("customers", "erase", EMAIL, "--tenant", brand.slug, "--yes", code=1)
    assert "is disputed" in refused.stderr


def test_an_undelivered_deliverable_prevents_the_erasure_and_is_named(
    run_flask: RunFlask, brand: Brand
) -> None:
    files.promise(brand, "mystique", "lecture")
    opened = refunds.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)
    refused = run_flask("customers", "erase", EMAIL, "--tenant", brand.slug, "--yes", code=1)
    assert "has deliverables that are not delivered yet" in refused.stderr

    refunds.refund(brand, opened)
    refunds.deliver_events(brand)
    relay.relay(brand.id)
    erase(run_flask, brand)
    assert traces_in_tables(brand) == []


def test_without_storage_the_rest_is_erased_and_a_repeat_removes_the_files(
    run_flask: RunFlask, brand: Brand, folder: Path
) -> None:
    live(brand)
    kept = folder / "files"
    away = kept.rename(kept.with_name("away"))
    kept.write_bytes(b"no folder")
    try:
        run_flask("customers", "erase", EMAIL, "--tenant", brand.slug, "--yes", code=1)
        assert traces_in_tables(brand) == []
        assert traces_in_files(folder) == []
    finally:
        kept.unlink()
        away.rename(kept)
    assert files.all_files(brand) != []
    erase(run_flask, brand)
    assert files.all_files(brand) == []


def test_an_interrupted_erasure_is_completed_by_the_next(
    run_flask: RunFlask, brand: Brand, folder: Path
) -> None:
    live(brand)
    # The process died here: rows are emptied, events and files are not.
    erase_customer._erase_rows(brand.id, EMAIL, actor="operator")
    assert {each.partition(":")[0] for each in traces_in_tables(brand)} == {"webhook_events"}

    erase(run_flask, brand)
    assert traces_in_tables(brand) == []
    assert traces_in_files(folder) == []
    assert files.all_files(brand) == []


def test_an_erasure_asks_for_confirmation(run_flask: RunFlask, brand: Brand, app: Any) -> None:
    opened = refunds.pay(brand, customer_email=EMAIL)
    arguments = ["customers", "erase", EMAIL, "--tenant", brand.slug]
    assert app.test_cli_runner().invoke(args=arguments, input="n\n").exit_code == 1
    assert load_order(brand, opened.order_number).customer_email == EMAIL
    run_flask(*arguments, stdin="y\n")
    assert load_order(brand, opened.order_number).customer_email is None


@pytest.mark.parametrize("command", [("erase", "--yes"), ("export",)])
def test_an_unknown_address_is_reported(
    run_flask: RunFlask, brand: Brand, command: tuple[str, ...], tmp_path: Path
) -> None:
    name, *options = command
    options += ["--output", str(tmp_path / "her.zip")] if name == "export" else []
    refused = run_flask("customers", name, "unknown@example.org", "--tenant", brand.slug, *options, code=1)
    assert "no customer with this e-mail address" in refused.stderr


def test_an_export_contains_rows_receipts_files_emails_and_events(
    run_flask: RunFlask, brand: Brand, tmp_path: Path
) -> None:
    order = live(brand)
    path = tmp_path / "her.zip"
    run_flask("customers", "export", EMAIL, "--tenant", brand.slug, "--output", path)

    assert path.stat().st_mode & 0o077 == 0
    with ZipFile(path) as archive:
        names = archive.namelist()
        rows = json.loads(archive.read("data.json"))
        receipts = [name for name in names if name.startswith("receipts/")]
        with archive.open(receipts[0]) as file:
            assert NAME in PdfReader(file).pages[0].extract_text()
        [made] = [name for name in names if name.startswith("files/")]
        assert archive.read(made) == files.PDF
        emails = [archive.read(name) for name in names if name.startswith("emails/")]
    assert {each["email"] for each in rows["customers"]} == {EMAIL, OTHER_EMAIL}
    assert len(receipts) == len(rows["receipts"]) == 3
    assert len(emails) >= 3
    assert order.order_number in {each["order_number"] for each in rows["orders"]}
    event_types = {row["type"] for row in rows["webhook_events"]}
    assert {"payment_intent.succeeded", "customer.updated", "charge.succeeded"} <= event_types
    held = {"audit_entries", "payments", "payment_requests", "refunds", "outbox_messages", "manual_grants"}
    assert held <= set(rows)
    assert "clientSecret" not in json.dumps(rows.get("idempotency_keys", []))


def test_an_export_contains_no_other_tenant_or_buyer_and_overwrites_nothing(
    run_flask: RunFlask, brand: Brand, other_tenant: Brand, tmp_path: Path
) -> None:
    refunds.pay(brand, customer_email=EMAIL)
    others = [refunds.pay(brand), refunds.pay(other_tenant, customer_email=EMAIL)]
    path = tmp_path / "her.zip"
    arguments = ("customers", "export", EMAIL, "--tenant", brand.slug, "--output", path)
    run_flask(*arguments)

    with ZipFile(path) as archive:
        everything = archive.read("data.json").decode()
    assert [each.order_number for each in others if each.order_number in everything] == []
    assert str(path) in run_flask(*arguments, code=1).stderr
