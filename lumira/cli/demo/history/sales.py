"""What happens to one order in the demo's history: it is bought, paid or not, refunded, disputed, delivered."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

from lumira.cli.demo.history.past import Past
from lumira.cli.demo.sample_pdf import sample_pdf
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.domain.commands import RefundCommand, RefundLine
from lumira.models import DeliverableState
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.files.change_deliverable import change_deliverable
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_deliverable import upload_deliverable
from lumira.services.orders.find_order import find_order
from lumira.services.refunds.request_refund import request_refund
from lumira.services.withdrawals.withdraw import record_statement

_ACTOR = "demo"
_CALL = Call(fingerprint="", actor=_ACTOR)


#: Where goods are sent; a sale of digital content ignores it.
_SHIPPING = {
    "name": "Camille Durand",
    "address": {"line1": "8 rue de la Paix", "postalCode": "75002", "city": "Paris", "country": "FR"},
}


@dataclass(frozen=True, slots=True)
class Sold:
    """One order of the history."""

    slug: str
    number: str
    #: `None` for a free order.
    payment_intent_id: str | None


def open_level(past: Past, slug: str, buyer: dict[str, str], level: int) -> Sold:
    """Open an order of a level."""
    return _opened(slug, past.call_lumira(slug, "stripe/create-payment-intent", level=level, **buyer))


def open_product(past: Past, slug: str, buyer: dict[str, str], product_id: str, quantity: int = 1) -> Sold:
    """Open an order of one product."""
    sent = {"productId": product_id, "quantity": quantity, "shipping": _SHIPPING} | buyer
    return _opened(slug, past.call_lumira(slug, "products/create-payment-intent", **sent))


def _opened(slug: str, reply: dict[str, Any]) -> Sold:
    return Sold(slug, reply["orderNumber"], reply.get("paymentIntentId"))


def pay(past: Past, sold: Sold, method: str = "pm_card_visa", **entered: Any) -> None:
    """Pay the order's payment as the buyer does; the worker then does its part."""
    sent = {"payment_intent": sold.payment_intent_id, "payment_method": method} | entered
    past.call_stripe(sold.slug, "payment_intents/pay", **sent)
    past.work(sold.slug)


def buy_cart(past: Past, slug: str, buyer: dict[str, str], items: dict[str, int]) -> Sold:
    """Buy a cart on Stripe's page."""
    cart = [{"productId": product_id, "quantity": quantity} for product_id, quantity in items.items()]
    page = f"{past.brands[slug].page_url(past.installation.port)}/"
    # Stripe's page asks for the rest of the address.
    country = {"address": {"country": "FR"}}
    sent = {"items": cart, "successUrl": page, "cancelUrl": page, "shipping": country} | buyer
    session = past.call_lumira(slug, "payments/checkout-sessions", **sent)
    past.call_stripe(slug, f"checkout/sessions/{session['sessionId']}/pay")
    past.work(slug)
    return _opened(slug, session)


def refund(past: Past, sold: Sold, *lines: tuple[str, int]) -> None:
    """Refund all of an order, or units of it, as an operator does."""
    command = RefundCommand(None, "requested_by_customer", tuple(RefundLine(*line) for line in lines))
    request_refund(tenant_id_of(sold.slug), str(sold.payment_intent_id), call=_CALL, command=command)
    past.work(sold.slug)


def dispute(past: Past, sold: Sold, reason: str) -> str:
    """Open a dispute as the buyer's bank does; return its id."""
    opened = past.call_stripe(sold.slug, "disputes", payment_intent=sold.payment_intent_id, reason=reason)
    past.work(sold.slug)
    return str(opened["id"])


def lose(past: Past, sold: Sold, dispute_id: str) -> None:
    """Decide a dispute for the buyer, as the bank does."""
    past.call_stripe(sold.slug, "disputes/close", dispute=dispute_id, outcome="lost")
    past.work(sold.slug)


def withdraw(past: Past, sold: Sold, reason: str) -> None:
    """Record a withdrawal that reached the shop by e-mail; it then waits for a decision."""
    tenant_id = tenant_id_of(sold.slug)
    order = find_order(tenant_id, sold.number)
    record_statement(tenant_id, order.id, requested_at=utc_now(), reason=reason, actor=_ACTOR)
    past.work(sold.slug)


def deliver(past: Past, sold: Sold, *keys: str) -> None:
    """Upload a sample file for each of these deliverables, and deliver it."""
    tenant_id = tenant_id_of(sold.slug)
    for key in keys:
        upload = Upload(f"{key}.pdf", BytesIO(sample_pdf(f"{sold.number}: {key}")))
        upload_deliverable(tenant_id, sold.number, key, upload, call=_CALL)
        change_deliverable(tenant_id, sold.number, key, DeliverableState.DELIVERED, call=_CALL)
    past.work(sold.slug)


def begin_payout(past: Past, slug: str) -> str:
    """Pay out the brand's balance, as Stripe does every few days; return the payout's id."""
    # Stripe adds the balance transaction of a payment a little later.
    past.call_stripe(slug, "advance", seconds=5)
    payout = past.call_stripe(slug, "payouts")
    past.work(slug)
    return str(payout["id"])


def end_payout(past: Past, slug: str, payout_id: str) -> None:
    """Let a payout arrive, and list what it contains."""
    past.call_stripe(slug, "payouts/finish", payout=payout_id, outcome="paid")
    past.call_stripe(slug, "payouts/complete", payout=payout_id)
    past.work(slug)
