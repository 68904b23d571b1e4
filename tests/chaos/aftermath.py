"""What happens to a payment afterwards, at the bank or in the Dashboard: no request of Lumira's is behind it."""

from tests.chaos.journal import Entry
from tests.chaos.plan import After
from tests.chaos.schedule import Errand
from tests.chaos.shop import Shop


def happen(shop: Shop, entry: Entry, payment: str) -> Errand:
    """Let the plan's refunds and disputes happen to this payment."""
    price, pause = entry.purchase.price, 0.2 + entry.purchase.patience * 3
    entry.note(f"afterwards: {entry.purchase.after}")
    match entry.purchase.after:
        case After.REFUNDED | After.REFUND_WAITS | After.REFUND_FAILS:
            shop.let_happen("refunds", payment_intent=payment)
        case After.REFUNDED_IN_PARTS:
            yield from _in_parts(shop, payment, [price // 4, price // 3], pause)
        case After.REFUNDED_WHOLLY_IN_PARTS:
            yield from _in_parts(shop, payment, [price // 4, price // 3, None], pause)
        case After.REFUND_FAILS_THEN_AGAIN:
            refund = shop.let_happen("refunds", payment_intent=payment, status="pending")
            yield pause
            shop.let_happen("refunds/finish", refund=refund["id"], outcome="failed")
            yield pause
            shop.let_happen("refunds", payment_intent=payment, amount=price // 2)
        case _:
            yield from _dispute(shop, entry.purchase.after, payment, price, pause)


def _in_parts(shop: Shop, payment: str, parts: list[int | None], pause: float) -> Errand:
    for part in parts:
        amount = {} if part is None else {"amount": part}
        shop.let_happen("refunds", payment_intent=payment, **amount)
        yield pause


def _dispute(shop: Shop, after: After, payment: str, price: int, pause: float) -> Errand:
    if after is After.REFUNDED_THEN_DISPUTED:
        shop.let_happen("refunds", payment_intent=payment, amount=price // 4)
        yield pause
    is_inquiry = after in (After.INQUIRY, After.INQUIRY_ESCALATES)
    part = {"amount": price // 2} if after is After.DISPUTE_PARTLY_LOST else {}
    status = "warning_needs_response" if is_inquiry else "needs_response"
    dispute = shop.let_happen("disputes", payment_intent=payment, status=status, **part)
    if after is After.DISPUTED:
        return
    yield pause
    if after is After.INQUIRY_ESCALATES:
        shop.let_happen("disputes/escalate", dispute=dispute["id"])
        return
    outcome = {After.INQUIRY: "warning_closed", After.DISPUTE_WON: "won"}.get(after, "lost")
    shop.let_happen("disputes/close", dispute=dispute["id"], outcome=outcome)
