"""The catalog of one tenant as its file describes it, and the difference that applying it makes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lumira.domain.product_groups import as_stored
from lumira.models import (
    ContentKind,
    FraudWarningPolicy,
    PartialRefundPolicy,
    PaymentPage,
    ProductKind,
    ReleaseOnFailure,
    WithdrawalPolicy,
)
from lumira.models.tenant import DELIVERY_DAYS, SHIP_WITHIN_DAYS, WITHDRAWAL_DAYS
from lumira.repositories.catalog.catalog_products import CatalogProduct, FieldChange, ProductChange
from lumira.repositories.catalog.contents import CatalogContent
from lumira.repositories.catalog.product_groups import CatalogGroup, GroupChange


@dataclass(frozen=True, slots=True)
class CatalogTenant:
    """The tenant's values in the file. `domains` and `order_prefix` are `None` if the file omits them."""

    slug: str
    name: str
    currency: str
    order_prefix: str | None
    time_zone: str
    domains: tuple[str, ...] | None
    statement_descriptor_suffix: str | None
    release_on_failure: ReleaseOnFailure
    #: Whether a sale without the buyer's e-mail address is refused.
    email_required: bool = False
    #: The version of the terms that buyers must accept, and the page that shows them.
    terms_version: str | None = None
    terms_url: str | None = None
    payment_page: PaymentPage = PaymentPage.HOSTED
    #: What follows from a buyer's withdrawal, in which days they may withdraw, and after how many days goods count as
    #: delivered.
    withdrawal_policy: WithdrawalPolicy = WithdrawalPolicy.REVIEW
    withdrawal_days: int = WITHDRAWAL_DAYS
    delivery_days: int = DELIVERY_DAYS
    #: Whether the refund of a withdrawal waits until shipped goods are returned.
    refund_on_return: bool = False
    #: Days after which the team is alerted about paid orders that are not shipped; 0 for no alert.
    ship_within_days: int = SHIP_WITHIN_DAYS
    #: What follows from an early fraud warning, beside the alert.
    on_fraud_warning: FraudWarningPolicy = FraudWarningPolicy.ALERT
    #: The address of the team that receives alerts, such as those about disputes.
    alert_email: str | None = None
    #: Where buyers reach the shop.
    support_email: str | None = None
    #: The page on which buyers can order.
    shop_url: str | None = None
    brand_color: str | None = None
    brand_background: str | None = None
    #: Pixels.
    brand_radius: int | None = None
    #: The legal lines of receipts.
    seller: dict[str, Any] | None = None
    #: The accounts of the accounting export, as `domain.accounts` reads them; `None` for its defaults.
    accounting: dict[str, Any] | None = None
    #: The connection to Dolibarr, by the names of its columns; `None` if the file omits it, and what is set then stays.
    crm: dict[str, Any] | None = None
    #: Where goods are sent, as `domain.goods.shipping` reads it; `None` if no address is asked.
    shipping_zones: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Catalog:
    """A whole catalog file, validated."""

    tenant: CatalogTenant
    products: tuple[CatalogProduct, ...]
    #: The contents of all products, in the order of the file.
    contents: tuple[CatalogContent, ...] = ()
    groups: tuple[CatalogGroup, ...] = ()

    @property
    def leaves_withdrawal(self) -> bool:
        """Whether buyers of paid digital content are not asked for its immediate delivery."""
        return self.tenant.terms_version is None and any(
            product.kind is not ProductKind.PHYSICAL and product.amount > 0 for product in self.products
        )


@dataclass(frozen=True, slots=True)
class MovedLevel:
    """A level whose number changes although buyers have access to it: `level=NUMBER` then names another product."""

    product_id: str
    #: The level numbers before and after; `None` for a product that is no level.
    before: int | None
    after: int | None
    #: How many grants give access to it now.
    grants: int


@dataclass(frozen=True, slots=True)
class RenamedProduct:
    """A removed id and a new one that look like one product. What is left under the old id, in total, is counted."""

    before: str
    after: str
    #: Units on hand.
    units: int
    #: Grants that give access now.
    grants: int
    #: Contents whose files stay.
    contents: int


@dataclass(frozen=True, slots=True)
class CatalogDifference:
    """What applying the file changed, or would change."""

    slug: str
    currency: str
    order_prefix: str
    tenant_created: bool
    tenant_fields: tuple[FieldChange, ...]
    domains_added: tuple[str, ...]
    domains_removed: tuple[str, ...]
    products: tuple[ProductChange, ...]
    #: The catalog's version after the change.
    version: int
    moved_levels: tuple[MovedLevel, ...] = ()
    renamed: tuple[RenamedProduct, ...] = ()
    #: The settings (`tenant.name`) and products that were changed in the dashboard, and that the file changes.
    overwritten: tuple[str, ...] = ()
    groups: tuple[GroupChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (
            self.tenant_created
            or self.tenant_fields
            or self.domains_added
            or self.domains_removed
            or self.groups
            or self.products
        )


def product_of(table: dict[str, Any]) -> CatalogProduct:
    """Return the product that a validated table of a catalog file, or a validated form, describes."""
    return CatalogProduct(
        id=table["id"],
        kind=ProductKind(table["kind"]),
        name=table["name"],
        description=table["description"],
        amount=table["amount"],
        level_number=table["level_number"],
        on_partial_refund=PartialRefundPolicy(table["on_partial_refund"]),
        stock=table["stock"],
        restock_on_refund=table["restock_on_refund"],
        delayed_methods=table["delayed_methods"],
        access_days=table["access_days"],
        includes_lower_levels=table["includes_lower_levels"],
        deliverables=tuple(table["deliverables"]),
        weight=table["weight"],
        group_id=table.get("group"),
        options=table.get("options"),
    )


def group_of(table: dict[str, Any]) -> CatalogGroup:
    """Return the group that a validated table of a catalog file, or a validated form, describes."""
    return CatalogGroup(table["id"], table["name"], table["description"], as_stored(table["options"]))


def contents_of(product_id: str, entries: Iterable[Mapping[str, str]]) -> list[CatalogContent]:
    """Return the contents that the validated `contents` of a product describe."""
    return [
        CatalogContent(product_id, entry["key"], entry["title"], ContentKind(entry["kind"]))
        for entry in entries
    ]
