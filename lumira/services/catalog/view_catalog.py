"""View what a tenant sells, and the configuration of Stripe.js."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from threading import Lock

from cachetools import LRUCache

from lumira.database import atomic
from lumira.domain.product_groups import Options, ordered
from lumira.domain.shown_images import images_path
from lumira.errors import ProductGroupNotFound
from lumira.errors.catalog import ProductNotFound
from lumira.errors.stripe import StripeConfigError
from lumira.link_tokens import public_url_of
from lumira.models import Product, ProductGroup
from lumira.repositories.catalog import product_groups
from lumira.repositories.catalog import products as catalog
from lumira.repositories.tenants import tenants
from lumira.services.catalog.catalog_state import CatalogState, read_state

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
    #: The id of the group of which it is a variant, and its value of each option in the order of the group.
    group: str | None
    options: dict[str, str] | None
    #: The URLs of its images.
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProductGroupView:
    """A group with its variants on sale, in the order of the catalog."""

    id: str
    name: str
    description: str
    #: `name` and `values` of each option.
    options: Options
    products: tuple[ProductView, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalog:
    """The products on sale at one version of the catalog, in its order, with their available stock."""

    state: CatalogState
    products: tuple[ProductView, ...]
    #: By the first product of each.
    groups: tuple[ProductGroupView, ...] = ()

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

    def get_group(self, group_id: str) -> ProductGroupView:
        """One group; raises `ProductGroupNotFound` if none of its products is on sale."""
        for group in self.groups:
            if group.id == group_id:
                return group
        raise ProductGroupNotFound("No product of this group is on sale.")


@dataclass(frozen=True, slots=True)
class _Loaded:
    """The products without their available stock, and their groups without products."""

    products: tuple[ProductView, ...]
    groups: tuple[ProductGroupView, ...]


#: Keyed by tenant, the tenant's creation time and version: in tests one
#: process sees several databases.
_catalogs: LRUCache[tuple[int, bytes, bytes], _Loaded] = LRUCache(_CACHE_SIZE)
_lock = Lock()


def view_catalog(tenant_id: int) -> Catalog:
    """The tenant's current catalog with its available stock.

    A process caches each version of a catalog. Available stock changes with every sale and is always queried.
    """
    state = read_state(tenant_id)
    loaded = _load(tenant_id, state)
    products = loaded.products
    if any(product.in_stock is not None for product in products):
        available = state.units()
        products = tuple(_with_stock(product, available) for product in products)
    groups = tuple(
        replace(group, products=tuple(product for product in products if product.group == group.id))
        for group in loaded.groups
    )
    return Catalog(state, products, groups)


def _load(tenant_id: int, state: CatalogState) -> _Loaded:
    """The products and groups without what the stock decides.

    The state was read before the products: a change between the two reads is cached under the older version, and the
    next call finds a newer version.
    """
    key = (tenant_id, state.created_at, state.version)
    with _lock:
        cached = _catalogs.get(key)
    if cached is not None:
        return cached
    with atomic(tenant_id):
        on_sale = catalog.list_products(tenant_id)
        # In the order of their first products; no statement for a shop without variants.
        group_ids = dict.fromkeys(product.group_id for product in on_sale if product.group_id)
        groups = product_groups.by_ids(tenant_id, group_ids)
        slug = tenants.get(tenant_id).slug if any(product.image_path for product in on_sale) else ""
        loaded = _Loaded(
            tuple(_view(product, groups.get(product.group_id or ""), slug) for product in on_sale),
            tuple(_view_group(groups[group_id]) for group_id in group_ids),
        )
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


def _view_group(group: ProductGroup) -> ProductGroupView:
    return ProductGroupView(group.id, group.name, group.description, group.options)


def _view(product: Product, group: ProductGroup | None, slug: str) -> ProductView:
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
        group=product.group_id,
        options=None if group is None else ordered(group.options, product.options or {}),
        images=() if product.image_path is None else (_url_of(slug, product.image_path),),
    )


def _url_of(slug: str, image_path: str) -> str:
    """The URL of an image; without a public URL, as in development, its path."""
    path = f"{images_path(slug)}/{image_path}"
    return public_url_of(path) or path
