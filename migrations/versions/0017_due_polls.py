"""Let workers find the tenants with due polls and with ended reservations."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import SWEEP, create_sweep_function, show_to_sweep

revision = "0017_due_polls"
down_revision = "0016_test_sales"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_stock_reservations_ending",
        "stock_reservations",
        ["tenant_id", "expires_at"],
        postgresql_where=sa.text("state = 'reserved'"),
    )
    op.execute(f"GRANT SELECT (next_poll_at) ON orders TO {SWEEP}")
    show_to_sweep("stock_reservations", "tenant_id, order_id, state, expires_at")
    # One probe of an index for each tenant: most orders have a poll scheduled, for months.
    create_sweep_function(
        "lumira_tenants_with_due_polls(now timestamptz)",
        "SETOF integer",
        "SELECT t.id FROM tenants t WHERE EXISTS "
        "(SELECT FROM orders o WHERE o.tenant_id = t.id AND o.next_poll_at <= now)",
    )
    create_sweep_function(
        "lumira_tenants_with_ended_reservations(ended_before timestamptz, now timestamptz)",
        "SETOF integer",
        "SELECT t.id FROM tenants t WHERE EXISTS "
        "(SELECT FROM stock_reservations r JOIN orders o ON o.tenant_id = r.tenant_id AND o.id = r.order_id "
        "WHERE r.tenant_id = t.id AND r.state = 'reserved' AND r.expires_at <= ended_before "
        "AND o.next_poll_at <= now)",
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_tenants_with_ended_reservations(timestamptz, timestamptz)")
    op.execute("DROP FUNCTION lumira_tenants_with_due_polls(timestamptz)")
    op.execute(f"REVOKE SELECT (tenant_id, order_id, state, expires_at) ON stock_reservations FROM {SWEEP}")  # noqa: S608 - a constant
    op.execute("DROP POLICY stock_reservations_for_sweep ON stock_reservations")
    op.execute(f"REVOKE SELECT (next_poll_at) ON orders FROM {SWEEP}")  # noqa: S608
    op.drop_index("ix_stock_reservations_ending", "stock_reservations")
