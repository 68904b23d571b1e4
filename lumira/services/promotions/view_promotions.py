"""Show the promotion codes of a shop, and the orders that use one. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.promotion_terms import values_of
from lumira.domain.promotions import normalised
from lumira.domain.shown_values import fingerprint_of
from lumira.errors.catalog import PromotionNotFound
from lumira.formats import parse_uuid
from lumira.models import Order, Product, PromotionCode
from lumira.repositories.catalog import products, promotions

#: Orders that a page shows, the newest ones.
_ORDERS_SHOWN = 50
#: Codes on one page.
_PAGE = 50


class PromotionState(StrEnum):
    """Whether a code counts for an order that is opened now."""

    ACTIVE = "active"
    #: It is valid later.
    PLANNED = "planned"
    ENDED = "ended"
    USED_UP = "used_up"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class ListedPromotion:
    """A code with its state."""

    promotion: PromotionCode
    state: PromotionState


@dataclass(frozen=True, slots=True)
class PromotionPage:
    """One page of the codes, and the id after which the next one begins; `None` on the last page."""

    listed: list[ListedPromotion]
    next: UUID | None


@dataclass(frozen=True, slots=True)
class PromotionDetails:
    """A code with the orders that use it, the newest first, and the fingerprint of its terms."""

    promotion: PromotionCode
    state: PromotionState
    orders: Sequence[Order]
    #: For those of its products that the shop has, on sale or not.
    products: Sequence[Product]
    fingerprint: str


def view_promotions(tenant_id: int) -> list[ListedPromotion]:
    """Return all codes of the tenant, the newest first."""
    now = utc_now()
    with atomic(tenant_id):
        return [ListedPromotion(each, state_of(each, now)) for each in promotions.list_newest(tenant_id)]


def view_page(tenant_id: int, *, text: str, after: str) -> PromotionPage:
    """Return one page of the codes that contain the text, the newest first: the first page, or that after an id."""
    now = utc_now()
    with atomic(tenant_id):
        found = promotions.list_newest(
            tenant_id, text=normalised(text), after=parse_uuid(after), limit=_PAGE + 1
        )
    following = found[_PAGE - 1].id if len(found) > _PAGE else None
    return PromotionPage([ListedPromotion(each, state_of(each, now)) for each in found[:_PAGE]], following)


def view_promotion(tenant_id: int, code: str) -> PromotionDetails:
    """Return one code; raises `PromotionNotFound`."""
    with atomic(tenant_id):
        promotion = promotions.find_by_code(tenant_id, normalised(code))
        if promotion is None:
            raise PromotionNotFound(f"There is no promotion code {code[:40]}.")
        found = products.list_by_ids(tenant_id, promotion.product_ids) if promotion.product_ids else {}
        return PromotionDetails(
            promotion,
            state_of(promotion, utc_now()),
            promotions.list_orders(tenant_id, promotion.id, limit=_ORDERS_SHOWN),
            list(found.values()),
            fingerprint_of(values_of(promotion)),
        )


def list_choices(tenant_id: int) -> list[Product]:
    """Return the products that a code may be for: those on sale."""
    with atomic(tenant_id):
        return products.list_products(tenant_id)


def state_of(promotion: PromotionCode, now: datetime) -> PromotionState:
    """Return whether the code counts now, and why not."""
    if not promotion.active:
        return PromotionState.DISABLED
    if promotion.valid_until is not None and promotion.valid_until <= now:
        return PromotionState.ENDED
    if promotion.max_uses is not None and promotion.uses >= promotion.max_uses:
        return PromotionState.USED_UP
    is_planned = promotion.valid_from is not None and promotion.valid_from > now
    return PromotionState.PLANNED if is_planned else PromotionState.ACTIVE
