"""What sales, refunds and disputes are in Dolibarr."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from lumira.clock import utc_now
from lumira.crm.sync import sync_crm
from lumira.database import atomic
from lumira.models import CrmElement, DisputeStatus, LostDisputePolicy, Order, RefundStatus
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.services.crm.change_connection import switch_off
from lumira.settlement.settle_order import settle_order
from tests.support import crm, refunds, seller
from tests.support.crm import cents
from tests.support.dolibarr import DolibarrSandbox
from tests.support.factories import BUYER, Brand, load_order, open_cart, open_payment
from tests.support.refunds import alerts_of, deliver_events, pay
from tests.support.stripe_sandbox import deliver_events as deliver_sessions
from tests.support.stripe_sandbox import pay_session


def test_a_paid_order_is_a_third_party_an_order_an_invoice_and_a_payment(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    order = crm.buy(shop, customer_name="Ada Lovelace")
    crm.sync(shop)

    assert crm.task_states(shop) == [("customer", "done"), ("order", "done"), ("invoice", "done")]
    [third_party] = dolibarr_server.third_parties()
    assert (third_party["name"], third_party["email"]) == ("Ada Lovelace", BUYER)
    crm.assert_written_once(shop, dolibarr_server, order)
    [written] = dolibarr_server.orders()
    assert written["ref_client"] == order.order_number
    assert [(str(link.element), link.ref, link.amount) for link in crm.links(shop)] == [
        ("third_party", "CU2611-00001", None),
        ("order", "SO2611-0001", order.amount),
        ("invoice", "IN2611-0001", order.amount),
    ]
    assert all(link.synced_at for link in crm.links(shop))


def test_settling_again_writes_nothing_again(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    order = crm.buy(shop)
    deliver_events(shop)
    crm.sync(shop)
    calls = len(dolibarr_server.calls())
    deliver_events(shop)
    crm.sync(shop, turns=2)

    assert len(dolibarr_server.calls()) == calls
    crm.assert_written_once(shop, dolibarr_server, order)


def test_two_orders_of_one_buyer_have_one_third_party(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    sold = [crm.buy(shop), crm.buy(shop, "intuitive")]
    crm.sync(shop)

    assert len(dolibarr_server.third_parties()) == 1
    crm.assert_written_once(shop, dolibarr_server, *sold)


@pytest.mark.parametrize("rate", ["0", "5.5", "10", "20"])
def test_a_cart_equals_what_was_charged_to_the_cent_at_every_vat_rate(
    shop: Brand, dolibarr_server: DolibarrSandbox, rate: str
) -> None:
    with atomic(shop.id) as session:
        connection = session.get_one(crm.CrmConnection, shop.id)
        connection.vat_rates = {"shirt": rate, "cap": "5.5"}
    opened = open_cart(shop, {"shirt": 7, "cap": 3})
    pay_session(shop, opened.session_id)
    deliver_sessions(shop)
    order = load_order(shop, opened.order_number)
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, order)
    [invoice] = dolibarr_server.invoices()
    assert [(line["qty"], line["tva_tx"]) for line in invoice["lines"]] == [("7", rate), ("3", "5.5")]


def test_a_product_without_a_rate_has_that_of_the_receipts(
    make_brand, dolibarr_server: DolibarrSandbox, app_context: None
) -> None:
    shop = make_brand(seller=seller.EXEMPT | {"vat_rate": "20"})
    crm.connect(shop, dolibarr_server)
    order = crm.buy(shop)
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, order)
    [invoice] = dolibarr_server.invoices()
    assert (invoice["total_tva"], invoice["total_ttc"]) == ("7.83", "47.00")


def test_each_refund_is_a_credit_note_that_is_paid_out(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    opened = pay(shop)
    for amount in (1000, 1, 699):
        refunds.refund_in_dashboard(shop, opened, amount=amount)
    deliver_events(shop)
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, load_order(shop, opened.order_number), refunded=1700)
    notes = [row for row in dolibarr_server.invoices() if row["type"] == 2]
    assert sorted(cents(note["total_ttc"]) for note in notes) == [-1000, -699, -1]
    [invoice] = [row for row in dolibarr_server.invoices() if row["type"] == 0]
    assert {note["source"] for note in notes} == {invoice["id"]}


def test_a_refund_before_the_order_is_written_comes_after_its_invoice(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    dolibarr_server.configure(down=True)
    opened = pay(shop)
    refunds.refund_in_dashboard(shop, opened, amount=4700)
    deliver_events(shop)
    crm.sync(shop, turns=2)
    assert dolibarr_server.orders() == []
    dolibarr_server.heal()
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, load_order(shop, opened.order_number), refunded=4700)


def test_partial_refunds_of_a_cart_with_two_rates_never_exceed_either_rate(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    with atomic(shop.id) as session:
        session.get_one(crm.CrmConnection, shop.id).vat_rates = {"shirt": "20", "cap": "5.5"}
    opened = open_cart(shop, {"shirt": 1, "cap": 1})
    pay_session(shop, opened.session_id)
    deliver_sessions(shop)
    [payment] = load_order(shop, opened.order_number).payments
    for amount in (3333, 3333, 1134):
        refunds.refund_in_dashboard(
            shop, None, payment_intent=payment.stripe_payment_intent_id, amount=amount
        )
    deliver_events(shop)
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, load_order(shop, opened.order_number), refunded=7800)
    by_rate: dict[str, int] = {}
    for note in (row for row in dolibarr_server.invoices() if row["type"] == 2):
        for line in note["lines"]:
            by_rate[line["tva_tx"]] = by_rate.get(line["tva_tx"], 0) + cents(line["total_ttc"])
    assert by_rate == {"20": -5900, "5.5": -1900}


def test_a_lost_dispute_is_a_credit_note(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    opened = pay(shop)
    dispute = refunds.disputed(shop, opened)
    refunds.close_dispute(shop, dispute["id"], "lost")
    deliver_events(shop)
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, load_order(shop, opened.order_number), refunded=4700)


def test_a_dispute_that_is_won_after_it_was_lost_is_invoiced_again(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    opened = pay(shop)
    dispute = refunds.disputed(shop, opened)
    refunds.close_dispute(shop, dispute["id"], "lost")
    deliver_events(shop)
    crm.sync(shop)
    change_facts(
        shop, opened.order_number, lambda order: setattr(order.disputes[0], "status", DisputeStatus.WON)
    )
    crm.sync(shop)

    assert balance(dolibarr_server) == [-4700, 4700, 4700]


def test_a_refund_that_failed_after_it_was_written_is_invoiced_again(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    opened = pay(shop)
    refunds.refund_in_dashboard(shop, opened, amount=1700)
    deliver_events(shop)
    crm.sync(shop)
    change_facts(
        shop, opened.order_number, lambda order: setattr(order.refunds[0], "status", RefundStatus.FAILED)
    )
    crm.sync(shop)

    assert balance(dolibarr_server) == [-1700, 1700, 4700]


def change_facts(brand: Brand, number: str, change: Callable[[Order], None]) -> None:
    """Record a fact on an order and settle it, as an event does."""
    with atomic(brand.id):
        order = orders.lock_order(brand.id, orders.get_order(brand.id, number).id)
        change(order)
        settle_order(order, actor="test")


def balance(server: DolibarrSandbox) -> list[int]:
    """The documents' totals, all of them paid by the same amount."""
    totals = sorted(cents(row["total_ttc"]) for row in server.invoices())
    assert all(row["status"] == 2 for row in server.invoices())
    assert sorted(cents(row["amount"]) for row in server.payments()) == totals
    return totals


def test_a_lost_dispute_is_left_to_the_shop_where_its_policy_says_so(
    tenant: Brand, dolibarr_server: DolibarrSandbox, app_context: None
) -> None:
    crm.connect(tenant, dolibarr_server, lost_disputes=LostDisputePolicy.REVIEW)
    opened = pay(tenant)
    dispute = refunds.disputed(tenant, opened)
    refunds.close_dispute(tenant, dispute["id"], "lost")
    deliver_events(tenant)
    crm.sync(tenant)

    crm.assert_written_once(tenant, dolibarr_server, load_order(tenant, opened.order_number))


def test_a_free_order_is_a_closed_order_without_an_invoice(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    open_payment(shop, "simple")
    crm.sync(shop)

    assert crm.task_states(shop) == [("customer", "done"), ("order", "done")]
    [written] = dolibarr_server.orders()
    assert (written["status"], written["total_ttc"]) == (3, "0.00")
    assert dolibarr_server.invoices() == dolibarr_server.payments() == []


def test_a_sale_of_test_mode_is_not_written(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    with atomic(shop.id):
        tenants.get(shop.id).crm_takes_test_sales = False
    crm.buy(shop)

    assert crm.tasks(shop) == []


def test_an_order_from_before_the_crm_was_switched_on_is_left_to_the_shop_with_its_refunds(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    with atomic(shop.id):
        tenants.get(shop.id).crm_switched_on_at = utc_now() + timedelta(minutes=1)
    opened = pay(shop)
    refunds.refund_in_dashboard(shop, opened, amount=100)
    deliver_events(shop)

    assert crm.tasks(shop) == []


def test_nothing_is_written_while_the_crm_is_off(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    crm.buy(shop)
    with atomic(shop.id):
        tenants.get(shop.id).crm_switched_on_at = None
    crm.sync(shop, turns=3)
    crm.buy(shop, "intuitive")

    assert dolibarr_server.calls() == []
    assert len(crm.pending(shop)) == 3


def test_a_connection_that_is_switched_off_in_a_turn_writes_no_further_record(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    crm.buy(shop)

    def switch_off_after_the_first() -> bool:
        if dolibarr_server.third_parties():
            switch_off(shop.id, actor="test")
        return False

    sync_crm(shop.id, is_stopping=switch_off_after_the_first)

    assert dolibarr_server.orders() == []
    assert crm.task_states(shop) == [("customer", "done"), ("order", "pending"), ("invoice", "pending")]


def test_a_sale_in_another_currency_is_parked_and_said_so(
    tenant: Brand, dolibarr_server: DolibarrSandbox, app_context: None
) -> None:
    crm.connect(tenant, dolibarr_server, currency="usd")
    order = crm.buy(tenant)
    crm.sync(tenant)

    assert crm.parked(tenant) == [("order", "currency_differs")]
    assert ("crm_parked", order.order_number) in alerts_of(tenant)
    assert dolibarr_server.orders() == []


def test_a_second_payment_that_is_refunded_by_itself_leaves_one_invoice(
    shop: Brand, dolibarr_server: DolibarrSandbox
) -> None:
    opened = pay(shop)
    refunds.pay_again(shop, opened)
    refunds.run_sweep(shop)
    deliver_events(shop)
    crm.sync(shop)

    crm.assert_written_once(shop, dolibarr_server, load_order(shop, opened.order_number))


def test_links_name_what_both_sides_have(shop: Brand, dolibarr_server: DolibarrSandbox) -> None:
    crm.buy(shop, customer_name="Ada")
    crm.sync(shop)

    [third_party] = [link for link in crm.links(shop) if link.element is CrmElement.THIRD_PARTY]
    assert third_party.agreed is not None
    assert (third_party.agreed["name"], third_party.agreed["email"]) == ("Ada", BUYER)
