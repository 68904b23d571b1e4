"""Refunds that we ask Stripe for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0013_refund_requests"
down_revision = "0012_stock_and_carts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("refunds", sa.Column("stripe_payment_intent_id", sa.Text(), nullable=True))
    op.create_table(
        "refund_requests",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(length=40), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("stripe_key", sa.Text(), nullable=False),
        sa.Column("keyed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("refusal", postgresql.JSONB(), nullable=True),
        sa.Column("stripe_refund_id", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name="amount_is_positive"),
        sa.CheckConstraint("attempt > 0", name="attempt_is_positive"),
        sa.CheckConstraint(
            "origin IN ('requested', 'duplicate_payment', 'sold_out')", name="origin_is_known"
        ),
        sa.CheckConstraint("state IN ('frozen', 'accepted', 'refused', 'unknown')", name="state_is_known"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refund_requests_tenant_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_refund_requests_tenant_id_order_id",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_refund_requests"),
        sa.UniqueConstraint("tenant_id", "stripe_key", name="uq_refund_requests_tenant_id_stripe_key"),
    )
    op.create_index(
        "uq_refund_requests_automatic",
        "refund_requests",
        ["tenant_id", "stripe_payment_intent_id"],
        unique=True,
        postgresql_where="origin <> 'requested'",
    )
    op.create_index("ix_refund_requests_by_order", "refund_requests", ["tenant_id", "order_id"])
    op.create_index(
        "ix_refund_requests_due",
        "refund_requests",
        ["tenant_id", "next_attempt_at"],
        postgresql_where="state IN ('frozen', 'unknown')",
    )
    protect("refund_requests")
    show_to_sweep("refund_requests", "tenant_id, state, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_refunds(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM refund_requests "
        "WHERE state IN ('frozen', 'unknown') AND next_attempt_at <= now",
    )
    op.add_column("idempotency_keys", sa.Column("refund_request_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_idempotency_keys_tenant_id_refund_request_id"),
        "idempotency_keys",
        "refund_requests",
        ["tenant_id", "refund_request_id"],
        ["tenant_id", "id"],
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("idempotency_keys", "refund_request_id")
    op.execute("DROP FUNCTION lumira_tenants_with_due_refunds(timestamptz)")
    op.drop_table("refund_requests")
    op.drop_column("refunds", "stripe_payment_intent_id")
