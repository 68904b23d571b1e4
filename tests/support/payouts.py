"""Sales whose money Stripe pays out, in the sandbox."""

from typing import Any

from lumira.reconciliation.reconcile import Step, reconcile
from tests.support import stripe_sandbox
from tests.support.factories import Brand, open_payment
from tests.support.stripe_events import deliver

EVENTS = (
    "payout.created",
    "payout.updated",
    "payout.paid",
    "payout.failed",
    "payout.reconciliation_completed",
)


def control(brand: Brand, name: str, **body: Any) -> dict[str, Any]:
    return stripe_sandbox.call(brand, "POST", f"/sandbox/{name}", json=body)


def sell(brand: Brand, product: str = "mystique") -> str:
    """Sell one product, and let Stripe add the balance transaction; return the order's number."""
    opened = open_payment(brand, product)
    assert opened.payment_intent_id is not None
    assert opened.client_secret is not None
    stripe_sandbox.pay(brand, opened.payment_intent_id, opened.client_secret)
    stripe_sandbox.advance(brand, 5)
    of_payment = [
        one
        for one in stripe_sandbox.events(brand, "payment_intent.succeeded", "charge.updated")
        if opened.payment_intent_id
        in (one["data"]["object"]["id"], one["data"]["object"].get("payment_intent"))
    ]
    deliver(brand, *of_payment)
    return opened.order_number


def pay_out(brand: Brand) -> str:
    """Pay out everything, and let Stripe list it; return the payout's id. No event of it is delivered."""
    payout_id = str(control(brand, "payouts")["id"])
    control(brand, "payouts/finish", payout=payout_id, outcome="paid")
    control(brand, "payouts/complete", payout=payout_id)
    return payout_id


def read(brand: Brand) -> None:
    """Read the balance and the payouts from Stripe, as a worker does."""
    assert reconcile(brand.id, steps=(Step.BALANCE,)).failures == 0
