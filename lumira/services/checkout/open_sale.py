"""The first phase of every sale: the order exists, and its pieces are kept, before anything is asked of Stripe."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.errors import InvalidCart, InvalidQuantity
from lumira.models import Customer, Order, Product
from lumira.repositories import (
    customers,
    idempotency,
    levels,
    order_polls,
    orders,
    outbox,
    products,
    stock,
    tenants,
)
from lumira.repositories.idempotency import Call, Claim, StoredReply
from lumira.services.checkout.open_order import open_order
from lumira.settlement.settle_order import settle_order

#: Who does what happens while a payment is opened.
ACTOR = "buyer"
#: Stripe's largest charge, in minor units.
LARGEST_AMOUNT = 99_999_999


@dataclass(frozen=True, slots=True)
class Item:
    """What a buyer asks for: an id and a quantity, never a price. One of `product_id` and `level` is given."""

    product_id: str | None
    quantity: int
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Basket:
    """All that a buyer asks for at once, and who they say they are."""

    items: tuple[Item, ...]
    customer_email: str | None
    customer_name: str | None
    metadata: dict[str, str]
    #: The route that was called.
    source: str
    #: The language of the page that asked, `fr` or `en`, where it told one.
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """What the first phase hands on."""

    claim: Claim
    order_id: UUID
    account: tenants.StripeAccount
    customer_id: UUID | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A call that needs nothing of Stripe: answered before, or about something free."""

    body: dict[str, Any]
    replayed: bool


@retried
def open_sale(
    tenant_id: int, call: Call, basket: Basket, *, describe_free: Callable[[Order], dict[str, Any]]
) -> Opened | Answered:
    """Open the order of one call, once, and keep its pieces; what costs nothing is served at once.

    `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `InvalidCart`, `OutOfStock`, `StripeConfigError`;
    `IdempotencyInProgress` and `IdempotencyMismatch`.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            if claim.order_id is None or orders.is_payable_or_paid(tenant_id, claim.order_id, utc_now()):
                return Answered(claim.reply.body, replayed=True)
            # Nobody paid in time and the payment was closed: what was answered is of no use any more.
            claim = idempotency.take_over(tenant_id, claim)
        order = _find_or_open_order(tenant_id, call, claim, basket)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        if order.is_free:
            return _serve_free(tenant_id, claim, orders.lock_order(tenant_id, order.id), describe_free)
        account = tenants.get_stripe_account(tenant_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        if order.reservations:
            # Should nothing follow, because this process dies, the pieces are given back when their time is over.
            order_polls.schedule(order, utc_now())
        return Opened(claim, order.id, account, order.customer_id)


def reserve_stock(order: Order, *, until: datetime) -> None:
    """Hold what an order needs until then, unless it is paid; `OutOfStock` if somebody else has it."""
    if not any(payment.has_succeeded for payment in order.payments):
        stock.reserve(order, until=until, actor=ACTOR)


def _find_or_open_order(tenant_id: int, call: Call, claim: Claim, basket: Basket) -> Order:
    if claim.order_id is not None:
        # A retry after a crash finds the order and the frozen requests of the first try.
        return orders.lock_order(tenant_id, claim.order_id)
    items = [(_wanted_product(tenant_id, item), item.quantity) for item in basket.items]
    _check_together(items)
    customer = _customer(tenant_id, basket)
    known = _find_gift(tenant_id, items, customer)
    if known is not None:
        return orders.lock_order(tenant_id, known)
    tenant = tenants.get(tenant_id)
    account = tenants.find_stripe_account(tenant_id)
    return open_order(
        tenant_id,
        prefix=tenant.order_prefix,
        items=items,
        customer=customer,
        customer_email=basket.customer_email,
        customer_name=basket.customer_name,
        livemode=account is not None and account.livemode,
        source=basket.source,
        request_id=call.request_id,
        release_on_failure=tenant.release_on_failure,
        metadata=basket.metadata,
        locale=basket.locale,
    )


def _find_gift(tenant_id: int, items: list[tuple[Product, int]], customer: Customer | None) -> UUID | None:
    """The order by which a locked customer got all this for free; `None` if anything of it costs money."""
    if customer is None or not all(product.is_free for product, _ in items):
        return None
    product_ids = [product.id for product, _ in items]
    if len(product_ids) == 1:
        return orders.find_free(tenant_id, customer_id=customer.id, product_id=product_ids[0])
    return orders.find_free_cart(tenant_id, customer_id=customer.id, product_ids=product_ids)


def _wanted_product(tenant_id: int, item: Item) -> Product:
    if item.level is not None:
        product = levels.get_level(tenant_id, item.level)
    else:
        product = products.get_product(tenant_id, item.product_id or "")
    if item.quantity != 1 and not product.keeps_stock:
        raise InvalidQuantity("Only one of a digital product can be bought at a time.")
    return product


def _check_together(items: list[tuple[Product, int]]) -> None:
    """What each item may be by itself, but not beside the others."""
    if len({product.id for product, _ in items}) < len(items):
        raise InvalidCart("Each product stands in a cart once, with its quantity.")
    if len({product.currency for product, _ in items}) > 1:
        raise InvalidCart("All products of a cart have the same currency.")
    if sum(product.amount * quantity for product, quantity in items) > LARGEST_AMOUNT:
        raise InvalidCart(f"A sale is of {LARGEST_AMOUNT} minor units at most.")


def _customer(tenant_id: int, basket: Basket) -> Customer | None:
    if basket.customer_email is None:
        return None
    return customers.find_or_create(
        tenant_id, email=basket.customer_email, name=basket.customer_name, locale=basket.locale
    )


def _serve_free(
    tenant_id: int, claim: Claim, order: Order, describe_free: Callable[[Order], dict[str, Any]]
) -> Answered:
    if order.completed_at is None:
        stock.reserve(order, until=utc_now(), actor=ACTOR)
    owes = settle_order(order, actor=ACTOR)
    body = describe_free(order)
    idempotency.finish(tenant_id, claim, StoredReply(200, body))
    if owes:
        outbox.schedule_relay(tenant_id)
    return Answered(body, replayed=False)
