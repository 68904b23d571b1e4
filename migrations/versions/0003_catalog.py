"""What a tenant sells, and to whom."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.row_level_security import protect

revision = "0003_catalog"
down_revision = "0002_tenants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "products",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("level_number", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("on_partial_refund", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'level') = (level_number IS NOT NULL)", name="levels_are_numbered"),
        sa.CheckConstraint("currency ~ '^[a-z]{3}$'", name="currency_is_iso"),
        sa.CheckConstraint("kind IN ('level', 'digital', 'physical')", name="kind_is_known"),
        sa.CheckConstraint("on_partial_refund IN ('keep', 'revoke')", name="policy_is_known"),
        sa.CheckConstraint("amount BETWEEN 0 AND 99999999", name="amount_fits_stripe"),
        sa.CheckConstraint("level_number > 0", name="level_number_is_positive"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_products_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_products"),
        sa.UniqueConstraint(
            "tenant_id",
            "level_number",
            deferrable=True,
            initially="DEFERRED",
            name="uq_products_tenant_id_level_number",
        ),
    )
    protect("products")
    op.create_table(
        "customers",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("stripe_customer_id", sa.Text(), nullable=True),
        sa.Column("stripe_parameters", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("stripe_frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stripe_attempt", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("email_key = lower(btrim(email_key))", name="email_key_is_normalised"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_customers_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "id", name="pk_customers"),
        sa.UniqueConstraint("tenant_id", "email_key", name="uq_customers_tenant_id_email_key"),
        sa.UniqueConstraint(
            "tenant_id", "stripe_customer_id", name="uq_customers_tenant_id_stripe_customer_id"
        ),
    )
    protect("customers")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("customers")
    op.drop_table("products")
