"""Let alerts be about payouts, and find the payouts that only the balance shows."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer

revision = "0069_payout_alerts"
down_revision = "0068_check_order_shipped"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept("alerts", "kind", "payout_mismatch", "payout_failed")
    op.create_index(
        "ix_balance_transactions_payouts",
        "balance_transactions",
        ["tenant_id", "stripe_created_at"],
        postgresql_where=sa.text("type = 'payout'"),
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_balance_transactions_payouts", "balance_transactions")
    accept_no_longer("alerts", "kind", "payout_mismatch", "payout_failed")
