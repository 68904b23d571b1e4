"""Shows payouts and what they contain; changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lumira.database import atomic
from lumira.domain.payouts import Source, is_own_movement
from lumira.models import BalanceTransaction, Payout
from lumira.repositories.accounting import balance_transactions, payouts
from lumira.repositories.tenants import tenants

#: Payouts on one page.
PAGE = 50


@dataclass(frozen=True, slots=True)
class PayoutPage:
    """One page of payouts, the last arrival first, and the payout after which the next page begins."""

    payouts: Sequence[Payout]
    next: str | None


@dataclass(frozen=True, slots=True)
class PayoutLine:
    """One balance transaction of a payout, and the order that it is of; `None` if it is of no order of the tenant."""

    transaction: BalanceTransaction
    order_number: str | None


@dataclass(frozen=True, slots=True)
class PayoutView:
    """One payout with its lines; `own_net` and `other_net` in minor units of the payout's currency.

    What is of no order of the tenant is of another shop with the same Stripe account, or a fee of the account.
    """

    payout: Payout
    lines: Sequence[PayoutLine]
    #: The Connect account that the tenant sells through.
    stripe_account: str | None

    @property
    def own_net(self) -> int:
        return sum(line.transaction.net or 0 for line in self.lines if line.order_number is not None)

    @property
    def other_net(self) -> int:
        return sum(line.transaction.net or 0 for line in self.lines if line.order_number is None)

    @property
    def fee(self) -> int:
        """Stripe's fees of the tenant's own lines."""
        return sum(line.transaction.fee or 0 for line in self.lines if line.order_number is not None)


def list_payouts(tenant_id: int, *, after: str | None = None, limit: int = PAGE) -> PayoutPage:
    """Return one page of the payouts of the tenant's mode, those after the payout `after`; raises `NotFound`."""
    with atomic(tenant_id):
        last = payouts.get(tenant_id, after) if after is not None else None
        found = payouts.list_page(
            tenant_id,
            livemode=tenants.get(tenant_id).livemode,
            after=None if last is None else (last.arrival_at, last.stripe_payout_id),
            limit=limit + 1,
        )
        return PayoutPage(found[:limit], found[limit - 1].stripe_payout_id if len(found) > limit else None)


def view_payout(tenant_id: int, stripe_payout_id: str) -> PayoutView:
    """Return one payout with all its lines, oldest first; raises `NotFound`."""
    with atomic(tenant_id):
        payout = payouts.get(tenant_id, stripe_payout_id)
        rows = [
            row
            for row in balance_transactions.list_of_payout(tenant_id, stripe_payout_id)
            if not is_own_movement(row)
        ]
        ids = [row.stripe_source_id for row in rows if row.stripe_source_id is not None]
        sources = balance_transactions.find_sources(tenant_id, ids)
        lines = [PayoutLine(row, _number(row, sources)) for row in rows]
        return PayoutView(payout, lines, tenants.get(tenant_id).stripe_account)


def _number(row: BalanceTransaction, sources: Mapping[str, Source]) -> str | None:
    source = sources.get(row.stripe_source_id or "")
    return None if source is None else source.order_number
