"""Opening a sale of one product: an order and its PaymentIntent, once per call, however often it is asked.

Phases: the order and the frozen requests are written before Stripe is called, ids cross from phase to phase,
and each phase can be repeated, because the process may die before the next.
"""

from dataclasses import asdict, dataclass
from typing import Any

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.domain.payments import PaymentMismatch, Seller
from lumira.domain.stripe_objects import read_intent
from lumira.errors import PaymentFailed
from lumira.models import Order, Payment, PaymentState, RequestKind
from lumira.repositories import idempotency, order_polls, orders, stock, tenants, webhook_events
from lumira.repositories.idempotency import Call, StoredReply
from lumira.services.checkout.call_stripe import CustomerMissing, Question, call_stripe, lookup_for
from lumira.services.checkout.ensure_stripe_customer import ensure_stripe_customer
from lumira.services.checkout.open_sale import ACTOR, Basket, Item, Opened, open_sale, reserve_stock
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.settlement.settle_order import settle_order


@dataclass(frozen=True, slots=True)
class Sale:
    """What a buyer asks for: ids and a quantity, never a price. One of `product_id` and `level` is given."""

    product_id: str | None
    level: int | None
    quantity: int
    customer_email: str | None
    customer_name: str | None
    metadata: dict[str, str]
    #: The route that was called.
    source: str
    #: The language of the page that asked, `fr` or `en`, where it told one.
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class PaymentOpened:
    """What the buyer's page needs to go on. Amount in minor units."""

    client_secret: str | None
    order_id: str
    payment_intent_id: str | None
    order_number: str
    amount: int
    currency: str
    product_name: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, and whether it is the stored one of an earlier call."""

    value: PaymentOpened
    replayed: bool


def create_payment_intent(tenant_id: int, *, call: Call, sale: Sale) -> Reply:
    """Open an order and its PaymentIntent; a free product completes the order at once.

    `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `OutOfStock`; `IdempotencyInProgress` and
    `IdempotencyMismatch`; `PaymentFailed`, `StripeConfigError` and `StripeUnavailable` from Stripe's side.
    """
    opened = open_sale(tenant_id, call, _basket(sale), describe_free=lambda order: asdict(_reply(order)))
    if not isinstance(opened, Opened):
        return Reply(PaymentOpened(**opened.body), replayed=opened.replayed)
    with releasing_on_error(tenant_id, opened.claim):
        try:
            return _ask(tenant_id, opened)
        except CustomerMissing:
            # Deleted at Stripe, or of the account before: forgotten by now, so that this time a new one is made.
            return _ask(tenant_id, opened)


def _basket(sale: Sale) -> Basket:
    return Basket(
        items=(Item(sale.product_id, sale.quantity, sale.level),),
        customer_email=sale.customer_email,
        customer_name=sale.customer_name,
        metadata=sale.metadata,
        source=sale.source,
        locale=sale.locale,
    )


def _ask(tenant_id: int, opened: Opened) -> Reply:
    stripe_customer_id = ensure_stripe_customer(tenant_id, opened.account, opened.customer_id)
    question = _freeze(tenant_id, opened, stripe_customer_id)
    intent = call_stripe(tenant_id, opened.account, question)
    return Reply(_attach(tenant_id, opened, intent), replayed=False)


@retried
def _freeze(tenant_id: int, opened: Opened, stripe_customer_id: str | None) -> Question:
    """Second phase: what Stripe is asked is written down, whole, before it is asked."""
    with atomic(tenant_id):
        idempotency.renew(tenant_id, opened.claim)
        order = orders.lock_order(tenant_id, opened.order_id)
        payment = order.shown_payment
        if payment is not None and payment.state is not PaymentState.CANCELED:
            return Question(
                order.id,
                opened.customer_id,
                RequestKind.PAYMENT_INTENT,
                stripe_id=payment.stripe_payment_intent_id,
            )
        look_up = lookup_for(order)
        tenant = tenants.get(tenant_id)
        request = payments.freeze_intent_request(
            order,
            seller=Seller(tenant.slug, tenant.name, tenant.statement_descriptor_suffix),
            stripe_customer_id=stripe_customer_id,
        )
        settle_order(order, actor=ACTOR)
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        order_polls.schedule(order, utc_now())
        return Question(
            order.id,
            opened.customer_id,
            request.kind,
            request_id=request.id,
            parameters=request.parameters,
            key=request.stripe_key,
            look_up=look_up,
        )


@retried
def _attach(tenant_id: int, opened: Opened, intent: dict[str, Any]) -> PaymentOpened:
    """Last phase: the intent belongs to the order, and the reply is kept."""
    with atomic(tenant_id):
        idempotency.renew(tenant_id, opened.claim)
        order = orders.lock_order(tenant_id, opened.order_id)
        try:
            payment = payments.attach_intent(order, read_intent(intent))
        except PaymentMismatch as error:
            raise PaymentFailed("Stripe has another payment under this order's number.") from error
        settle_order(order, actor=ACTOR)
        # Should they have been given back in a very long pause, this payment is not handed out.
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        reply = _reply(order, payment=payment, client_secret=intent["client_secret"])
        idempotency.finish(tenant_id, opened.claim, StoredReply(200, asdict(reply)))
        # What Stripe told of the payment before we knew it has waited for this.
        if webhook_events.unpark(tenant_id, [payment.stripe_payment_intent_id]):
            webhook_events.schedule_processing(tenant_id)
        return reply


def _reply(
    order: Order, *, payment: Payment | None = None, client_secret: str | None = None
) -> PaymentOpened:
    intent_id = payment.stripe_payment_intent_id if payment else None
    return PaymentOpened(
        client_secret=client_secret,
        order_id=intent_id or order.order_number,
        payment_intent_id=intent_id,
        order_number=order.order_number,
        amount=order.amount,
        currency=order.currency,
        product_name=order.product_name,
    )
