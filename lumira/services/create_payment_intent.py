"""Opening a sale: an order and its PaymentIntent, once per call, however often it is asked.

Phases: the order and the frozen requests are written before Stripe is called, ids cross from phase to phase,
and each phase can be repeated, because the process may die before the next.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy.exc import OperationalError

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import IdempotencyInProgress, InvalidQuantity, OutOfStock, PaymentFailed
from lumira.models import Customer, Order, Payment, PaymentState, Product
from lumira.services import (
    catalog,
    checks,
    customers,
    events,
    idempotency,
    levels,
    orders,
    outbox,
    payments,
    tenants,
)
from lumira.services.ask_stripe import CustomerMissing, Question, ask_stripe, where_to_look
from lumira.services.ensure_stripe_customer import ensure_stripe_customer
from lumira.services.idempotency import Call, Claim, StoredReply
from lumira.services.payments import PaymentMismatch
from lumira.services.read_stripe import read_intent
from lumira.services.settle_order import settle_order

log = structlog.get_logger()

#: Who does what happens while a payment is opened.
_ACTOR = "buyer"
#: Seconds between two tries to let a key go while the database restarts.
_FREEING_PAUSES = (0.5, 1.5)


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


@dataclass(frozen=True, slots=True)
class _Opened:
    """What the first phase hands on."""

    claim: Claim
    order_id: UUID
    account: tenants.StripeAccount
    customer_id: UUID | None


def create_payment_intent(tenant_id: int, *, call: Call, sale: Sale) -> Reply:
    """Open an order and its PaymentIntent; a free product completes the order at once.

    `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `OutOfStock`; `IdempotencyInProgress` and
    `IdempotencyMismatch`; `PaymentFailed`, `StripeConfigError` and `StripeUnavailable` from Stripe's side.
    """
    opened = _open(tenant_id, call, sale)
    if isinstance(opened, Reply):
        return opened
    with _freeing_on_error(tenant_id, opened.claim):
        try:
            return _ask(tenant_id, opened)
        except CustomerMissing:
            # Deleted at Stripe, or of the account before: forgotten by now, so that this time a new one is made.
            return _ask(tenant_id, opened)


def _ask(tenant_id: int, opened: _Opened) -> Reply:
    stripe_customer_id = ensure_stripe_customer(tenant_id, opened.account, opened.customer_id)
    question = _freeze(tenant_id, opened, stripe_customer_id)
    intent = ask_stripe(tenant_id, opened.account, question)
    return Reply(_attach(tenant_id, opened, intent), replayed=False)


@retried
def _open(tenant_id: int, call: Call, sale: Sale) -> Reply | _Opened:
    """First phase: the order exists before anything is asked of Stripe."""
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None and not orders.is_cancelled(tenant_id, claim.order_id):
            return Reply(PaymentOpened(**claim.reply.body), replayed=True)
        if claim.reply is not None:
            # Nobody paid in time and the payment was closed: the secret of that one is of no use.
            claim = idempotency.take_over(tenant_id, claim)
        order = _find_or_open_order(tenant_id, call, claim, sale)
        if order.is_free:
            return _serve_free(tenant_id, claim, orders.lock_order(tenant_id, order.id))
        account = tenants.get_stripe_account(tenant_id)
        idempotency.hold(tenant_id, claim, order_id=order.id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        return _Opened(claim, order.id, account, order.customer_id)


def _find_or_open_order(tenant_id: int, call: Call, claim: Claim, sale: Sale) -> Order:
    if claim.order_id is not None:
        # A retry after a crash finds the order and the frozen requests of the first try.
        return orders.lock_order(tenant_id, claim.order_id)
    product = _wanted_product(tenant_id, sale)
    customer = _customer(tenant_id, sale)
    if product.is_free and customer is not None:
        known = orders.find_free(tenant_id, customer_id=customer.id, product_id=product.id)
        if known is not None:
            return orders.lock_order(tenant_id, known)
    tenant = tenants.get(tenant_id)
    account = tenants.find_stripe_account(tenant_id)
    return orders.open_order(
        tenant_id,
        prefix=tenant.order_prefix,
        product=product,
        quantity=sale.quantity,
        customer=customer,
        customer_email=sale.customer_email,
        customer_name=sale.customer_name,
        livemode=account is not None and account.livemode,
        source=sale.source,
        request_id=call.request_id,
        metadata=sale.metadata,
    )


def _wanted_product(tenant_id: int, sale: Sale) -> Product:
    if sale.level is not None:
        product = levels.get_level(tenant_id, sale.level)
    else:
        product = catalog.get_product(tenant_id, sale.product_id or "")
    if sale.quantity != 1 and not product.keeps_stock:
        raise InvalidQuantity("Only one of a digital product can be bought at a time.")
    if product.keeps_stock:
        # No stock is counted yet, and what is not counted must not be sold.
        raise OutOfStock(f"{product.name} is not in stock.", product_id=product.id)
    return product


def _customer(tenant_id: int, sale: Sale) -> Customer | None:
    if sale.customer_email is None:
        return None
    return customers.find_or_create(tenant_id, email=sale.customer_email, name=sale.customer_name)


def _serve_free(tenant_id: int, claim: Claim, order: Order) -> Reply:
    owes = settle_order(order, actor=_ACTOR)
    reply = _reply(order, payment=None, client_secret=None)
    idempotency.finish(tenant_id, claim, StoredReply(200, asdict(reply)))
    if owes:
        outbox.wake(tenant_id)
    return Reply(reply, replayed=False)


@retried
def _freeze(tenant_id: int, opened: _Opened, stripe_customer_id: str | None) -> Question:
    """Second phase: what Stripe is asked is written down, whole, before it is asked."""
    with atomic(tenant_id):
        idempotency.hold(tenant_id, opened.claim)
        order = orders.lock_order(tenant_id, opened.order_id)
        payment = order.shown_payment
        if payment is not None and payment.state is not PaymentState.CANCELED:
            return Question(order.id, opened.customer_id, payment.stripe_payment_intent_id)
        look_up = where_to_look(order)
        tenant = tenants.get(tenant_id)
        request = payments.freeze_request(
            order,
            tenant_slug=tenant.slug,
            tenant_name=tenant.name,
            statement_descriptor_suffix=tenant.statement_descriptor_suffix,
            stripe_customer_id=stripe_customer_id,
        )
        settle_order(order, actor=_ACTOR)
        checks.schedule(order, utc_now())
        return Question(
            order.id, opened.customer_id, None, request.id, request.parameters, request.stripe_key, look_up
        )


@retried
def _attach(tenant_id: int, opened: _Opened, intent: dict[str, Any]) -> PaymentOpened:
    """Last phase: the intent belongs to the order, and the reply is kept."""
    with atomic(tenant_id):
        idempotency.hold(tenant_id, opened.claim)
        order = orders.lock_order(tenant_id, opened.order_id)
        try:
            payment = payments.attach_intent(order, read_intent(intent))
        except PaymentMismatch as error:
            raise PaymentFailed("Stripe has another payment under this order's number.") from error
        settle_order(order, actor=_ACTOR)
        reply = _reply(order, payment=payment, client_secret=intent["client_secret"])
        idempotency.finish(tenant_id, opened.claim, StoredReply(200, asdict(reply)))
        # What Stripe told of the payment before we knew it has waited for this.
        if events.unpark(tenant_id, [payment.stripe_payment_intent_id]):
            events.wake(tenant_id)
        return reply


def _reply(order: Order, *, payment: Payment | None, client_secret: str | None) -> PaymentOpened:
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


@contextmanager
def _freeing_on_error(tenant_id: int, claim: Claim) -> Iterator[None]:
    """Only a 2xx reply is kept: after anything else the same key may be tried again at once."""
    try:
        yield
    except Exception as error:
        log.info("payment_not_opened", error=type(error).__name__)
        _free(tenant_id, claim)
        raise


def _free(tenant_id: int, claim: Claim) -> None:
    for pause in _FREEING_PAUSES:
        try:
            with atomic(tenant_id):
                idempotency.free(tenant_id, claim)
        except OperationalError:
            # What broke the call may be the database itself, back in a moment; else the lease ends by itself.
            time.sleep(pause)
        except IdempotencyInProgress:
            return
        else:
            return
