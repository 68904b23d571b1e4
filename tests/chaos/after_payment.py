"""Refunds and disputes after a payment: in Stripe's Dashboard, by the bank, or through Lumira's API."""

import time
from collections.abc import Generator

from tests.chaos.behaviour import AfterPayment
from tests.chaos.purchase_log import Entry
from tests.chaos.retrying import GIVE_UP_AFTER, retry
from tests.chaos.schedule import Task
from tests.chaos.shop import Shop

_POLL_EVERY = 2.0


def run(shop: Shop, entry: Entry, payment: str) -> Task:
    """Make the planned refunds and disputes of this payment."""
    price, pause = entry.purchase.price, 0.2 + entry.purchase.pace * 3
    entry.record(f"after the payment: {entry.purchase.after}")
    if entry.purchase.refunds_by_lumira:
        is_fulfilled = yield from _wait_until_fulfilled(shop, entry)
        if not is_fulfilled:
            return
    match entry.purchase.after:
        case AfterPayment.REFUNDED | AfterPayment.REFUND_PENDING | AfterPayment.REFUND_FAILS:
            yield from _refund_in_steps(shop, entry, payment, [None], pause)
        case AfterPayment.REFUNDED_IN_PARTS:
            yield from _refund_in_steps(shop, entry, payment, [price // 4, price // 3], pause)
        case AfterPayment.REFUNDED_WHOLLY_IN_PARTS:
            yield from _refund_in_steps(shop, entry, payment, [price // 4, price // 3, None], pause)
        case AfterPayment.REFUND_FAILS_THEN_AGAIN:
            refund = shop.simulate("refunds", payment_intent=payment, status="pending")
            yield pause
            shop.simulate("refunds/finish", refund=refund["id"], outcome="failed")
            yield pause
            shop.simulate("refunds", payment_intent=payment, amount=price // 2)
        case _:
            yield from _dispute(shop, entry.purchase.after, payment, price, pause)


def _wait_until_fulfilled(shop: Shop, entry: Entry) -> Generator[float, None, bool]:
    """Return whether the order is completed in time: a lost webhook delays that until reconciliation."""
    number = entry.opened[0]["orderNumber"]
    deadline = time.monotonic() + GIVE_UP_AFTER
    while time.monotonic() < deadline:
        if shop.order(number).body.get("status") == "completed":
            return True
        yield _POLL_EVERY
    entry.record("not completed in time: no refund")
    return False


def _refund_in_steps(shop: Shop, entry: Entry, payment: str, amounts: list[int | None], pause: float) -> Task:
    for number, amount in enumerate(amounts):
        if entry.purchase.refunds_by_lumira:
            yield from _refund_by_lumira(shop, entry, payment, amount, number)
        else:
            shop.simulate("refunds", payment_intent=payment, **_body(amount))
        yield pause


def _body(amount: int | None) -> dict[str, int]:
    """Return the body of a refund; without an amount it refunds all that remains."""
    return {} if amount is None else {"amount": amount}


def _refund_by_lumira(shop: Shop, entry: Entry, payment: str, amount: int | None, number: int) -> Task:
    key = f"{entry.purchase.key}-refund-{number}"
    response = yield from retry(entry, f"refund {amount}", lambda: shop.refund(payment, _body(amount), key))
    if response.status == 200:
        entry.refunded.append(response.body["refundId"])
    else:
        entry.failures.append(f"refunding {amount}: {response.summary} {response.body}")


def _dispute(shop: Shop, after: AfterPayment, payment: str, price: int, pause: float) -> Task:
    if after is AfterPayment.REFUNDED_THEN_DISPUTED:
        shop.simulate("refunds", payment_intent=payment, amount=price // 4)
        yield pause
    is_inquiry = after in (AfterPayment.INQUIRY, AfterPayment.INQUIRY_ESCALATES)
    body = {"amount": price // 2} if after is AfterPayment.DISPUTE_PARTLY_LOST else {}
    status = "warning_needs_response" if is_inquiry else "needs_response"
    dispute = shop.simulate("disputes", payment_intent=payment, status=status, **body)
    if after is AfterPayment.DISPUTED:
        return
    yield pause
    if after is AfterPayment.INQUIRY_ESCALATES:
        shop.simulate("disputes/escalate", dispute=dispute["id"])
        return
    outcome = {AfterPayment.INQUIRY: "warning_closed", AfterPayment.DISPUTE_WON: "won"}.get(after, "lost")
    shop.simulate("disputes/close", dispute=dispute["id"], outcome=outcome)
