"""The movements of the balance at Stripe and the payouts that are to be booked, inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, tuple_

from lumira.database import constant, db
from lumira.models import (
    BalanceTransaction,
    Payout,
    PayoutStatus,
)

#: A time and an id, after which a page begins.
Place = tuple[datetime, str]


def list_page(
    tenant_id: int,
    *,
    livemode: bool,
    since: datetime | None,
    until: datetime,
    after: Place | None,
    limit: int,
) -> Sequence[BalanceTransaction]:
    """Return movements of a period whose figures are known, oldest first."""
    key = BalanceTransaction.stripe_created_at, BalanceTransaction.stripe_balance_transaction_id
    query = select(BalanceTransaction).where(
        BalanceTransaction.tenant_id == tenant_id,
        BalanceTransaction.livemode == livemode,
        BalanceTransaction.read_at.is_not(None),
        BalanceTransaction.stripe_created_at < until,
    )
    if since is not None:
        query = query.where(BalanceTransaction.stripe_created_at >= since)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return db.session.execute(query.order_by(*key).limit(constant(limit))).scalars().all()


def list_payouts(
    tenant_id: int,
    *,
    livemode: bool,
    since: datetime | None,
    until: datetime,
    after: Place | None,
    limit: int,
) -> Sequence[Payout]:
    """Return payouts whose money is expected within a period, the first arrival first."""
    key = Payout.arrival_at, Payout.stripe_payout_id
    query = select(Payout).where(
        Payout.tenant_id == tenant_id, Payout.livemode == livemode, Payout.arrival_at < until
    )
    if since is not None:
        query = query.where(Payout.arrival_at >= since)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return db.session.execute(query.order_by(*key).limit(constant(limit))).scalars().all()


# The tenant's own lines are found by the indexes of the ids; `OR` of three would read every line of the account.
_IS_OWN = """
    (EXISTS (SELECT FROM payments p WHERE p.tenant_id = b.tenant_id AND p.stripe_charge_id = b.stripe_source_id)
     OR EXISTS (SELECT FROM refunds r WHERE r.tenant_id = b.tenant_id AND r.stripe_refund_id = b.stripe_source_id)
     OR EXISTS (SELECT FROM disputes d WHERE d.tenant_id = b.tenant_id AND d.stripe_dispute_id = b.stripe_source_id))
"""
_OWN_OF_PAYOUTS = text(
    f"""
    SELECT b.stripe_payout_id AS payout, sum(b.net)::bigint AS net FROM balance_transactions b
    WHERE b.tenant_id = :tenant_id AND b.stripe_payout_id = ANY(:payouts) AND b.read_at IS NOT NULL AND {_IS_OWN}
    GROUP BY b.stripe_payout_id
    """  # noqa: S608 - constants
)
_MOVED = """
    SELECT coalesce(sum(b.net), 0)::bigint AS net, coalesce(sum(b.fee), 0)::bigint AS fee, count(*) AS movements
    FROM balance_transactions b
    WHERE b.tenant_id = :tenant_id AND b.livemode = :livemode AND b.read_at IS NOT NULL AND b.currency = :currency
        AND b.stripe_created_at >= :since AND b.stripe_created_at < :until
"""
_MOVED_ALL = text(_MOVED)
_MOVED_OWN = text(f"{_MOVED} AND {_IS_OWN}")


def sum_own_of_payouts(tenant_id: int, payout_ids: Iterable[str]) -> dict[str, int]:
    """Return what each of these payouts contains of the tenant's own orders, in minor units."""
    ids = list(payout_ids)
    if not ids:
        return {}
    rows = db.session.execute(_OWN_OF_PAYOUTS, {"tenant_id": tenant_id, "payouts": ids})
    return {row.payout: row.net for row in rows}


@dataclass(frozen=True, slots=True)
class Moved:
    """What moved on the balance at Stripe, in minor units; `net` is without `fee`."""

    net: int
    fee: int
    movements: int


def sum_moved(
    tenant_id: int, *, livemode: bool, currency: str, since: datetime, until: datetime, is_own: bool
) -> Moved:
    """Return what moved within a period, of the whole account or of the tenant's own orders."""
    values = {
        "tenant_id": tenant_id,
        "livemode": livemode,
        "currency": currency,
        "since": since,
        "until": until,
    }
    row = db.session.execute(_MOVED_OWN if is_own else _MOVED_ALL, values).one()
    return Moved(row.net, row.fee, row.movements)


def sum_arrived(
    tenant_id: int, *, livemode: bool, currency: str, since: datetime, until: datetime
) -> tuple[int, list[str]]:
    """Return what arrived in the bank account within a period, and the ids of these payouts."""
    query = select(Payout.stripe_payout_id, Payout.amount).where(
        Payout.tenant_id == tenant_id,
        Payout.livemode == livemode,
        Payout.status == PayoutStatus.PAID,
        Payout.currency == currency,
        Payout.arrival_at >= since,
        Payout.arrival_at < until,
    )
    rows = db.session.execute(query).all()
    return sum(row[1] for row in rows), [row[0] for row in rows]


def count_of_other_currency(
    tenant_id: int, *, livemode: bool, currency: str, since: datetime, until: datetime
) -> int:
    """Return how many movements of a period are in another currency than the books."""
    query = select(func.count()).where(
        BalanceTransaction.tenant_id == tenant_id,
        BalanceTransaction.livemode == livemode,
        BalanceTransaction.currency != currency,
        BalanceTransaction.stripe_created_at >= since,
        BalanceTransaction.stripe_created_at < until,
    )
    return db.session.execute(query).scalar_one()


def count_unread(tenant_id: int, *, livemode: bool) -> int:
    """Return how many movements Stripe has announced whose figures are not known yet."""
    query = select(func.count()).where(
        BalanceTransaction.tenant_id == tenant_id,
        BalanceTransaction.livemode == livemode,
        BalanceTransaction.read_at.is_(None),
    )
    return db.session.execute(query).scalar_one()
