"""What happens to a payment afterwards: at the bank, in Stripe's dashboard, or by the brand's own system."""

import time
from collections.abc import Generator

from tests.chaos.journal import Entry
from tests.chaos.plan import After
from tests.chaos.retrying import PATIENCE, insist
from tests.chaos.schedule import Errand
from tests.chaos.shop import Shop

_LOOKS_AGAIN_AFTER = 2.0


def happen(shop: Shop, entry: Entry, payment: str) -> Errand:
    """Let the plan's refunds and disputes happen to this payment."""
    price, pause = entry.purchase.price, 0.2 + entry.purchase.patience * 3
    entry.note(f"afterwards: {entry.purchase.after}")
    if entry.purchase.refunds_here:
        is_served = yield from _wait_until_served(shop, entry)
        if not is_served:
            return
    match entry.purchase.after:
        case After.REFUNDED | After.REFUND_WAITS | After.REFUND_FAILS:
            yield from _in_parts(shop, entry, payment, [None], pause)
        case After.REFUNDED_IN_PARTS:
            yield from _in_parts(shop, entry, payment, [price // 4, price // 3], pause)
        case After.REFUNDED_WHOLLY_IN_PARTS:
            yield from _in_parts(shop, entry, payment, [price // 4, price // 3, None], pause)
        case After.REFUND_FAILS_THEN_AGAIN:
            refund = shop.let_happen("refunds", payment_intent=payment, status="pending")
            yield pause
            shop.let_happen("refunds/finish", refund=refund["id"], outcome="failed")
            yield pause
            shop.let_happen("refunds", payment_intent=payment, amount=price // 2)
        case _:
            yield from _dispute(shop, entry.purchase.after, payment, price, pause)


def _wait_until_served(shop: Shop, entry: Entry) -> Generator[float, None, bool]:
    """A brand refunds what it has seen paid; that may take as long as a lost webhook stays lost."""
    number = entry.opened[0]["orderNumber"]
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if shop.order(number).body.get("status") == "completed":
            return True
        yield _LOOKS_AGAIN_AFTER
    entry.note("not served in time: nothing is refunded")
    return False


def _in_parts(shop: Shop, entry: Entry, payment: str, parts: list[int | None], pause: float) -> Errand:
    for number, part in enumerate(parts):
        if entry.purchase.refunds_here:
            yield from _refund_here(shop, entry, payment, part, number)
        else:
            shop.let_happen("refunds", payment_intent=payment, **_amount(part))
        yield pause


def _amount(part: int | None) -> dict[str, int]:
    """Without an amount all that is left goes back."""
    return {} if part is None else {"amount": part}


def _refund_here(shop: Shop, entry: Entry, payment: str, part: int | None, number: int) -> Errand:
    key = f"{entry.purchase.key}-refund-{number}"
    answer = yield from insist(entry, f"refund {part}", lambda: shop.refund(payment, _amount(part), key))
    if answer.status == 200:
        entry.refunded.append(answer.body["refundId"])
    else:
        entry.gave_up.append(f"refunding {part}: {answer.summary} {answer.body}")


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
