"""The first phase of every checkout: the order exists and its stock is reserved before Stripe is called."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from lumira import stripe_slots
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.charge_limits import largest_charge
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.errors import Conflict, InvalidCart, InvalidQuantity, InvalidRequest
from lumira.models import Customer, Order, Product
from lumira.repositories import (
    customers,
    idempotency,
    order_polls,
    orders,
    products,
    stock,
    stripe_accounts,
    tenants,
)
from lumira.repositories.idempotency import Call, Claim, StoredReply
from lumira.services.checkout.open_order import open_order
from lumira.services.idempotency.reply import Reply
from lumira.settlement import public_bounds
from lumira.settlement.settle_order import settle_order

#: The actor of everything that is recorded while a payment is opened.
ACTOR = "buyer"

#: Builds the stored body of a reply from an order that needs no payment.
ReplyBuilder = Callable[[Order], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CheckoutStarted:
    """An open order for which Stripe has to be called: what the first phase passes to the next."""

    claim: Claim
    order_id: UUID
    account: stripe_accounts.StripeAccount
    customer_id: UUID | None
    #: The address that was typed, which is not the customer's own if it was merged into another.
    customer_email: str | None
    #: Whether the caller may be any visitor of the shop.
    is_public: bool


@retried
def begin_checkout(
    tenant_id: int, call: Call, command: CheckoutCommand, *, free_reply: ReplyBuilder
) -> CheckoutStarted | Reply[dict[str, Any]]:
    """Open the order of one call, once, and reserve its stock.

    Returns the reply at once if an earlier call stored it or if the order is free: a free order completes here,
    and `free_reply` describes it. Raises `InvalidRequest` (`INVALID_EMAIL`) if the command lacks an address that the
    tenant or a free order requires, `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `InvalidCart`,
    `OutOfStock`, `RateLimited`, `StripeConfigError`, `IdempotencyInProgress` and `IdempotencyMismatch`.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            if claim.order_id is None or orders.is_payable_or_paid(tenant_id, claim.order_id, utc_now()):
                return Reply(claim.reply.body, replayed=True)
            # The payment was closed because it was not paid in time: the stored reply cannot be used any more.
            claim = idempotency.take_over(tenant_id, claim)
        order = _find_or_open_order(tenant_id, call, claim, command)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        if order.is_free:
            return _complete_free(tenant_id, claim, orders.lock_order(tenant_id, order.id), free_reply)
        # Refused here, the transaction leaves neither a claim nor an order.
        stripe_slots.require()
        account = stripe_accounts.get_account(tenant_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        if order.reservations:
            # If this process dies before the next phase, polling releases the stock at its deadline.
            order_polls.schedule(order, utc_now())
        return CheckoutStarted(
            claim,
            order.id,
            account,
            order.customer_id,
            order.customer_email,
            is_public=call.public_network is not None,
        )


def reserve_stock(order: Order, *, until: datetime) -> None:
    """Reserve the order's units until then, unless the order is paid; raises `OutOfStock` and `RateLimited`.

    In each phase, because the units may have been released since the phase before.
    """
    if not any(payment.has_succeeded for payment in order.payments):
        public_bounds.check_reservations(order)
        stock.reserve(order, until=until, actor=ACTOR)


def refuse_erased(order: Order) -> None:
    """Raise `Conflict` if the buyer was erased since the order was opened: it must not become payable again."""
    if order.erased_at is not None:
        raise order_closed()


def order_closed() -> Conflict:
    """Return the error of a call whose order was canceled or erased while the payment was opened."""
    return Conflict("This order was closed: open a new one.")


def _find_or_open_order(tenant_id: int, call: Call, claim: Claim, command: CheckoutCommand) -> Order:
    # Held until the end: the tenant's row is read once.
    tenant = tenants.get(tenant_id)
    account = stripe_accounts.find_account(tenant_id)
    livemode = account is not None and account.livemode
    if claim.order_id is not None:
        # A retry after a crash continues with the order and the frozen requests of the first attempt.
        order = orders.lock_order(tenant_id, claim.order_id)
        if order.is_free or order.livemode == livemode:
            return order
        # It is of test mode and the shop sells now, or the reverse: it cannot be paid any more.
    if tenant.email_required and command.customer_email is None:
        raise InvalidRequest(
            "This shop requires the buyer's e-mail address: set customerEmail.",
            code="INVALID_EMAIL",
            fields={"customerEmail": ["Is required by this shop."]},
        )
    items = [(_get_product(tenant_id, item), item.quantity) for item in command.items]
    _check_cart(items)
    customer = _find_or_create_customer(tenant_id, command)
    repeated: frozenset[str] = frozenset()
    if all(product.is_free for product, _ in items):
        existing_id, repeated = _find_free_order(tenant_id, call, items, customer)
        if existing_id is not None:
            return orders.lock_order(tenant_id, existing_id)
        public_bounds.check_free_orders(tenant_id, call, command.customer_email or "")
    return open_order(
        tenant,
        command,
        items=items,
        customer=customer,
        livemode=livemode,
        call=call,
        repeated=repeated,
    )


def _find_free_order(
    tenant_id: int, call: Call, items: list[tuple[Product, int]], customer: Customer | None
) -> tuple[UUID | None, frozenset[str]]:
    """The free order of these products that the locked customer has, and the products that the customer has.

    Each product is free once for each customer. A public caller gets only what its own network opened, and learns
    nothing of other orders: its new order repeats them. Raises `InvalidRequest` (`INVALID_EMAIL`) without a customer,
    and `InvalidCart` if the caller's earlier orders contain some of the products.
    """
    if customer is None:
        raise InvalidRequest(
            "A free order needs an e-mail address.",
            code="INVALID_EMAIL",
            fields={"customerEmail": ["A free order needs an e-mail address."]},
        )
    requested = {product.id for product, _ in items}
    earlier = orders.list_free(tenant_id, customer.id)
    shown = _list_shown(earlier, call)
    # A cart that was repeated, before one that contains more.
    for order_id, product_ids in sorted(shown, key=lambda order: order[1] != requested):
        if requested <= product_ids:
            return order_id, frozenset()
    for product, _ in items:
        if any(product.id in product_ids for _, product_ids in shown):
            raise InvalidCart(
                f"{product.name} is free once for each customer, who has it already: remove it from the cart."
            )
    return None, frozenset().union(*(order.product_ids for order in earlier))


def _list_shown(earlier: Sequence[orders.FreeOrder], call: Call) -> list[tuple[UUID, frozenset[str]]]:
    """The orders that the caller may know, each with its products."""
    if call.public_network is None:
        return [(order.id, order.product_ids - order.repeated_ids) for order in earlier]
    return [
        (order.id, order.product_ids)
        for order in earlier
        if call.own_network is not None and order.opener_network == call.own_network
    ]


def _get_product(tenant_id: int, item: CheckoutItem) -> Product:
    if item.level is not None:
        product = products.get_level(tenant_id, item.level)
    else:
        product = products.get_product(tenant_id, item.product_id or "")
    if item.quantity != 1 and product.is_free:
        raise InvalidQuantity("A free product can only be ordered once: set quantity to 1.")
    if item.quantity != 1 and not product.keeps_stock:
        raise InvalidQuantity("A digital product can only be bought once per order: set quantity to 1.")
    return product


def _check_cart(items: list[tuple[Product, int]]) -> None:
    """Check the rules that concern several items together."""
    if len({product.id for product, _ in items}) < len(items):
        raise InvalidCart("A product appears twice in the cart: list it once, with its quantity.")
    if len({product.currency for product, _ in items}) > 1:
        raise InvalidCart("The products of a cart must have the same currency.")
    largest = largest_charge(items[0][0].currency)
    if sum(product.amount * quantity for product, quantity in items) > largest:
        raise InvalidCart(f"The amount must not exceed {largest} minor units.")


def _find_or_create_customer(tenant_id: int, command: CheckoutCommand) -> Customer | None:
    if command.customer_email is None:
        return None
    return customers.find_or_create(
        tenant_id, email=command.customer_email, name=command.customer_name, locale=command.locale
    )


def _complete_free(
    tenant_id: int, claim: Claim, order: Order, free_reply: ReplyBuilder
) -> Reply[dict[str, Any]]:
    if order.completed_at is None:
        stock.check_repeated_lines(order)
        stock.reserve(order, until=utc_now(), actor=ACTOR)
    settle_order(order, actor=ACTOR)
    body = free_reply(order)
    idempotency.finish(tenant_id, claim, StoredReply(200, body))
    return Reply(body)
