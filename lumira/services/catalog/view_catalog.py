"""View what a tenant sells, and the configuration of Stripe.js."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock

from cachetools import LRUCache

from lumira.database import atomic
from lumira.errors import ProductNotFound
from lumira.models import Product
from lumira.repositories import products as catalog
from lumira.repositories import tenants
from lumira.services.catalog.catalog_state import CatalogState, read_state
from lumira.stripe_errors import StripeConfigError

#: Catalogs that a process caches; each tenant has one or two versions in use at a time.
_CACHE_SIZE = 2_000


@dataclass(frozen=True, slots=True)
class ShopConfig:
    """What a page needs to start Stripe.js."""

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
    #: Units that can be bought now; `None` if the product has no stock.
    in_stock: int | None


@dataclass(frozen=True, slots=True)
class Catalog:
    """The products on sale at one version of the catalog, in its order, with their available stock."""

    state: CatalogState
    products: tuple[ProductView, ...]

    @property
    def levels(self) -> list[ProductView]:
        """The levels, by number."""
        levels = [product for product in self.products if product.level is not None]
        return sorted(levels, key=lambda product: product.level or 0)

    def get_product(self, product_id: str) -> ProductView:
        """One product; raises `ProductNotFound` if it is not on sale."""
        for product in self.products:
            if product.id == product_id:
                return product
        raise ProductNotFound("This product is not on sale.")


#: The products without their available stock. Keyed by tenant, the tenant's creation time and version: in tests one
#: process sees several databases.
_catalogs: LRUCache[tuple[int, bytes, bytes], tuple[ProductView, ...]] = LRUCache(_CACHE_SIZE)
_lock = Lock()


def view_catalog(tenant_id: int) -> Catalog:
    """The tenant's current catalog with its available stock.

    A process caches each version of a catalog. Available stock changes with every sale and is always queried.
    """
    state = read_state(tenant_id)
    products = _load(tenant_id, state)
    if all(product.in_stock is None for product in products):
        return Catalog(state, products)
    available = state.units()
    return Catalog(state, tuple(_with_stock(product, available) for product in products))


def _load(tenant_id: int, state: CatalogState) -> tuple[ProductView, ...]:
    """The products without their available stock.

    The state was read before the products: a change between the two reads is cached under the older version, and the
    next call finds a newer version.
    """
    key = (tenant_id, state.created_at, state.version)
    with _lock:
        cached = _catalogs.get(key)
    if cached is not None:
        return cached
    with atomic(tenant_id):
        loaded = tuple(_view(product) for product in catalog.list_products(tenant_id))
    with _lock:
        _catalogs[key] = loaded
    return loaded


def _with_stock(product: ProductView, available: Mapping[str, int]) -> ProductView:
    """The product with its available stock: 0 for a physical product that has not been counted."""
    if product.in_stock is None:
        return product
    return replace(product, in_stock=available.get(product.id, 0))


def view_shop_config(tenant_id: int) -> ShopConfig:
    """The tenant's publishable Stripe key and currency; raises `StripeConfigError` if it has no such key."""
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
        # `view_catalog` replaces the 0.
        in_stock=0 if product.keeps_stock else None,
    )
