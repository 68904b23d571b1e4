"""Open an order and its PaymentIntent, once per idempotent call.

The order and the frozen request are stored before Stripe is called. Only ids and values cross from one phase
to the next, and each phase can be repeated, because the process may die before the next one.
"""

from dataclasses import asdict, dataclass
from typing import Any

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.domain.commands import CheckoutCommand
from lumira.domain.order_money import current_payment
from lumira.domain.order_status import is_closed
from lumira.domain.payments import PaymentMismatch
from lumira.domain.stripe import requests as stripe_requests
from lumira.domain.stripe.objects import read_intent
from lumira.errors.stripe import PaymentFailed
from lumira.models import Order, OrderStatus, PaymentState, RequestKind
from lumira.repositories.events import webhook_events
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock
from lumira.repositories.orders import kept_orders
from lumira.services.checkout.begin_checkout import (
    ACTOR,
    CheckoutStarted,
    begin_checkout,
    order_closed,
    refuse_erased,
    reserve_stock,
)
from lumira.services.checkout.call_stripe import StripeCall, attempt_repeatedly, call_stripe, lookup_for
from lumira.services.checkout.count_payments import counts_payments
from lumira.services.checkout.ensure_stripe_customer import attaching as attaching_customer
from lumira.services.checkout.ensure_stripe_customer import ensure_stripe_customer
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.services.idempotency.reply import Reply
from lumira.settlement.settle_order import settle_order


@dataclass(frozen=True, slots=True)
class PaymentOpened:
    """What the buyer's page needs to confirm the payment; amount in minor units."""

    client_secret: str | None
    order_id: str
    payment_intent_id: str | None
    order_number: str
    amount: int
    currency: str
    product_name: str


@counts_payments("payment_intent")
def create_payment_intent(tenant_id: int, *, call: Call, command: CheckoutCommand) -> Reply[PaymentOpened]:
    """Open an order and its PaymentIntent; a free product completes the order at once.

    Raises `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `OutOfStock`, `IdempotencyInProgress`,
    `IdempotencyMismatch`, and from the call to Stripe `PaymentFailed`, `StripeConfigError` and
    `StripeUnavailable`.
    """
    started = begin_checkout(
        tenant_id, call, command, free_reply=lambda order: asdict(_payment_opened(order))
    )
    if isinstance(started, Reply):
        return Reply(PaymentOpened(**started.value), started.replayed)
    with releasing_on_error(tenant_id, started.claim):
        return Reply(attempt_repeatedly(tenant_id, started, _open_intent))


def _open_intent(tenant_id: int, started: CheckoutStarted) -> PaymentOpened:
    stripe_customer_id = ensure_stripe_customer(
        tenant_id, started.account, started.customer, is_public=started.is_public
    )
    stripe_call = _freeze(tenant_id, started, stripe_customer_id)
    intent = call_stripe(tenant_id, started.account, stripe_call)
    opened = _attach(tenant_id, started, intent)
    if opened is None:
        raise order_closed()
    return opened


@retried
def _freeze(tenant_id: int, started: CheckoutStarted, stripe_customer_id: str | None) -> StripeCall:
    """Second phase: attach the Stripe customer, and store the whole request to Stripe before it is sent."""
    with atomic(tenant_id):
        attaching = attaching_customer(tenant_id, started.customer, stripe_customer_id)
        locked = kept_orders.lock_again(
            started.order, after=[*idempotency.renewing(tenant_id, started.claim), *attaching]
        )
        order = locked.order
        stripe_customer_id = locked.values[-1] if attaching else stripe_customer_id
        refuse_erased(order)
        payment = current_payment(order)
        if payment is not None and payment.state is not PaymentState.CANCELED and not is_closed(order):
            return StripeCall(
                order.id,
                order.customer_id,
                RequestKind.PAYMENT_INTENT,
                stripe_id=payment.stripe_payment_intent_id,
            )
        lookup = lookup_for(order)
        request = stripe_requests.freeze_intent_request(
            order, seller=started.seller, stripe_customer_id=stripe_customer_id
        )
        settle_order(order, actor=ACTOR)
        kept_orders.write(order)
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        kept_orders.write(order)
        return StripeCall(
            order.id,
            order.customer_id,
            request.kind,
            request_id=request.id,
            parameters=request.parameters,
            key=request.stripe_key,
            lookup=lookup,
        )


@retried
def _attach(tenant_id: int, started: CheckoutStarted, intent: dict[str, Any]) -> PaymentOpened | None:
    """Last phase: attach the intent to the order and store the reply.

    `None` if the order was closed during the call: then nothing is reserved, and no reply is stored.
    """
    opened = _payment_opened(
        started.order, payment_intent_id=intent["id"], client_secret=intent["client_secret"]
    )
    with atomic(tenant_id):
        # The reply is stored first, because the key is locked first.
        storing = idempotency.finishing(tenant_id, started.claim, StoredReply(200, asdict(opened)))
        locked = kept_orders.lock_again(started.order, after=storing, payment_intent_id=intent["id"])
        order, now = locked.order, utc_now()
        try:
            payment = payments.attach_intent(order, read_intent(intent), now=now)
        except PaymentMismatch as error:
            raise PaymentFailed("Stripe has another payment under this order's number.") from error
        payments.accept_newest_request(order, RequestKind.PAYMENT_INTENT, now)
        settle_order(order, actor=ACTOR)
        kept_orders.write(order)
        if order.status is OrderStatus.CANCELLED:
            idempotency.withdraw_reply(tenant_id, started.claim)
            return None
        # If the reservation expired during a long pause and the stock is sold, the payment is not returned.
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        kept_orders.write(order)
        # Events of this payment that arrived before it was attached were parked.
        if locked.has_parked and webhook_events.unpark(tenant_id, [payment.stripe_payment_intent_id]):
            webhook_events.schedule_processing(tenant_id)
        return opened


def _payment_opened(
    order: Order, *, payment_intent_id: str | None = None, client_secret: str | None = None
) -> PaymentOpened:
    return PaymentOpened(
        client_secret=client_secret,
        order_id=payment_intent_id or order.order_number,
        payment_intent_id=payment_intent_id,
        order_number=order.order_number,
        amount=order.amount,
        currency=order.currency,
        product_name=order.product_name,
    )
