"""The products of a checkout: which of them the catalog sells, and in which quantities."""

from collections.abc import Sequence

from lumira.domain import consents
from lumira.domain.cart_price import CartPrice, price_of
from lumira.domain.charge_limits import largest_charge
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.goods import shipping
from lumira.errors.catalog import PriceChanged
from lumira.errors.orders import InvalidCart, InvalidQuantity, MissingConsent
from lumira.models import Product, PromotionCode, Tenant
from lumira.repositories.catalog import products
from lumira.services.checkout.promotion import check_charge


def find_products(tenant_id: int, items: Sequence[CheckoutItem]) -> list[tuple[Product, int]]:
    """Return the product of each item with its quantity, as the catalog sells it now.

    Raises `ProductNotFound`, `LevelNotFound`, `InvalidQuantity` and `InvalidCart`.
    """
    if len(items) > 1:
        # Loaded at once, and held until the end: what the session knows takes no query of its own.
        _loaded = products.list_by_ids(tenant_id, [item.product_id for item in items if item.product_id])
    found = [(_get_product(tenant_id, item), item.quantity) for item in items]
    _check_cart(found)
    return found


def check_consents(tenant: Tenant, items: Sequence[tuple[Product, int]], command: CheckoutCommand) -> None:
    """Raise `MissingConsent` if the sale lacks a consent that the tenant requires."""
    missing = consents.missing_consents(consents.required_consents(tenant, items), command.consents)
    if missing:
        raise MissingConsent(
            "This shop requires consents of the buyer: show its terms, ask the buyer, and send `consents`.",
            fields={field: [sentence] for field, sentence in missing.items()},
        )


def find_price(
    tenant: Tenant,
    items: Sequence[tuple[Product, int]],
    command: CheckoutCommand,
    promotion: PromotionCode | None,
) -> CartPrice:
    """Return what the sale costs, with the postage and the promotion code, once it is possible at this price.

    Raises `PriceChanged` if the buyer has seen another price, `MissingAddress`, `InvalidAddress` and
    `CountryNotServed` if the goods cannot be sent, and `InvalidCart` or `InvalidPromotionCode` if Stripe does not
    charge so much or so little.
    """
    country = command.shipping.country if command.shipping else None
    price = price_of(items, promotion, shipping.postage_of(tenant, items, country))
    if price.postage is not None:
        shipping.check_address(price.postage, command, is_free=price.amount == 0)
        _check_largest(price.amount, price.currency)
    check_charge(price)
    if command.expected not in (None, (price.amount, price.currency)):
        raise PriceChanged("The price has changed: show the new price to the buyer.")
    return price


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
    _check_largest(sum(product.amount * quantity for product, quantity in items), items[0][0].currency)


def _check_largest(amount: int, currency: str) -> None:
    largest = largest_charge(currency)
    if amount > largest:
        raise InvalidCart(f"The amount must not exceed {largest} minor units.")
