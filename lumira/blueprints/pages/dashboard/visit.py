"""The visit of a request: the operator who sent it, and the shop in its path."""

from dataclasses import dataclass
from threading import Lock

from cachetools import TTLCache
from flask import Flask, current_app, g, request

from lumira.blueprints.pages.dashboard.cookies import read_session_token
from lumira.domain.operators import Role, SignedIn
from lumira.pages.dashboard.frame import Shop
from lumira.services.installation.watch_workers import is_any_alive
from lumira.services.operators.authenticate import authenticate
from lumira.services.operators.describe_shop import ShopDescription, describe_shop

#: Seconds for which a process may show an earlier name of a shop.
_CACHE_SECONDS = 30
#: Seconds for which a process may show an earlier state of the workers.
_WORKER_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Visit:
    """Who sent the running request: `signed_in` is `None` without a live session, `shop` on a page of no shop."""

    signed_in: SignedIn | None
    shops: tuple[Shop, ...] = ()
    shop: Shop | None = None
    #: Whether a worker runs: without one nothing of a shop is processed.
    has_worker: bool = True


def init_app(app: Flask) -> None:
    """Give the application empty caches of shops and of whether a worker runs."""
    app.extensions["lumira.shops"] = (TTLCache(1000, _CACHE_SECONDS), Lock())
    app.extensions["lumira.has_worker"] = (TTLCache(1, _WORKER_SECONDS), Lock())


def begin(slug: str | None) -> Visit:
    """Find who sent the request; the shop is one of the operator's, or `None`."""
    token = read_session_token()
    signed_in = None if token is None else authenticate(token)
    shops = () if signed_in is None else _shops_of(signed_in)
    shop = next((each for each in shops if each.slug == slug), None)
    g.dashboard = Visit(signed_in, shops, shop, has_worker=shop is None or _has_worker())
    if shop is not None:
        g.tenant_id = shop.tenant_id
    return current()


def current() -> Visit:
    """The visit of the running request; without one, as after an error before it began, nobody's."""
    visit: Visit = g.get("dashboard") or Visit(None)
    return visit


def operator() -> SignedIn:
    """The operator of the running request; only for routes that require one."""
    signed_in = current().signed_in
    if signed_in is None:
        raise RuntimeError("This route is open to everyone: it has no operator.")
    return signed_in


def shop() -> Shop:
    """The shop of the running request; only for pages of a shop."""
    found = current().shop
    if found is None:
        raise RuntimeError("This route belongs to no shop.")
    return found


def _shops_of(signed_in: SignedIn) -> tuple[Shop, ...]:
    shops = [_shop(tenant_id, role) for tenant_id, role in signed_in.roles.items()]
    return tuple(sorted(shops, key=lambda each: each.name.casefold()))


def _shop(tenant_id: int, role: Role) -> Shop:
    cache: TTLCache[int, ShopDescription]
    cache, lock = current_app.extensions["lumira.shops"]
    with lock:
        known = cache.get(tenant_id)
    if known is None:
        known = describe_shop(tenant_id)
        # A frozen shop is looked up at each request: it takes forms again as soon as it is resumed.
        if not known.is_frozen:
            with lock:
                cache[tenant_id] = known
    return Shop(
        tenant_id, known.slug, known.name, known.time_zone, known.currency, role, is_frozen=known.is_frozen
    )


def _has_worker() -> bool:
    cache: TTLCache[None, bool]
    cache, lock = current_app.extensions["lumira.has_worker"]
    with lock:
        known = cache.get(None)
    if known is None:
        known = is_any_alive()
        with lock:
            cache[None] = known
    return known


def path_here() -> str:
    """The path of the running request with its query, to lead back to it."""
    return request.full_path.rstrip("?")
