"""Postage on receipts, in refunds and in withdrawals."""

from typing import Any

import pytest

from lumira.database import atomic
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.domain.goods.addresses import Address
from lumira.errors.orders import NotRefundable
from lumira.models import Fulfilment, OrderStatus
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.receipts import receipts
from lumira.services.refunds.request_refund import request_refund
from tests.support import seller, stripe_sandbox
from tests.support.factories import Brand, load_order, open_cart
from tests.support.shipping import ZONES
from tests.support.stripe_sandbox import deliver_events

pytestmark = pytest.mark.usefixtures("app_context")
ADDRESS = Address("FR", name="Ana Martin", line1="12 rue des Lilas", postal_code="75011", city="Paris")


@pytest.fixture
def shop(make_brand) -> Brand:
    return make_brand(shipping_zones=ZONES, seller=seller.EXEMPT)


def paid(shop: Brand, items: dict[str, int]) -> str:
    opened = open_cart(shop, items, shipping=ADDRESS)
    stripe_sandbox.pay_session(shop, str(opened.session_id))
    deliver_events(shop)
    return opened.order_number


def refund(shop: Brand, number: str, **command: Any) -> None:
    [payment] = load_order(shop, number).payments
    request_refund(
        shop.id,
        payment.stripe_payment_intent_id,
        call=Call(fingerprint="f", actor="test"),
        command=RefundCommand(**command),
    )
    deliver_events(shop)


def documents(shop: Brand, number: str) -> list[tuple[int, list[tuple[str, int]]]]:
    order = load_order(shop, number)
    with atomic(shop.id):
        found = receipts.list_of_orders(shop.id, [order.id])
        return [
            (each.signed_amount, [(line["name"], line["amount"]) for line in each.lines]) for each in found
        ]


def test_the_receipt_has_a_line_for_the_postage_and_adds_up(shop: Brand) -> None:
    number = paid(shop, {"cap": 2})
    assert documents(shop, number) == [(4290, [("Casquette", 3800), ("Frais de port : France", 490)])]


def test_a_refund_of_lines_keeps_the_postage_unless_it_is_chosen(shop: Brand) -> None:
    number = paid(shop, {"cap": 2})
    refund(shop, number, lines=(RefundLine("cap", 1),))
    refund(shop, number, lines=(RefundLine("cap", 1),), postage=True)
    amounts = [
        (request.amount, request.shipping_amount) for request in load_order(shop, number).refund_requests
    ]
    assert amounts == [(1900, 0), (2390, 490)]
    assert documents(shop, number)[1:] == [
        (-1900, [("Casquette", 1900)]),
        (-2390, [("Casquette", 1900), ("Frais de port : France", 490)]),
    ]
    assert load_order(shop, number).status is OrderStatus.REFUNDED


def test_the_postage_alone_is_refunded_once(shop: Brand) -> None:
    number = paid(shop, {"cap": 1})
    refund(shop, number, postage=True)
    with pytest.raises(NotRefundable, match="postage"):
        refund(shop, number, postage=True)
    assert documents(shop, number)[1:] == [(-490, [("Frais de port : France", 490)])]


def test_a_full_refund_includes_the_postage_once(shop: Brand) -> None:
    number = paid(shop, {"cap": 1})
    refund(shop, number, postage=True)
    refund(shop, number)
    amounts = [
        (request.amount, request.shipping_amount) for request in load_order(shop, number).refund_requests
    ]
    assert amounts == [(490, 490), (1900, 0)]


def test_everything_but_the_postage_is_refunded_and_nothing_is_shipped_any_more(shop: Brand) -> None:
    number = paid(shop, {"cap": 2})
    refund(shop, number, postage=False)
    order = load_order(shop, number)
    [request] = order.refund_requests
    assert (request.amount, request.shipping_amount) == (3800, 0)
    assert (order.status, order.fulfilment) == (OrderStatus.PARTIALLY_REFUNDED, Fulfilment.NONE)
    assert documents(shop, number)[1:] == [(-3800, [("Casquette", 3800)])]
    with pytest.raises(NotRefundable, match="Only postage is left to refund"):
        refund(shop, number, postage=False, amount=None, lines=())
    refund(shop, number)
    assert documents(shop, number)[2:] == [(-490, [("Frais de port : France", 490)])]
