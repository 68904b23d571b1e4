"""Open an order: what the buyer agreed to is frozen on it."""

from collections.abc import Collection, Sequence

from lumira.clock import utc_now
from lumira.domain.cart_price import CartPrice
from lumira.domain.commands import CHECKOUT_PAGE, CheckoutCommand
from lumira.domain.consents import freeze_consents
from lumira.domain.goods.addresses import freeze
from lumira.domain.goods.shipping import has_goods
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.formats import new_order_number
from lumira.models import (
    Customer,
    Order,
    OrderLine,
    OrderStatus,
    Product,
    PromotionCode,
    PromotionUse,
    Tenant,
)
from lumira.models.columns import uuid7
from lumira.repositories.catalog import products
from lumira.repositories.customers.customers import Buyer
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import NO_CLAIM, Claim
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import kept_orders, order_polls


def open_order(
    tenant: Tenant,
    command: CheckoutCommand,
    *,
    items: Sequence[tuple[Product, int]],
    price: CartPrice,
    customer: Customer | Buyer | None,
    livemode: bool,
    call: Call,
    claim: Claim = NO_CLAIM,
    promotion: PromotionCode | None = None,
    repeated: Collection[str] = (),
) -> Order:
    """Insert a pending order for the products and quantities in `items`, at the given price, and keep it.

    The order is recorded on the key of the claimed call. `repeated` contains the ids of the free products that the
    customer has from an earlier order. If this process dies before the payment is requested, a poll finds the order
    and, at its deadline, releases its stock.
    """
    order = build_order(
        tenant,
        command,
        items=items,
        price=price,
        promotion=promotion,
        customer=customer,
        livemode=livemode,
        call=call,
        repeated=repeated,
    )
    if not order.is_free:
        order_polls.schedule_at_once(order, utc_now())
    kept_orders.insert(order, *idempotency.renewal(tenant.id, claim, order_id=order.id))
    return order


def build_order(
    tenant: Tenant,
    command: CheckoutCommand,
    *,
    items: Sequence[tuple[Product, int]],
    price: CartPrice,
    customer: Customer | Buyer | None,
    livemode: bool,
    call: Call,
    promotion: PromotionCode | None = None,
    repeated: Collection[str] = (),
) -> Order:
    """A pending order with its lines. All products have one currency.

    The order copies every value that it needs: later changes of the catalog and of the tenant do not affect it.
    """
    order = Order(
        tenant_id=tenant.id,
        id=uuid7(),
        order_number=new_order_number(tenant.order_prefix),
        customer_id=customer.id if customer else None,
        customer_email=command.customer_email,
        email_key=customer.email_key if customer else None,
        customer_name=command.customer_name,
        amount=price.amount,
        currency=price.currency,
        livemode=livemode,
        source=command.source,
        request_id=call.request_id,
        opener_network=call.public_network,
        locale=command.locale,
        consents=freeze_consents(
            tenant, command.consents, on_checkout_page=command.source == CHECKOUT_PAGE, now=utc_now()
        ),
        withdrawal_days=tenant.withdrawal_days,
        delivery_days=tenant.delivery_days,
        free_product_id=_free_product_id(items, repeated) if customer and price.amount == 0 else None,
        shipping_zone=price.postage.zone.name if price.postage else None,
        shipping_amount=price.postage.amount if price.postage else 0,
        shipping_vat_rate=price.postage.vat_rate if price.postage else None,
        shipping_address=freeze(command.shipping) if command.shipping and has_goods(items) else None,
        promotion_code_id=promotion.id if promotion else None,
        promotion_code=promotion.code if promotion else None,
        # Reserved, and counted, at the end of this transaction.
        promotion_use=PromotionUse.RELEASED if promotion else None,
        release_on_failure=tenant.release_on_failure,
        caller_metadata=_without_reserved(command.metadata),
        status=OrderStatus.PENDING,
    )
    order.lines.extend(
        _build_line(position, product, quantity, discount=discount, is_repeated=product.id in repeated)
        for position, ((product, quantity), discount) in enumerate(zip(items, price.discounts, strict=True))
    )
    order.tracks_shipments = any(line.keeps_stock for line in order.lines)
    return order


def _free_product_id(items: Sequence[tuple[Product, int]], repeated: Collection[str]) -> str | None:
    """The free product of the order: a unique index allows each customer one such order.

    `None` for a free cart, which is checked in `begin_checkout`.
    """
    first, *others = (product for product, _ in items)
    return first.id if first.is_free and not others and first.id not in repeated else None


def _without_reserved(metadata: dict[str, str]) -> dict[str, str]:
    """The caller's metadata without Lumira's own keys, which are ignored rather than refused."""
    return {key: value for key, value in metadata.items() if key not in stripe_metadata.RESERVED}


def _build_line(
    position: int, product: Product, quantity: int, *, discount: int, is_repeated: bool
) -> OrderLine:
    return OrderLine(
        id=uuid7(),
        position=position,
        product_id=product.id,
        product_name=product.name,
        image_path=product.image_path,
        kind=product.kind,
        level_number=product.level_number,
        quantity=quantity,
        unit_amount=product.amount,
        discount_amount=discount,
        on_partial_refund=product.on_partial_refund,
        restock_on_refund=product.restock_on_refund,
        delayed_methods=product.delayed_methods,
        access_days=product.access_days,
        included_products=products.list_included(product),
        deliverables=product.deliverables,
        is_repeated=is_repeated,
    )
