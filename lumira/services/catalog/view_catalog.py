"""Looking at what a tenant sells, without changing anything."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock

from cachetools import LRUCache

from lumira.database import atomic
from lumira.errors import ProductNotFound, StripeConfigError
from lumira.models import Product
from lumira.repositories import products as catalog
from lumira.repositories import stock, tenants

#: Tenants whose catalogs a process keeps loaded; each has one or two versions at a time.
_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class ShopConfig:
    """What a tenant's page starts Stripe.js with."""

    publishable_key: str
    currency: str


@dataclass(frozen=True, slots=True)
class ProductView:
    """One product on sale; `amount` in minor units."""

    id: str
    name: str
    description: str
    amount: int
    currency: str
    kind: str
    level: int | None
    #: Pieces that can be bought now; `None` where stock is not kept.
    in_stock: int | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a tenant sells at one version of its catalog, in the catalog's order, and how much is left of it."""

    version: int
    products: tuple[ProductView, ...]

    @property
    def levels(self) -> list[ProductView]:
        """The levels, by number."""
        levels = [product for product in self.products if product.level is not None]
        return sorted(levels, key=lambda product: product.level or 0)

    def get_product(self, product_id: str) -> ProductView:
        """One product; `ProductNotFound` if it is not on sale."""
        for product in self.products:
            if product.id == product_id:
                return product
        raise ProductNotFound("There is no such product.")


#: By the tenant's age too: an id says little in a process that has seen more than one database.
_catalogs: LRUCache[tuple[int, datetime, int], Catalog] = LRUCache(_KEPT)
_lock = Lock()


def view_catalog(tenant_id: int) -> Catalog:
    """What the tenant sells now, and how many pieces of it can be bought.

    While a process knows the catalog's version, only that is queried, and of goods the pieces left: these
    change with every sale and are never kept.
    """
    with atomic(tenant_id):
        known = _load(tenant_id)
        if all(product.in_stock is None for product in known.products):
            return known
        left = stock.available(tenant_id)
    return replace(known, products=tuple(_stocked(product, left) for product in known.products))


def _load(tenant_id: int) -> Catalog:
    """The catalog but for the pieces left.

    The version is read before the products: a change between the two is kept under the older version, and
    the next look finds a newer one.
    """
    tenant = tenants.get(tenant_id)
    key = (tenant_id, tenant.created_at, tenant.catalog_version)
    with _lock:
        known = _catalogs.get(key)
    if known is not None:
        return known
    products = tuple(_view(product) for product in catalog.list_products(tenant_id))
    loaded = Catalog(tenant.catalog_version, products)
    with _lock:
        _catalogs[key] = loaded
    return loaded


def _stocked(product: ProductView, left: Mapping[str, int]) -> ProductView:
    """Goods with the pieces left of them; what is not counted is not there."""
    if product.in_stock is None:
        return product
    return replace(product, in_stock=left.get(product.id, 0))


def view_shop_config(tenant_id: int) -> ShopConfig:
    """The tenant's publishable Stripe key and its currency; `StripeConfigError` if it has no such key."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        if tenant.stripe_publishable_key is None:
            raise StripeConfigError("This shop has no publishable Stripe key.", tenant=tenant.slug)
        return ShopConfig(tenant.stripe_publishable_key, tenant.currency)


def _view(product: Product) -> ProductView:
    return ProductView(
        id=product.id,
        name=product.name,
        description=product.description,
        amount=product.amount,
        currency=product.currency,
        kind=str(product.kind),
        level=product.level_number,
        # Filled in at each look.
        in_stock=0 if product.keeps_stock else None,
    )
