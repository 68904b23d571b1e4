"""The figures of a customer are the sums of what settling wrote on the orders."""

from random import Random

import pytest

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import disputes, order_money, payments, refunds
from lumira.domain.cart_price import price_of
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.disputes import DisputeFacts
from lumira.domain.payments import IntentFacts
from lumira.domain.refunds import ChargeFacts, RefundFacts
from lumira.models import Customer, DisputeStatus, Order, RefundStatus
from lumira.models.columns import uuid7
from lumira.repositories.catalog import products
from lumira.repositories.customers import customers
from lumira.repositories.customers.customer_figures import CustomerFigures, figures_of
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.services.checkout.open_order import open_order as freeze_order
from lumira.settlement.settle_order import settle_order
from tests.support.factories import BUYER, Brand
from tests.support.refunds import keyed

pytestmark = pytest.mark.usefixtures("app_context")


def open_order(brand: Brand, customer: Customer) -> Order:
    product = products.get_product(brand.id, "mystique")
    opened = freeze_order(
        tenants.get(brand.id),
        CheckoutCommand((CheckoutItem(product.id),), customer.email, source="test"),
        items=[(product, 1)],
        price=price_of([(product, 1)]),
        customer=customer,
        livemode=False,
        call=keyed(),
    )
    # Opening inserts the rows without loading them into the session.
    return orders.lock_order(brand.id, opened.id)


def live(order: Order, dice: Random) -> None:
    """Record a payment that succeeded or not, and random refunds and disputes of it."""
    intent, charges = f"pi_{order.id}", [f"ch_{order.id}_{number}" for number in range(dice.randint(1, 2))]
    if dice.random() < 0.2:
        return
    payments.record_succeeded(
        order,
        IntentFacts(
            id=intent,
            status="succeeded",
            amount=4700,
            currency="eur",
            amount_received=4700,
            charge_id=charges[0],
            reported_at=utc_now(),
        ),
        now=utc_now(),
    )
    for charge in charges:
        if dice.random() < 0.5:
            reported, uncaptured = dice.randint(0, 4700), dice.choice((0, 0, 300))
            refunds.record_amount_refunded(
                order, ChargeFacts(charge, intent, 4700, "eur", reported, uncaptured)
            )
    for _ in range(dice.randint(0, 3)):
        refunds.record_refund(
            order,
            RefundFacts(
                id=f"re_{uuid7()}",
                charge_id=dice.choice((*charges, None)),
                amount=dice.randint(1, 2000),
                currency="eur",
                status=dice.choice(list(RefundStatus)),
            ),
            now=utc_now(),
        )
    if dice.random() < 0.3:
        status = dice.choice(list(DisputeStatus))
        facts = DisputeFacts(f"du_{order.id}", charges[0], 900, "eur", status, 1, None, None)
        disputes.record_dispute(order, facts)


def expected(whole: list[Order]) -> CustomerFigures:
    made = [order for order in whole if order.completed_at is not None]
    figures = CustomerFigures(
        total_orders=len(made), last_order_at=max((order.created_at for order in made), default=None)
    )
    for order in whole:
        received = [payment.amount_received for payment in order.payments if payment.has_succeeded]
        if received:
            net = sum(received) - refunds.refunded_amount(order) - order_money.lost_amount(order)
            figures.total_spent["eur"] = figures.total_spent.get("eur", 0) + net
    return figures


@pytest.mark.parametrize("seed", range(8))
def test_figures_agree_with_the_facts_of_the_orders(tenant, seed):
    dice = Random(seed)
    with atomic(tenant.id):
        buyers = [
            customers.find_or_create(tenant.id, email=email, name=None)
            for email in (BUYER, "other@example.com", "nothing@example.com")
        ]
        whole: dict[Customer, list[Order]] = {buyer: [] for buyer in buyers}
        for buyer in buyers[:2]:
            for _ in range(12):
                order = open_order(tenant, buyer)
                live(order, dice)
                settle_order(order, actor="test")
                whole[buyer].append(order)

    with atomic(tenant.id):
        figures = figures_of(tenant.id, [buyer.id for buyer in buyers], now=utc_now())

    for buyer in buyers:
        expected_figures = expected(whole[buyer])
        is_active = any(grant.is_live for order in whole[buyer] for grant in order.grants)
        actual = figures[buyer.id]
        assert (actual.total_orders, actual.total_spent, actual.last_order_at) == (
            expected_figures.total_orders,
            expected_figures.total_spent,
            expected_figures.last_order_at,
        )
        assert actual.subscription_status == ("active" if is_active else "inactive")


def test_no_customers_have_no_figures(tenant):
    with atomic(tenant.id):
        assert figures_of(tenant.id, [], now=utc_now()) == {}
