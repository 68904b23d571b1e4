"""A buyer who is erased while Stripe goes on telling of them is erased all the same."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from lumira.database import atomic, db
from lumira.effects import relay
from lumira.models import WebhookEvent
from lumira.services.erase_customer import erase_customer
from lumira.webhooks import drain
from tests import refunding, seller
from tests.concurrency.test_at_once import at_once
from tests.factories import Brand, load_order
from tests.stripe_events import event, receive

pytestmark = pytest.mark.usefixtures("app_context")

EMAIL = "ana.quentovic@example.org"


def test_events_that_arrive_while_a_buyer_is_erased_keep_nothing_of_them(
    app: Flask, make_brand: Callable[..., Brand]
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = refunding.pay(brand, customer_email=EMAIL)
    relay.relay(brand.id)

    def work(number: int) -> None:
        if number == 0:
            erase_customer(brand.id, EMAIL, actor="operator")
            return
        charge = {"id": f"ch_{number}", "object": "charge", "payment_intent": opened.payment_intent_id}
        charge |= {"amount": 4700, "amount_refunded": 100, "currency": "eur", "captured": True}
        charge |= {"livemode": False, "billing_details": {"email": EMAIL}}
        told = {"id": f"cus_{number}", "object": "customer", "email": EMAIL}
        receive(brand, event("charge.refunded", charge) if number % 2 else event("customer.updated", told))
        drain.drain(brand.id)

    assert [each for each in at_once(app, work, threads=8) if each is not None] == []
    drain.drain(brand.id)

    assert load_order(brand, opened.order_number).customer_email is None
    with atomic(brand.id):
        payloads = db.session.execute(select(WebhookEvent.payload)).scalars().all()
    assert len(payloads) > 7
    assert [each for each in payloads if "quentovic" in str(each)] == []
