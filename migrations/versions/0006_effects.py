"""What an order gives, owes and leaves behind."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0006_effects"
down_revision = "0005_refunds_and_disputes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "access_grants",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("order_line_id", sa.Uuid(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("level_number", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "reason IN ('paid', 'free', 'refunded', 'disputed', 'dispute_lost')",
            name="reason_is_known",
        ),
        sa.CheckConstraint("active = (revoked_at IS NULL)", name="revoked_has_its_time"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name="fk_access_grants_tenant_id_customer_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_access_grants_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_line_id"],
            ["order_lines.tenant_id", "order_lines.id"],
            name="fk_access_grants_tenant_id_order_line_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["products.tenant_id", "products.id"],
            name="fk_access_grants_tenant_id_product_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_access_grants_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_access_grants"),
        sa.UniqueConstraint("tenant_id", "order_line_id", name="uq_access_grants_tenant_id_order_line_id"),
    )
    op.create_index(
        "ix_access_grants_by_customer", "access_grants", ["tenant_id", "customer_id"], unique=False
    )
    op.create_index("ix_access_grants_by_order", "access_grants", ["tenant_id", "order_id"], unique=False)
    protect("access_grants")
    op.create_table(
        "outbox_messages",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('order_confirmation', 'payment_failed', 'order_refunded', 'access_ready', "
            "'deliverable_ready', 'dispute_alert')",
            name="kind_is_known",
        ),
        sa.CheckConstraint("status IN ('pending', 'sent', 'superseded', 'dead')", name="status_is_known"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_outbox_messages_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_outbox_messages_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_outbox_messages"),
        sa.UniqueConstraint(
            "tenant_id",
            "order_id",
            "kind",
            "subject",
            name="uq_outbox_messages_tenant_id_order_id_kind_subject",
        ),
    )
    op.create_index(
        "ix_outbox_messages_due",
        "outbox_messages",
        ["tenant_id", "next_attempt_at"],
        unique=False,
        postgresql_where="status = 'pending'",
    )
    protect("outbox_messages")
    op.create_table(
        "audit_entries",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_audit_entries_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_audit_entries"),
    )
    op.create_index(
        "ix_audit_entries_by_subject", "audit_entries", ["tenant_id", "subject", "id"], unique=False
    )
    # What was done is added to and read; the application has no right to change it.
    protect("audit_entries", privileges="SELECT, INSERT")
    op.create_table(
        "alerts",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_alerts_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_alerts"),
        sa.UniqueConstraint("tenant_id", "kind", "subject", name="uq_alerts_tenant_id_kind_subject"),
    )
    protect("alerts")

    show_to_sweep("outbox_messages", "tenant_id, status, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_messages(at timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM outbox_messages WHERE status = 'pending' AND next_attempt_at <= at",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_tenants_with_due_messages(timestamptz)")
    op.drop_table("alerts")
    op.drop_table("audit_entries")
    op.drop_table("outbox_messages")
    op.drop_table("access_grants")
