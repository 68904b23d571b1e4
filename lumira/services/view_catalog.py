"""Looking at what a tenant sells, without changing anything."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from cachetools import LRUCache

from lumira.database import atomic
from lumira.errors import ProductNotFound, StripeConfigError
from lumira.models import Product
from lumira.services import catalog, tenants

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
    #: Pieces left; `None` where stock is not kept.
    in_stock: int | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a tenant sells at one version of its catalog, in the catalog's order."""

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
    """What the tenant sells now. Only its version is queried while a process knows that version.

    The version is read before the products: a change between the two is kept under the older version, and
    the next look finds a newer one.
    """
    with atomic(tenant_id):
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
        # No stock is counted yet, and what is not counted is not there.
        in_stock=0 if product.keeps_stock else None,
    )
