"""Create products and their contents."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    created_and_updated,
    currency,
    identity,
    integer,
    jsonb,
    minor_units,
    references,
    tenant_id,
    text,
    unique,
)
from migrations.row_level_security import protect

revision = "0002_catalog"
down_revision = "0001_roles_and_tenants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "products",
        *tenant_id(),
        sa.Column("id", sa.String(length=64), nullable=False),
        *choice("kind", "level", "digital", "physical"),
        text("name"),
        text("description"),
        minor_units("amount"),
        *currency(),
        integer("level_number", nullable=True),
        boolean("includes_lower_levels"),
        integer("access_days", nullable=True),
        jsonb("deliverables"),
        *choice("on_partial_refund", "keep", "revoke", check_name="policy_is_known"),
        boolean("restock_on_refund"),
        boolean("delayed_methods"),
        integer("position"),
        boolean("active"),
        *created_and_updated(),
        check("amount_fits_stripe", "amount BETWEEN 0 AND 999999999999"),
        check("level_number_is_positive", "level_number > 0"),
        check("levels_are_numbered", "(kind = 'level') = (level_number IS NOT NULL)"),
        check("only_levels_include", "NOT includes_lower_levels OR level_number IS NOT NULL"),
        check("access_days_are_positive", "access_days > 0"),
        check("goods_do_not_expire", "access_days IS NULL OR kind <> 'physical'"),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        # Deferred, so that two levels can exchange their numbers in one transaction.
        sa.UniqueConstraint("tenant_id", "level_number", deferrable=True, initially="DEFERRED"),
    )
    protect("products")
    op.create_table(
        "contents",
        *identity(),
        text("product_id"),
        text("key"),
        text("title"),
        *choice("kind", "card", "pdf", "audio", "mandala", "file"),
        integer("position"),
        boolean("active"),
        *created_and_updated(),
        references("products", "product_id"),
        unique("product_id", "key"),
    )
    protect("contents")


def downgrade() -> None:
    op.drop_table("contents")
    op.drop_table("products")
