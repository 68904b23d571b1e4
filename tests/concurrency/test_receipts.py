"""Numbers without gaps, however many settle at the same instant."""

from collections.abc import Callable

import pytest
from flask import Flask

from lumira.database import atomic
from lumira.repositories.receipts import receipt_proof, receipts
from lumira.settlement.check_receipts import list_disagreements
from lumira.webhooks import process
from tests.concurrency.test_at_once import at_once, paid
from tests.support import seller
from tests.support.factories import Brand, open_payment
from tests.support.stripe_events import receive

pytestmark = pytest.mark.usefixtures("app_context")

SETTLEMENTS = 20


def test_twenty_simultaneous_settlements_get_consecutive_numbers(
    app: Flask, make_brand: Callable[..., Brand], monkeypatch: pytest.MonkeyPatch
) -> None:
    brand = make_brand(seller=seller.EXEMPT)
    opened = [open_payment(brand, "shirt" if number % 2 else "mystique") for number in range(SETTLEMENTS)]
    # Each worker takes one event at a time, so that as many transactions as events run beside each other.
    monkeypatch.setattr(process, "BATCH", 1)

    def settle(number: int) -> None:
        intent = opened[number]
        stripe_event = paid(str(intent.payment_intent_id))
        stripe_event["data"]["object"] |= {"amount": intent.amount, "amount_received": intent.amount}
        receive(brand, stripe_event)
        process.process_events(brand.id)

    assert [each for each in at_once(app, settle, threads=SETTLEMENTS) if each is not None] == []
    process.process_events(brand.id)

    with atomic(brand.id):
        issued = receipts.list_receipts(brand.id)
        assert receipt_proof.verify(brand.id).errors == []
    assert [each.number for each in issued] == list(range(1, SETTLEMENTS + 1))
    assert len({each.order_id for each in issued}) == SETTLEMENTS
    assert list_disagreements(brand.id) == []
