"""Payouts: recorded under a lock, claimed when they are to be read again, and listed."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert

from lumira.clock import utc_now
from lumira.database import constant, db
from lumira.domain.stripe.balance import PayoutFacts
from lumira.errors import NotFound
from lumira.models import Payout


def lock_or_create(tenant_id: int, reported: Iterable[PayoutFacts]) -> dict[str, Payout]:
    """Lock these payouts, in the order of their ids, and create those that are new; returns them by id."""
    now = utc_now()
    rows = {
        facts.id: {
            "tenant_id": tenant_id,
            "stripe_payout_id": facts.id,
            "livemode": facts.livemode,
            "amount": facts.amount,
            "currency": facts.currency,
            "status": facts.status,
            "reconciliation": facts.reconciliation,
            "is_automatic": facts.is_automatic,
            "arrival_at": facts.arrival_at,
            "stripe_created_at": facts.created_at,
            "created_at": now,
            "updated_at": now,
        }
        for facts in reported
    }
    ids = sorted(rows)
    if ids:
        db.session.execute(insert(Payout).on_conflict_do_nothing(), [rows[name] for name in ids])
    query = (
        select(Payout)
        .where(Payout.tenant_id == tenant_id, Payout.stripe_payout_id.in_(ids))
        .order_by(Payout.stripe_payout_id)
        .with_for_update()
    )
    return {row.stripe_payout_id: row for row in db.session.execute(query).scalars()}


def lock(tenant_id: int, stripe_payout_id: str) -> Payout | None:
    """Lock one payout; `None` if it is not recorded."""
    query = (
        select(Payout)
        .where(Payout.tenant_id == tenant_id, Payout.stripe_payout_id == stripe_payout_id)
        .with_for_update()
    )
    return db.session.execute(query).scalar_one_or_none()


def get(tenant_id: int, stripe_payout_id: str) -> Payout:
    """Return one payout; raises `NotFound`."""
    query = select(Payout).where(Payout.tenant_id == tenant_id, Payout.stripe_payout_id == stripe_payout_id)
    payout = db.session.execute(query).scalar_one_or_none()
    if payout is None:
        raise NotFound(f"There is no payout {stripe_payout_id}.")
    return payout


def list_due_ids(tenant_id: int, now: datetime, *, limit: int) -> list[str]:
    """List the payouts that are to be read from Stripe now, those that wait longest first."""
    query = (
        select(Payout.stripe_payout_id)
        .where(Payout.tenant_id == tenant_id, Payout.next_read_at <= now)
        .order_by(Payout.next_read_at)
        .limit(constant(limit))
    )
    return list(db.session.execute(query).scalars())


def list_page(
    tenant_id: int, *, livemode: bool, after: tuple[datetime, str] | None, limit: int
) -> list[Payout]:
    """List the payouts of one mode, the last arrival first; `after` is the last one of the page before."""
    query = (
        select(Payout)
        .where(Payout.tenant_id == tenant_id, Payout.livemode == livemode)
        .order_by(Payout.arrival_at.desc(), Payout.stripe_payout_id.desc())
        .limit(constant(limit))
    )
    if after is not None:
        query = query.where(tuple_(Payout.arrival_at, Payout.stripe_payout_id) < tuple_(*after))
    return list(db.session.execute(query).scalars())
