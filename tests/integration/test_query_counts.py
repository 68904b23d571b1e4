"""How many statements the database is asked on the busiest paths.

The numbers are exact, so that one statement more shows where it is added, and not as a slower figure months later.
A statement for many rows (`executemany`, one INSERT of many VALUES) counts once. That a transaction begins, and whose
it is, travels with the first word to the server and is not counted.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from flask.testing import FlaskClient

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.link_tokens import LinkAddress
from lumira.models import CrmTask, DeliverableState, EventStatus, Product, Receipt, WebhookEvent
from lumira.notifications import relay
from lumira.reconciliation import reconcile
from lumira.repositories.customers import access_links, customers
from lumira.repositories.tenants import tenants
from lumira.services.access.change_access import grant_access
from lumira.services.portal.view_purchases import view_purchases
from lumira.webhooks import process
from tests.support import seller, stripe_events, stripe_sandbox
from tests.support.factories import BUYER, Brand, count, open_cart, open_payment
from tests.support.files import buy, change, contain, promise, upload
from tests.support.refunds import pay
from tests.support.statements import Statements
from tests.support.stripe_events import encode, payment_intent, signature

pytestmark = pytest.mark.usefixtures("app_context")

#: The event and its wake-up, with their tenant, in one function.
ACCEPTED_EVENT = 1
#: The events, the tenant, the orders' ids, the orders, of which kinds they have rows, and three kinds of their rows;
#: everything written in one message; the wake-up for the messages.
BATCH_OF_NEW_PAYMENTS = 10
#: All of that is read, with the grants and the messages, and nothing but the events written.
BATCH_OF_REPEATS = 11
#: The events, the tenant, that no order is locked; the events written.
BATCH_OF_IGNORED_TYPES = 4
#: The same, and the balance transactions that charges name.
BATCH_OF_UPDATED_CHARGES = 5
#: The numbers of all receipts taken, and the receipts written, where the tenant has a seller's legal lines.
RECEIPTS_OF_A_BATCH = 2
#: The records of all orders enqueued, where the tenant's CRM is on; nothing where it is not.
CRM_OF_A_BATCH = 1
#: What each event of a batch adds to it.
FOR_EACH_EVENT = 0
#: Three transactions: the order; the Stripe customer and the frozen request; the payment and the reply.
OPENED_PAYMENT_OF_A_NEW_BUYER = 7
#: The customer is known at Stripe: nothing is attached.
OPENED_PAYMENT_OF_A_KNOWN_BUYER = 7
#: The call is claimed. It is connected with its order by the statement that inserts the order, renewed and answered by
#: those that lock the order again.
IDEMPOTENCY_KEY = 1
#: One transaction: the tenant, the product, the customer and its free orders; the order, its line, grant and message,
#: and its audit entries; the wake-up for the message.
FREE_ORDER = 6
#: Four transactions: the pages' domains; and those of a payment, with two products, their lines and their stock.
OPENED_CART = 12
#: The tenant, the orders, their lines and their payments.
LISTED_ORDERS = 3
#: The customer, the grants of its orders, and manual ones.
SHOWN_ACCESS = 3
#: The state of the catalog, with its tenant, in one function: nothing of the catalog itself.
READ_CATALOG = 1
#: The account, the watermark, which of the events are known; the tenant locked, and its watermark written;
#: the open alerts about Stripe.
RECONCILED_WITHOUT_NEWS = 6
#: Who holds the link, whose page it is, the orders, of which kinds they have rows, five kinds of their rows; what they
#: contain and what was made, each with its files; the receipts; what was given, by an order or by hand, and its names,
#: levels, contents and files.
BUYERS_PAGE = 19
#: The lock of the job; messages found, others of their orders; claimed, locked with their orders, of which kinds they
#: have rows, five kinds of their rows and the tenant; the messages locked and marked; that no further message is due.
BATCH_OF_MESSAGES = 16
#: The customer and the receipt.
FOR_EACH_MESSAGE = 2
#: The messages that were sent sooner than others locked and marked; that no further message is due.
FOR_EACH_SENT_SOONER = 3


def paid(intent_id: str) -> dict[str, Any]:
    intent = payment_intent(id=intent_id, status="succeeded", latest_charge=f"ch_{intent_id}")
    return stripe_events.event("payment_intent.succeeded", intent)


def fill_inbox(brand: Brand, events: list[dict[str, Any]]) -> None:
    for stripe_event in events:
        stripe_events.receive(brand, stripe_event)


def handled(brand: Brand, status: EventStatus) -> int:
    return count(brand, WebhookEvent, status=status)


def test_an_accepted_event_takes_one_statement_that_commits_by_itself(
    client: FlaskClient, tenant: Brand, statements: Statements
) -> None:
    def deliver(stripe_event: dict[str, Any]) -> None:
        body = encode(stripe_event)
        reply = client.post(
            f"/api/webhooks/stripe/{tenant.slug}",
            data=body,
            headers={"Stripe-Signature": signature(body, tenant.webhook_secret)},
        )
        assert reply.status_code == 200

    deliver(paid("pi_first"))
    again = paid("pi_again")
    ignored = stripe_events.event("customer.created", {"id": "cus_1", "object": "customer"})
    # The second time it is a repeat.
    for stripe_event in (again, again, ignored):
        sent = statements.made_by(lambda stripe_event=stripe_event: deliver(stripe_event))
        assert len(sent) == ACCEPTED_EVENT, sent
        assert sent[0].startswith("inbox: SELECT lumira_receive_events(")


@pytest.mark.parametrize("events", [2, 9])
def test_a_batch_of_new_payments_takes_the_same_statements_for_any_number(
    tenant: Brand, statements: Statements, events: int
) -> None:
    opened = [open_payment(tenant) for _ in range(events)]
    fill_inbox(tenant, [paid(str(payment.payment_intent_id)) for payment in opened])

    sent = statements.made_by(lambda: process.process_batch(tenant.id))
    assert len(sent) == BATCH_OF_NEW_PAYMENTS + FOR_EACH_EVENT * events, "\n".join(sent)
    assert handled(tenant, EventStatus.PROCESSED) == events


@pytest.mark.parametrize("events", [2, 9])
def test_the_receipts_of_a_batch_take_the_same_statements_for_any_number(
    make_brand: Callable[..., Brand], statements: Statements, events: int
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = [open_payment(brand) for _ in range(events)]
    fill_inbox(brand, [paid(str(payment.payment_intent_id)) for payment in opened])

    sent = statements.made_by(lambda: process.process_batch(brand.id))
    assert len(sent) == BATCH_OF_NEW_PAYMENTS + RECEIPTS_OF_A_BATCH + FOR_EACH_EVENT * events, "\n".join(sent)
    assert count(brand, Receipt) == events


@pytest.mark.parametrize("events", [2, 9])
def test_the_crm_of_a_tenant_takes_one_statement_for_any_number_of_payments(
    tenant: Brand, statements: Statements, events: int
) -> None:
    with atomic(tenant.id):
        own = tenants.get(tenant.id)
        own.crm_switched_on_at, own.crm_takes_test_sales = utc_now() - timedelta(days=1), True
    opened = [open_payment(tenant) for _ in range(events)]
    fill_inbox(tenant, [paid(str(payment.payment_intent_id)) for payment in opened])

    sent = statements.made_by(lambda: process.process_batch(tenant.id))
    expected = BATCH_OF_NEW_PAYMENTS + CRM_OF_A_BATCH + FOR_EACH_EVENT * events
    assert len(sent) == expected, "\n".join(sent)
    # The customer, and the order and the invoice of each payment.
    assert count(tenant, CrmTask) == 1 + 2 * events


@pytest.mark.parametrize("events", [2, 9])
def test_a_batch_of_duplicates_writes_only_its_events(
    tenant: Brand, statements: Statements, events: int
) -> None:
    opened = [open_payment(tenant) for _ in range(events)]
    fill_inbox(tenant, [paid(str(payment.payment_intent_id)) for payment in opened])
    process.process_batch(tenant.id)
    fill_inbox(tenant, [paid(str(payment.payment_intent_id)) for payment in opened])

    sent = statements.made_by(lambda: process.process_batch(tenant.id))
    assert len(sent) == BATCH_OF_REPEATS + FOR_EACH_EVENT * events, "\n".join(sent)
    assert handled(tenant, EventStatus.PROCESSED) == 2 * events


@pytest.mark.parametrize("events", [2, 9])
def test_a_batch_of_ignored_types_loads_no_order(tenant: Brand, statements: Statements, events: int) -> None:
    customer = {"id": "cus_1", "object": "customer"}
    fill_inbox(tenant, [stripe_events.event("customer.created", customer) for _ in range(events)])

    sent = statements.made_by(lambda: process.process_batch(tenant.id))
    assert len(sent) == BATCH_OF_IGNORED_TYPES + FOR_EACH_EVENT * events, "\n".join(sent)
    assert handled(tenant, EventStatus.IGNORED) == events


@pytest.mark.parametrize("events", [2, 9])
def test_a_batch_of_updated_charges_loads_no_order(
    tenant: Brand, statements: Statements, events: int
) -> None:
    for number in range(events):
        intent_id = open_payment(tenant).payment_intent_id
        charge = {
            "id": f"ch_{number}",
            "object": "charge",
            "payment_intent": intent_id,
            "balance_transaction": f"txn_{number}",
            "metadata": {"orderNumber": "LUM-7Q2MZX41KD", "tenant": tenant.slug},
        }
        fill_inbox(tenant, [stripe_events.event("charge.updated", charge)])

    sent = statements.made_by(lambda: process.process_batch(tenant.id))
    assert len(sent) == BATCH_OF_UPDATED_CHARGES + FOR_EACH_EVENT * events, "\n".join(sent)
    assert handled(tenant, EventStatus.PROCESSED) == events


def test_reconciliation_looks_up_delivered_events_in_one_statement(
    tenant: Brand, statements: Statements
) -> None:
    def look(minutes: int) -> int:
        with time_machine.travel(utc_now() + timedelta(minutes=minutes), tick=True):
            return reconcile.reconcile(tenant.id, steps=(reconcile.Step.EVENTS,)).events_recovered

    for _ in range(3):
        opened = open_payment(tenant)
        stripe_sandbox.pay(tenant, opened.payment_intent_id, opened.client_secret)
    assert look(minutes=2) > 1

    sent = statements.made_by(lambda: look(minutes=4))
    assert len(sent) == RECONCILED_WITHOUT_NEWS, "\n".join(sent)


@pytest.mark.parametrize("path", ["products", "payments"])
def test_creating_a_payment_takes_the_same_statements_every_time(
    client: FlaskClient, tenant: Brand, statements: Statements, path: str
) -> None:
    def open_for(buyer: str) -> None:
        body = {"productId": "mystique", "customerEmail": buyer}
        reply = client.post(f"/api/{path}/create-payment-intent", json=body, headers=tenant.publishable)
        assert reply.status_code == 200

    open_for("other-buyer@example.com")
    sent = statements.made_by(lambda: open_for(BUYER))
    assert len(sent) == OPENED_PAYMENT_OF_A_NEW_BUYER, "\n".join(sent)
    sent = statements.made_by(lambda: open_for(BUYER))
    assert len(sent) == OPENED_PAYMENT_OF_A_KNOWN_BUYER, "\n".join(sent)


def test_an_idempotency_key_takes_the_same_statements_every_time(
    client: FlaskClient, tenant: Brand, statements: Statements
) -> None:
    def open_under(key: str) -> None:
        body = {"productId": "mystique", "customerEmail": f"{key}@example.com"}
        headers = {**tenant.publishable, "Idempotency-Key": key}
        reply = client.post("/api/products/create-payment-intent", json=body, headers=headers)
        assert reply.status_code == 200

    open_under("a-first-purchase")
    sent = statements.made_by(lambda: open_under("another-purchase"))
    assert len(sent) == OPENED_PAYMENT_OF_A_NEW_BUYER + IDEMPOTENCY_KEY, "\n".join(sent)


def test_a_free_order_takes_the_same_statements_every_time(tenant: Brand, statements: Statements) -> None:
    open_payment(tenant, "simple", customer_email="other-buyer@example.com")
    sent = statements.made_by(lambda: open_payment(tenant, "simple"))
    assert len(sent) == FREE_ORDER, "\n".join(sent)


def test_a_cart_takes_the_same_statements_every_time(tenant: Brand, statements: Statements) -> None:
    open_cart(tenant, customer_email="other-buyer@example.com")
    sent = statements.made_by(lambda: open_cart(tenant))
    assert len(sent) == OPENED_CART, "\n".join(sent)


@pytest.mark.parametrize("number", [1, 4])
def test_lists_take_the_same_statements_for_any_number(
    client: FlaskClient, tenant: Brand, statements: Statements, number: int
) -> None:
    for _ in range(number):
        buy(tenant)

    def read(path: str) -> list[str]:
        # The first request finds the caller, who is then cached.
        client.get(path, headers=tenant.secret)
        return statements.made_by(lambda: client.get(path, headers=tenant.secret))

    listed, shown = read("/api/orders"), read(f"/api/access?customerEmail={BUYER}")
    assert len(listed) == LISTED_ORDERS, "\n".join(listed)
    assert len(shown) == SHOWN_ACCESS, "\n".join(shown)


@pytest.mark.parametrize("path", ["/api/products", "/api/products/shirt", "/api/stripe/levels"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_catalog_that_was_read_takes_one_statement(
    client: FlaskClient, tenant: Brand, statements: Statements, path: str, is_known: bool
) -> None:
    shown = client.get(path, headers=tenant.publishable)
    known = {"If-None-Match": shown.headers["ETag"]} if is_known else {}

    def ask() -> None:
        expected = 304 if is_known else 200
        assert client.get(path, headers={**tenant.publishable, **known}).status_code == expected

    sent = statements.made_by(ask)
    assert len(sent) == READ_CATALOG, "\n".join(sent)
    assert sent[0].startswith("inbox: SELECT created_at, version, available FROM lumira_catalog_state(")


def test_a_portal_page_takes_the_same_statements_for_any_number_of_purchases(
    tenant: Brand, statements: Statements
) -> None:
    promise(tenant, "mystique", "lecture")
    contain(tenant, "mystique", "carte", "audio")
    costs = []
    for product in ("alchimique", "integrale"):
        with atomic(tenant.id):
            db.session.get_one(Product, (tenant.id, product)).includes_lower_levels = True
        for _ in range(3):
            order = buy(tenant)
            upload(tenant, order)
            change(tenant, order, DeliverableState.DELIVERED)
        grant_access(
            tenant.id, customer_email=BUYER, product_id=product, days=None, note=None, actor="operator"
        )
        with atomic(tenant.id):
            holder = customers.get_current(tenant.id, BUYER)
            link = access_links.get_or_create(tenant.id, holder.id, utc_now())
        address = LinkAddress(tenant.id, link.id)
        costs.append(len(statements.made_by(lambda address=address: view_purchases(address))))
    assert costs == [BUYERS_PAGE, BUYERS_PAGE]


def test_messages_are_composed_in_batches(
    make_brand: Callable[..., Brand], statements: Statements, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine rendering takes longer than this, and the relay looks for further messages meanwhile.
    monkeypatch.setattr(relay, "_LOOK_EVERY", 60.0)
    brand = make_brand(seller=seller.EXEMPT)

    def statements_for(number: int) -> int:
        for _ in range(number):
            pay(brand, customer_email=f"{uuid4()}@example.com")
        return len(statements.made_by(lambda: relay.relay(brand.id)))

    one, all_at_once = statements_for(1), statements_for(relay.AT_A_TIME)
    assert one == BATCH_OF_MESSAGES + FOR_EACH_MESSAGE
    expected = BATCH_OF_MESSAGES + relay.AT_A_TIME * FOR_EACH_MESSAGE
    assert expected <= all_at_once < expected + relay.AT_A_TIME * FOR_EACH_SENT_SOONER
