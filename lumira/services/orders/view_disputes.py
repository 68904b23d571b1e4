"""The disputes of a tenant, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.list_position import Position
from lumira.repositories.orders import disputes
from lumira.repositories.orders.disputes import ListedDispute
from lumira.repositories.tenants import tenants

#: Disputes on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class DisputePage:
    """One page of disputes, the Connect account that the tenant sells through, and where the next page begins."""

    disputes: Sequence[ListedDispute]
    stripe_account: str | None
    next: Position | None


def view_disputes(tenant_id: int, *, is_closed: bool, after: Position | None = None) -> DisputePage:
    """Return one page of the open disputes, the nearest due date first, or of the closed ones, the newest first."""
    with atomic(tenant_id):
        found = disputes.list_page(tenant_id, is_closed=is_closed, after=after, limit=PAGE + 1)
        following = disputes.position_of(found[PAGE - 1], is_closed=is_closed) if len(found) > PAGE else None
        return DisputePage(found[:PAGE], tenants.get(tenant_id).stripe_account, following)
