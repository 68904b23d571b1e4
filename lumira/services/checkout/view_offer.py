"""Shows what a checkout page sells: the products with their contents, price and stock. Changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.cart_price import CartPrice, price_of
from lumira.domain.commands import CheckoutItem
from lumira.domain.consents import RequiredConsents, required_consents
from lumira.domain.due_receipts import included_vat
from lumira.domain.goods.shipping import Postage, Zone, find_zone, has_goods, postage_of, zones_of
from lumira.models import Content, PaymentPage, Product, ProductGroup, ProductKind, Tenant
from lumira.repositories.catalog import contents, product_images, products, promotions
from lumira.repositories.catalog.product_images import ShownImage
from lumira.repositories.inventory import stock
from lumira.repositories.tenants import tenants
from lumira.services.checkout.cart import find_products
from lumira.services.checkout.promotion import check_charge, check_uses_left, find_promotion
from lumira.services.checkout.view_variants import OptionChoice, find_choices, groups_of


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One product and how many units of it; amounts in minor units."""

    product: Product
    quantity: int
    contents: tuple[Content, ...]
    #: The levels that this one includes, the highest first.
    included: tuple[Product, ...]
    #: Units that can be bought now; `None` if the product has no stock.
    in_stock: int | None
    image: ShownImage | None = None

    @property
    def amount(self) -> int:
        return self.product.amount * self.quantity

    @property
    def is_available(self) -> bool:
        return self.in_stock is None or self.in_stock >= self.quantity


@dataclass(frozen=True, slots=True)
class Offer:
    """What a checkout page sells, at the prices of now; amounts in minor units, VAT included."""

    tenant: Tenant
    lines: tuple[OfferLine, ...]
    consents: RequiredConsents
    price: CartPrice
    #: Where the goods can be sent; none if no address is asked.
    zones: tuple[Zone, ...] = ()
    #: The country for which the postage is shown.
    country: str | None = None
    #: The promotion code that lowers the price, as it is stored.
    promotion_code: str | None = None
    #: Whether the shop has promotion codes, so that the page asks for one.
    has_codes: bool = False
    #: What can be chosen instead, if the offer is one variant of a group.
    choices: tuple[OptionChoice, ...] = ()

    @property
    def amount(self) -> int:
        """What the buyer pays, the postage included."""
        return self.price.amount

    @property
    def postage(self) -> Postage | None:
        return self.price.postage

    @property
    def currency(self) -> str:
        return self.lines[0].product.currency

    @property
    def is_available(self) -> bool:
        return all(line.is_available for line in self.lines)

    @property
    def is_paid_here(self) -> bool:
        """Whether the buyer pays on Lumira's page, with Stripe's Payment Element, and not on Stripe's page."""
        has_key = self.tenant.stripe_publishable_key is not None
        return self.amount > 0 and has_key and self.tenant.payment_page is PaymentPage.ELEMENT

    @property
    def has_goods(self) -> bool:
        """Whether the period for a withdrawal counts from a delivery."""
        return any(line.product.kind is ProductKind.PHYSICAL for line in self.lines)

    @property
    def vat_rate(self) -> str | None:
        """The rate in percent; `None` where the seller charges no VAT, or names no legal lines."""
        return (self.tenant.seller or {}).get("vat_rate")

    @property
    def vat_amount(self) -> int:
        """The part of the amount that is VAT, as on the receipt."""
        return included_vat(self.amount, self.vat_rate) if self.vat_rate else 0

    @property
    def vat_note(self) -> str | None:
        """Why no VAT is charged, as on the receipt."""
        return (self.tenant.seller or {}).get("vat_note")


@dataclass(frozen=True, slots=True)
class ShopEntry:
    """One unit of a product, or the variants of a group as one entry, at the place of the first of them."""

    group: ProductGroup | None
    variants: tuple[OfferLine, ...]

    @property
    def line(self) -> OfferLine:
        """The product to which the entry leads: of several variants the first one that can be bought."""
        return next((line for line in self.variants if line.is_available), self.variants[0])

    @property
    def is_choice(self) -> bool:
        return self.group is not None and len(self.variants) > 1

    @property
    def lowest_amount(self) -> int:
        """The lowest price of a variant that can be bought, in minor units; of all if none can."""
        can_be_bought = [line for line in self.variants if line.is_available]
        return min(line.amount for line in can_be_bought or self.variants)

    @property
    def has_one_price(self) -> bool:
        return len({line.amount for line in self.variants}) == 1


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant, and what is on sale in the order of the catalog."""

    tenant: Tenant
    entries: list[ShopEntry]


def view_offer(
    tenant_id: int,
    items: Sequence[CheckoutItem],
    country: str | None = None,
    *,
    promotion_code: str | None = None,
    has_opened: bool = False,
) -> Offer:
    """Return what the items cost and contain now, sent to `country`; else to the first one that the shop serves.

    `has_opened` if the visitor has an unpaid order of these items, which may have the last use of the code. Raises
    `ProductNotFound`, `LevelNotFound`, `InvalidQuantity`, `InvalidCart` and `InvalidPromotionCode`.
    """
    with atomic(tenant_id):
        found = find_products(tenant_id, items)
        promotion = find_promotion(tenant_id, promotion_code, found, has_email=True)
        if not has_opened:
            check_uses_left(promotion)
        # Of a group, one variant may be digital and another one goods.
        has_stock = any(product.keeps_stock or product.group_id is not None for product, _ in found)
        available = stock.available(tenant_id) if has_stock else {}
        listed = contents.list_contents(tenant_id, [product.id for product, _ in found])
        images = product_images.shown_for(tenant_id, [product for product, _ in found])
        levels = {level.id: level for level in products.list_levels(tenant_id)}
        lines = tuple(
            OfferLine(
                product,
                quantity,
                tuple(content for content in listed if content.product_id == product.id),
                tuple(levels[level] for level in products.list_included(product)),
                available.get(product.id, 0) if product.keeps_stock else None,
                images.get(product.id),
            )
            for product, quantity in found
        )
        tenant = tenants.get(tenant_id)
        zones = zones_of(tenant) if has_goods(found) else ()
        shown = country if country is not None and find_zone(zones, country) else _first_country(zones)
        price = price_of(found, promotion, postage_of(tenant, found, shown))
        check_charge(price)
        return Offer(
            tenant,
            lines,
            required_consents(tenant, found),
            price,
            zones,
            shown,
            promotion.code if promotion else None,
            has_codes=promotions.has_active(tenant_id),
            choices=find_choices(tenant_id, found[0][0], available) if len(found) == 1 else (),
        )


def _first_country(zones: Sequence[Zone]) -> str | None:
    return zones[0].countries[0] if zones else None


def view_shop(tenant_id: int) -> Shop:
    """Return what the tenant sells."""
    with atomic(tenant_id):
        on_sale = products.list_products(tenant_id)
        available = stock.available(tenant_id)
        images = product_images.shown_for(tenant_id, on_sale)
        lines = [
            OfferLine(
                product,
                1,
                (),
                (),
                available.get(product.id, 0) if product.keeps_stock else None,
                images.get(product.id),
            )
            for product in on_sale
        ]
        return Shop(tenants.get(tenant_id), _entries(lines, groups_of(tenant_id, on_sale)))


def _entries(lines: Sequence[OfferLine], groups: Mapping[str, ProductGroup]) -> list[ShopEntry]:
    by_group: dict[str, list[OfferLine]] = {}
    for line in lines:
        # No product has this id, so that a product by itself is an entry of its own.
        by_group.setdefault(line.product.group_id or f"/{line.product.id}", []).append(line)
    return [ShopEntry(groups.get(key), tuple(variants)) for key, variants in by_group.items()]
