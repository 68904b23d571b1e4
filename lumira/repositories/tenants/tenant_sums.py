"""Sums over the rows of a tenant, by which an operator recognises that everything was moved."""

from sqlalchemy import text

from lumira.database import db

#: Amounts are in minor units of the tenant's currency; those of test mode count too.
_SUMS = text(
    """
    SELECT
        (SELECT count(*) FROM orders WHERE tenant_id = :tenant_id) AS orders,
        (SELECT coalesce(sum(amount_received), 0) FROM payments WHERE tenant_id = :tenant_id) AS paid,
        (
            SELECT coalesce(sum(amount), 0) FROM refunds WHERE tenant_id = :tenant_id AND status = 'succeeded'
        ) AS refunded,
        (
            SELECT coalesce(sum(amount) FILTER (WHERE kind = 'receipt'), 0) FROM receipts WHERE tenant_id = :tenant_id
        ) AS receipts,
        (
            SELECT coalesce(sum(amount) FILTER (WHERE kind = 'credit_note'), 0) FROM receipts
            WHERE tenant_id = :tenant_id
        ) AS credit_notes,
        (SELECT coalesce(sum(on_hand), 0) FROM stock_items WHERE tenant_id = :tenant_id) AS units_on_hand,
        (SELECT coalesce(sum(reserved), 0) FROM stock_items WHERE tenant_id = :tenant_id) AS units_reserved,
        (SELECT coalesce(sum(sold), 0) FROM stock_items WHERE tenant_id = :tenant_id) AS units_sold
    """
)


def read_sums(tenant_id: int) -> dict[str, int]:
    """Return the sums by their names."""
    row = db.session.execute(_SUMS, {"tenant_id": tenant_id}).mappings().one()
    return {name: int(value) for name, value in row.items()}
