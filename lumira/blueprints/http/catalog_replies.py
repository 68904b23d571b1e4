"""The replies of the catalog: their ETag, and those of the lists that a process keeps.

A kept reply is sent again only if the state that is read for the same request is the one that it was made from.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from cachetools import LRUCache
from flask import Flask, Response, current_app, g, request

import lumira
from lumira.services.catalog.catalog_state import CatalogState

#: Bytes of all bodies that a process keeps.
_KEPT_BYTES = 16 * 1024 * 1024
_EXTENSION = "lumira.catalog_replies"

CACHE_CONTROL = "private, no-cache"
VARY = ("Authorization", "Host")

#: The lists of the catalog, and the stock that each depends on. The levels have none.
LISTS: dict[str, Callable[[CatalogState], object]] = {
    "/api/products": lambda state: state.available,
    "/api/product-groups": lambda state: state.available,
    "/api/stripe/levels": lambda _state: None,
}


@dataclass(frozen=True, slots=True)
class _KeptReply:
    etag: str
    body: bytes


def _new_cache() -> LRUCache[tuple[int, str], _KeptReply]:
    return LRUCache(_KEPT_BYTES, getsizeof=lambda reply: len(reply.body))


@dataclass(frozen=True, slots=True)
class CatalogReplies:
    """The lists that one application has replied with last, by tenant and path."""

    _replies: LRUCache[tuple[int, str], _KeptReply] = field(default_factory=_new_cache)
    _lock: Lock = field(default_factory=Lock)

    def find(self, tenant_id: int, path: str, etag: str) -> bytes | None:
        """The body of the list with this ETag; `None` if another one is kept, or none."""
        with self._lock:
            kept = self._replies.get((tenant_id, path))
        return kept.body if kept is not None and kept.etag == etag else None

    def keep(self, tenant_id: int, path: str, etag: str, body: bytes) -> None:
        """Keep the reply instead of the last one, unless it is larger than all replies may be together."""
        if len(body) <= _KEPT_BYTES:
            with self._lock:
                self._replies[tenant_id, path] = _KeptReply(etag, body)


def init_app(app: Flask) -> None:
    """Let the application keep its replies."""
    app.extensions[_EXTENSION] = CatalogReplies()


def of(app: Flask) -> CatalogReplies:
    """The replies that the application keeps."""
    replies: CatalogReplies = app.extensions[_EXTENSION]
    return replies


def etag_of(tenant_id: int, path: str, state: CatalogState, stock: object) -> str:
    """The ETag of a reply: what it depends on, and the code's version, because new code may render it differently."""
    version = f"{lumira.__version__} {tenant_id} {state.created_at!r} {state.version!r} {stock} {path}"
    return hashlib.sha256(version.encode()).hexdigest()[:32]


def set_state(state: CatalogState, *, stock: object = None) -> None:
    """Note the state that the reply to the running request is made from; `stock` for one product."""
    stock_of_list = LISTS.get(request.path)
    shown = stock if stock_of_list is None else stock_of_list(state)
    g.catalog_etag = etag_of(g.tenant_id, request.path, state, shown)


def add_etag(response: Response) -> Response:
    """Let callers cache a catalog reply and revalidate it with its ETag, and keep it if it is a list."""
    etag = g.get("catalog_etag")
    if etag is None or response.status_code != 200:  # noqa: PLR2004 - OK
        return response
    if request.path in LISTS:
        of(current_app).keep(g.tenant_id, request.path, etag, response.get_data())
    response.set_etag(etag)
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.vary.update(VARY)
    response.make_conditional(request)
    return response
