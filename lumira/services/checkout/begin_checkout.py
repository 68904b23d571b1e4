"""The first phase of every checkout: the order exists and its stock is reserved before Stripe is called."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from lumira import stripe_slots
from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.commands import CheckoutCommand
from lumira.domain.goods.shipping import zones_of
from lumira.domain.shown_images import images_path
from lumira.domain.stripe.requests import Seller
from lumira.errors import Conflict, InvalidRequest
from lumira.link_tokens import public_url_of
from lumira.models import Order, Tenant
from lumira.repositories.customers import customers
from lumira.repositories.customers.customers import Buyer
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import Claim, StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock
from lumira.repositories.orders import kept_orders, order_polls, orders
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.services.checkout.cart import check_consents, find_price, find_products
from lumira.services.checkout.ensure_stripe_customer import (
    CustomerAtStripe,
    freeze_customer_request,
    of_buyer,
)
from lumira.services.checkout.free_orders import find_free_order, require_customer
from lumira.services.checkout.open_order import open_order
from lumira.services.checkout.promotion import find_promotion, reserve_use
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
    #: As the first phase wrote or loaded it: the next one compares it with the rows before it continues with it.
    order: Order
    account: StripeAccount
    seller: Seller
    #: The customer at Stripe, or the request that creates it; `None` for a buyer without an address, and unless it was
    #: found with the order.
    customer: CustomerAtStripe | None
    #: Whether the caller may be any visitor of the shop.
    is_public: bool


def begin_checkout(
    tenant_id: int, call: Call, command: CheckoutCommand, *, free_reply: ReplyBuilder
) -> CheckoutStarted | Reply[dict[str, Any]]:
    """Open the order of one call, once, and reserve its stock.

    Returns the reply at once if an earlier call stored it or if the order is free: a free order completes here,
    and `free_reply` describes it. Raises `InvalidRequest` (`INVALID_EMAIL`) if the command lacks an address that the
    tenant or a free order requires, `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `InvalidCart`,
    `InvalidPromotionCode`, `MissingAddress`, `InvalidAddress`, `CountryNotServed`, `OutOfStock`, `RateLimited`,
    `StripeConfigError`, `IdempotencyInProgress` and `IdempotencyMismatch`.
    """
    started = _begin(tenant_id, call, command, free_reply=free_reply)
    if isinstance(started, CheckoutStarted) and started.customer is None:
        return with_customer(tenant_id, started)
    return started


@retried
def with_customer(tenant_id: int, started: CheckoutStarted) -> CheckoutStarted:
    """Return `started` with the customer at Stripe as it is now, or the frozen request for it."""
    order = started.order
    if order.customer_id is None:
        return started
    # A transaction of its own: customers are locked before orders.
    with atomic(tenant_id):
        customer = freeze_customer_request(
            tenant_id, order.customer_id, typed_email=order.customer_email, tenant_slug=started.seller.slug
        )
    return replace(started, customer=customer)


@retried
def _begin(
    tenant_id: int, call: Call, command: CheckoutCommand, *, free_reply: ReplyBuilder
) -> CheckoutStarted | Reply[dict[str, Any]]:
    with atomic(tenant_id):
        # Held until the end: each row is read once.
        tenant, _product = tenants.get_with_product(tenant_id, command.items[0].product_id)
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            if claim.order_id is None or orders.is_payable_or_paid(tenant_id, claim.order_id, utc_now()):
                return Reply(claim.reply.body, replayed=True)
            # The payment was closed because it was not paid in time: the stored reply cannot be used any more.
            claim = idempotency.take_over(tenant_id, claim)
        account = stripe_accounts.find_account(tenant_id)
        order, customer = _find_or_open_order(tenant, call, claim, command, account)
        if order.is_free:
            return _complete_free(tenant_id, claim, order, free_reply)
        # Refused here, the transaction leaves neither a claim nor an order.
        stripe_slots.require()
        account = account or stripe_accounts.get_account(tenant_id)
        structlog.contextvars.bind_contextvars(order_number=order.order_number)
        reserve_stock(order, until=utc_now() + stock.PAYMENT_RESERVATION)
        if order.reserved_until is not None:
            # If this process dies before the next phase, polling releases the stock at its deadline.
            order_polls.schedule_at_once(order, utc_now())
        if order.promotion_use is not None:
            kept_orders.write(order)
        return CheckoutStarted(
            claim,
            order,
            account,
            _seller(tenant),
            customer,
            is_public=call.public_network is not None,
        )


def _seller(tenant: Tenant) -> Seller:
    images_url = public_url_of(images_path(tenant.slug))
    return Seller(
        tenant.slug,
        tenant.name,
        tenant.statement_descriptor_suffix,
        zones_of(tenant),
        # Stripe's page shows no image of an address without a certificate, such as that of a developer.
        images_url if images_url is not None and images_url.startswith("https://") else None,
    )


def reserve_stock(order: Order, *, until: datetime) -> None:
    """Reserve the order's units and the use of its promotion code until then, unless the order is paid.

    Raises `OutOfStock`, `RateLimited` and `InvalidPromotionCode`.

    In each phase, because the units may have been released since the phase before.
    """
    if not any(payment.has_succeeded for payment in order.payments):
        public_bounds.check_reservations(order)
        stock.reserve(order, until=until, actor=ACTOR)
        reserve_use(order, until=until)


def refuse_erased(order: Order) -> None:
    """Raise `Conflict` if the buyer was erased since the order was opened: it must not become payable again."""
    if order.erased_at is not None:
        raise order_closed()


def order_closed() -> Conflict:
    """Return the error of a call whose order was canceled or erased while the payment was opened."""
    return Conflict("This order was closed: open a new one.")


def _find_or_open_order(
    tenant: Tenant, call: Call, claim: Claim, command: CheckoutCommand, account: StripeAccount | None
) -> tuple[Order, CustomerAtStripe | None]:
    """Find or open the order, and record it on the key of the call."""
    tenant_id = tenant.id
    livemode = account is not None and account.livemode
    if claim.order_id is not None:
        # A retry after a crash continues with the order and the frozen requests of the first attempt.
        order = orders.lock_order(tenant_id, claim.order_id)
        if order.is_free or order.livemode == livemode:
            idempotency.renew(tenant_id, claim, order_id=order.id)
            return order, None
        # It is of test mode and the shop sells now, or the reverse: it cannot be paid any more.
    if tenant.email_required and command.customer_email is None:
        raise InvalidRequest(
            "This shop requires the buyer's e-mail address: set customerEmail.",
            code="INVALID_EMAIL",
            fields={"customerEmail": ["Is required by this shop."]},
        )
    items = find_products(tenant_id, command.items)
    check_consents(tenant, items, command)
    promotion = find_promotion(
        tenant_id, command.promotion_code, items, has_email=command.customer_email is not None
    )
    price = find_price(tenant, items, command, promotion)
    buyer = _find_or_create_buyer(tenant, command, is_free=price.amount == 0)
    repeated: frozenset[str] = frozenset()
    if price.amount == 0:
        customer = require_customer(buyer)
        if promotion is None:
            existing_id, repeated = find_free_order(tenant_id, call, items, customer)
            if existing_id is not None:
                idempotency.renew(tenant_id, claim, order_id=existing_id)
                return orders.lock_order(tenant_id, existing_id), None
        public_bounds.check_free_orders(tenant_id, call, command.customer_email or "")
    order = open_order(
        tenant,
        command,
        items=items,
        price=price,
        customer=buyer,
        livemode=livemode,
        call=call,
        claim=claim,
        promotion=promotion,
        repeated=repeated,
    )
    return order, None if buyer is None else of_buyer(buyer, typed_email=command.customer_email)


def _find_or_create_buyer(tenant: Tenant, command: CheckoutCommand, *, is_free: bool) -> Buyer | None:
    if command.customer_email is None:
        return None
    return customers.find_or_create_buyer(
        tenant.id,
        email=command.customer_email,
        name=command.customer_name,
        locale=command.locale,
        freeze_for=None if is_free else tenant.slug,
    )


def _complete_free(
    tenant_id: int, claim: Claim, order: Order, free_reply: ReplyBuilder
) -> Reply[dict[str, Any]]:
    if order.completed_at is None:
        stock.check_repeated_lines(order)
        if order.promotion_use is not None:
            # A free product is ordered once; what a code makes free may be more units than one network may take.
            public_bounds.check_reservations(order)
        stock.reserve(order, until=utc_now(), actor=ACTOR)
        reserve_use(order, until=utc_now())
    settle_order(order, actor=ACTOR)
    kept_orders.write(order)
    body = free_reply(order)
    idempotency.finish(tenant_id, claim, StoredReply(200, body))
    return Reply(body)
