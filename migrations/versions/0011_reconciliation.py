"""What reconciliation has asked of Stripe, and what it asks next; who is told of what it finds."""

import sqlalchemy as sa
from alembic import op

revision = "0011_reconciliation"
down_revision = "0010_parking"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", sa.Column("events_pulled_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("tenants", sa.Column("alert_email", sa.Text(), nullable=True))
    op.add_column(
        "payments", sa.Column("ended_attempts", sa.ARRAY(sa.Text()), nullable=False, server_default="{}")
    )
    op.add_column("orders", sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("polls", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_orders_to_poll",
        "orders",
        ["tenant_id", "next_poll_at"],
        postgresql_where="next_poll_at IS NOT NULL",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_orders_to_poll", "orders")
    op.drop_column("orders", "polls")
    op.drop_column("orders", "next_poll_at")
    op.drop_column("payments", "ended_attempts")
    op.drop_column("tenants", "alert_email")
    op.drop_column("tenants", "events_pulled_until")
