"""Facts about money that goes back."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import protect

revision = "0005_refunds_and_disputes"
down_revision = "0004_orders"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "charges",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_charge_id", sa.Text(), nullable=False),
        sa.Column("amount_refunded", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount_refunded >= 0", name="amount_refunded_is_not_negative"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], name="fk_charges_tenant_id_order_id"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_charges_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_charges"),
        sa.UniqueConstraint("tenant_id", "stripe_charge_id", name="uq_charges_tenant_id_stripe_charge_id"),
    )
    protect("charges")
    op.create_table(
        "refunds",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_refund_id", sa.Text(), nullable=False),
        sa.Column("stripe_charge_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending', 'requires_action', 'succeeded', 'failed', 'canceled')",
            name="status_is_known",
        ),
        sa.CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], name="fk_refunds_tenant_id_order_id"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_refunds_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_refunds"),
        sa.UniqueConstraint("tenant_id", "stripe_refund_id", name="uq_refunds_tenant_id_stripe_refund_id"),
    )
    protect("refunds")
    op.create_table(
        "disputes",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_dispute_id", sa.Text(), nullable=False),
        sa.Column("stripe_charge_id", sa.Text(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('warning_needs_response', 'warning_under_review', 'warning_closed', "
            "'needs_response', 'under_review', 'appeal_needs_response', 'appeal_under_review', "
            "'prevented', 'lost', 'won')",
            name="status_is_known",
        ),
        sa.CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_disputes_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_disputes_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_disputes"),
        sa.UniqueConstraint("tenant_id", "stripe_dispute_id", name="uq_disputes_tenant_id_stripe_dispute_id"),
    )
    protect("disputes")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("disputes")
    op.drop_table("refunds")
    op.drop_table("charges")
