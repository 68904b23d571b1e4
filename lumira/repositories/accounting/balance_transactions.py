"""Balance transactions: announced by events, read from Stripe, and found by what they are of."""

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import exists, func, select, text
from sqlalchemy.dialects.postgresql import insert

from lumira.database import constant, db
from lumira.domain.payouts import Source
from lumira.domain.stripe.balance import MovementFacts, NamedMovement
from lumira.models import BalanceTransaction, Dispute, LedgerEvent, Order, Payment, Payout, Refund
from lumira.models.balance_transaction import IS_UNREAD


def announce(
    tenant_id: int, named: Iterable[NamedMovement | MovementFacts], *, livemode: bool, now: datetime
) -> None:
    """Add a row without figures for each of these balance transactions that has none yet."""
    rows = {
        one.id: {
            "tenant_id": tenant_id,
            "stripe_balance_transaction_id": one.id,
            "livemode": livemode,
            "stripe_source_id": one.source_id,
            "created_at": now,
            "updated_at": now,
        }
        for one in named
    }
    if rows:
        # Sorted, so that two batches that add the same rows do not wait for each other.
        db.session.execute(
            insert(BalanceTransaction).on_conflict_do_nothing(), [rows[name] for name in sorted(rows)]
        )


def lock(tenant_id: int, transaction_ids: Iterable[str]) -> dict[str, BalanceTransaction]:
    """Lock these rows, in the order of their ids; returns them by id."""
    query = (
        select(BalanceTransaction)
        .where(
            BalanceTransaction.tenant_id == tenant_id,
            BalanceTransaction.stripe_balance_transaction_id.in_(sorted(set(transaction_ids))),
        )
        .order_by(BalanceTransaction.stripe_balance_transaction_id)
        .with_for_update()
    )
    return {row.stripe_balance_transaction_id: row for row in db.session.execute(query).scalars()}


def list_unread_ids(tenant_id: int, *, until: datetime, limit: int) -> list[str]:
    """List the balance transactions that were announced before this time and not read yet, oldest first."""
    query = (
        select(BalanceTransaction.stripe_balance_transaction_id)
        .where(
            BalanceTransaction.tenant_id == tenant_id,
            text(IS_UNREAD),
            BalanceTransaction.created_at < until,
        )
        .order_by(BalanceTransaction.created_at)
        .limit(constant(limit))
    )
    return list(db.session.execute(query).scalars())


def list_of_sources(tenant_id: int, source_ids: Collection[str]) -> list[BalanceTransaction]:
    """List what was read of these charges, refunds and disputes, oldest first."""
    query = select(BalanceTransaction).where(
        BalanceTransaction.tenant_id == tenant_id,
        BalanceTransaction.stripe_source_id.in_(source_ids),
        BalanceTransaction.read_at.is_not(None),
    )
    return _oldest_first(db.session.execute(query).scalars()) if source_ids else []


def list_of_payout(tenant_id: int, stripe_payout_id: str) -> list[BalanceTransaction]:
    """List what a payout contains, oldest first."""
    query = select(BalanceTransaction).where(
        BalanceTransaction.tenant_id == tenant_id,
        BalanceTransaction.stripe_payout_id == stripe_payout_id,
        BalanceTransaction.read_at.is_not(None),
    )
    return _oldest_first(db.session.execute(query).scalars())


def _oldest_first(rows: Iterable[BalanceTransaction]) -> list[BalanceTransaction]:
    """Sort here and not in the statement: PostgreSQL would follow the index of the times, not that of the ids."""

    def key(row: BalanceTransaction) -> tuple[float, str]:
        created_at = row.stripe_created_at
        return 0.0 if created_at is None else created_at.timestamp(), row.stripe_balance_transaction_id

    return sorted(rows, key=key)


def list_payout_sources(tenant_id: int, *, limit: int) -> list[str]:
    """List the payouts that a balance transaction names and that are not recorded, the last one first."""
    query = (
        select(BalanceTransaction.stripe_source_id)
        .where(
            BalanceTransaction.tenant_id == tenant_id,
            BalanceTransaction.type == constant("payout"),
            BalanceTransaction.stripe_source_id.is_not(None),
            ~exists().where(
                Payout.tenant_id == BalanceTransaction.tenant_id,
                Payout.stripe_payout_id == BalanceTransaction.stripe_source_id,
            ),
        )
        .order_by(BalanceTransaction.stripe_created_at.desc())
        .limit(constant(limit))
    )
    return [source for source in db.session.execute(query).scalars() if source is not None]


def find_first_payment_at(tenant_id: int) -> datetime | None:
    """Return when the tenant's first payment succeeded."""
    return db.session.execute(
        select(func.min(Payment.succeeded_at)).where(Payment.tenant_id == tenant_id)
    ).scalar_one()


def find_sources(tenant_id: int, source_ids: Collection[str]) -> dict[str, Source]:
    """Return those of these charges, refunds and disputes that belong to orders of the tenant, by Stripe's id."""
    columns = (
        (Payment, Payment.stripe_charge_id, Payment.amount_received, LedgerEvent.PAYMENT),
        (Refund, Refund.stripe_refund_id, Refund.amount, LedgerEvent.REFUND),
        (Dispute, Dispute.stripe_dispute_id, Dispute.amount, LedgerEvent.DISPUTE),
    )
    found: dict[str, Source] = {}
    for model, source_id, amount, event in columns if source_ids else ():
        query = (
            select(source_id, Order.order_number, amount, model.currency)
            .join(Order, (Order.tenant_id == model.tenant_id) & (Order.id == model.order_id))
            .where(model.tenant_id == tenant_id, source_id.in_(source_ids))
        )
        found |= {str(row[0]): Source(row[1], row[2], row[3], event) for row in db.session.execute(query)}
    return found
