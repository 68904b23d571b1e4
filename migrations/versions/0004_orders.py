"""Orders, and the facts of their payments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0004_orders"
down_revision = "0003_catalog"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "orders",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_number", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.Uuid(), nullable=True),
        sa.Column("customer_email", sa.Text(), nullable=True),
        sa.Column("email_key", sa.Text(), nullable=True),
        sa.Column("customer_name", sa.Text(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("livemode", sa.Boolean(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("free_product_id", sa.Text(), nullable=True),
        sa.Column("metadata", postgresql.JSONB(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("review_reason", sa.String(length=40), nullable=True),
        sa.Column("review_released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        sa.CheckConstraint(
            "review_reason IN ('amount_mismatch', 'currency_mismatch')",
            name="review_reason_is_known",
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'processing', 'completed', 'failed', 'cancelled', "
            "'partially_refunded', 'refunded', 'disputed')",
            name="status_is_known",
        ),
        sa.CheckConstraint("amount >= 0", name="amount_is_not_negative"),
        sa.CheckConstraint("free_product_id IS NULL OR amount = 0", name="free_costs_nothing"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "customer_id"],
            ["customers.tenant_id", "customers.id"],
            name="fk_orders_tenant_id_customer_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "free_product_id"],
            ["products.tenant_id", "products.id"],
            name="fk_orders_tenant_id_free_product_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_orders_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_orders"),
        sa.UniqueConstraint(
            "tenant_id",
            "customer_id",
            "free_product_id",
            name="uq_orders_tenant_id_customer_id_free_product_id",
        ),
        sa.UniqueConstraint("tenant_id", "order_number", name="uq_orders_tenant_id_order_number"),
    )
    op.create_index("ix_orders_by_email", "orders", ["tenant_id", "email_key"], unique=False)
    op.create_index("ix_orders_by_status", "orders", ["tenant_id", "status", "id"], unique=False)
    protect("orders")
    op.create_table(
        "order_lines",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("product_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("level_number", sa.Integer(), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_amount", sa.Integer(), nullable=False),
        sa.Column("on_partial_refund", sa.String(length=40), nullable=False),
        sa.CheckConstraint("kind IN ('level', 'digital', 'physical')", name="kind_is_known"),
        sa.CheckConstraint("on_partial_refund IN ('keep', 'revoke')", name="policy_is_known"),
        sa.CheckConstraint("quantity > 0", name="quantity_is_positive"),
        sa.CheckConstraint("unit_amount >= 0", name="unit_amount_is_not_negative"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_order_lines_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["products.tenant_id", "products.id"],
            name="fk_order_lines_tenant_id_product_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_order_lines_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_order_lines"),
        sa.UniqueConstraint(
            "tenant_id", "order_id", "product_id", name="uq_order_lines_tenant_id_order_id_product_id"
        ),
    )
    protect("order_lines")
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("reply_status", sa.Integer(), nullable=True),
        sa.Column("reply_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(reply_status IS NULL) = (reply_sealed IS NULL)", name="reply_is_whole"),
        sa.CheckConstraint("fence > 0", name="fence_is_positive"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_idempotency_keys_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_idempotency_keys_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_idempotency_keys"),
        sa.UniqueConstraint("tenant_id", "slot", name="uq_idempotency_keys_tenant_id_slot"),
    )
    op.create_index(
        "ix_idempotency_keys_expiry", "idempotency_keys", ["tenant_id", "expires_at"], unique=False
    )
    protect("idempotency_keys", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.create_table(
        "payment_requests",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("parameters", postgresql.JSONB(), nullable=False),
        sa.Column("stripe_key", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("refusal", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('frozen', 'accepted', 'refused', 'unknown')", name="state_is_known"),
        sa.CheckConstraint("attempt > 0", name="attempt_is_positive"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_payment_requests_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_payment_requests_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_payment_requests"),
        sa.UniqueConstraint(
            "tenant_id", "order_id", "attempt", name="uq_payment_requests_tenant_id_order_id_attempt"
        ),
    )
    protect("payment_requests")
    op.create_table(
        "payments",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("amount_received", sa.Integer(), nullable=False),
        sa.Column("stripe_charge_id", sa.Text(), nullable=True),
        sa.Column("attempts", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("canceled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'succeeded') = (succeeded_at IS NOT NULL)", name="success_has_its_time"),
        sa.CheckConstraint("state IN ('open', 'canceled', 'succeeded')", name="state_is_known"),
        sa.CheckConstraint("amount >= 0 AND amount_received >= 0", name="amounts_are_not_negative"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_payments_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_payments_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_payments"),
        sa.UniqueConstraint(
            "tenant_id", "stripe_payment_intent_id", name="uq_payments_tenant_id_stripe_payment_intent_id"
        ),
    )
    op.create_index("ix_payments_by_order", "payments", ["tenant_id", "order_id"], unique=False)
    protect("payments")
    op.create_table(
        "declines",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("stripe_charge_id", sa.Text(), nullable=True),
        sa.Column("stripe_payment_method_id", sa.Text(), nullable=True),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("decline_code", sa.Text(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id"],
            ["orders.tenant_id", "orders.id"],
            name="fk_declines_tenant_id_order_id",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "payment_id"],
            ["payments.tenant_id", "payments.id"],
            name="fk_declines_tenant_id_payment_id",
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_declines_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_declines"),
        sa.UniqueConstraint(
            "tenant_id", "order_id", "subject", name="uq_declines_tenant_id_order_id_subject"
        ),
    )
    protect("declines")

    show_to_sweep("orders", "tenant_id, id, order_number")
    create_sweep_function(
        "lumira_find_order(wanted text)",
        "TABLE (tenant_id integer, id uuid)",
        "SELECT o.tenant_id, o.id FROM orders o WHERE o.order_number = wanted",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_find_order(text)")
    op.drop_table("declines")
    op.drop_table("payments")
    op.drop_table("payment_requests")
    op.drop_table("idempotency_keys")
    op.drop_table("order_lines")
    op.drop_table("orders")
