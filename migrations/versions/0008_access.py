"""Create access grants: those that follow from an order, and manual ones."""

from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    created_and_updated,
    identity,
    integer,
    references,
    text,
    text_array,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import protect

revision = "0008_access"
down_revision = "0007_stock"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_access_grants()
    _create_manual_grants()


def _create_access_grants() -> None:
    op.create_table(
        "access_grants",
        *identity(),
        uuid("order_id"),
        uuid("order_line_id"),
        uuid("customer_id", nullable=True),
        text("product_id"),
        integer("level_number", nullable=True),
        text_array("included_products"),
        boolean("active"),
        *choice("reason", "paid", "free", "refunded", "disputed", "dispute_lost", "operator"),
        timestamp("granted_at"),
        timestamp("expires_at", nullable=True),
        timestamp("revoked_at", nullable=True),
        timestamp("operator_revoked_at", nullable=True),
        *created_and_updated(),
        check("revoked_has_its_time", "active = (revoked_at IS NULL)"),
        check("only_levels_include", "included_products = '{}' OR level_number IS NOT NULL"),
        references("orders", "order_id"),
        references("order_lines", "order_line_id"),
        references("customers", "customer_id"),
        references("products", "product_id"),
        unique("order_line_id"),
    )
    op.create_index("ix_access_grants_by_customer", "access_grants", ["tenant_id", "customer_id"])
    op.create_index("ix_access_grants_by_order", "access_grants", ["tenant_id", "order_id"])
    protect("access_grants")


def _create_manual_grants() -> None:
    op.create_table(
        "manual_grants",
        *identity(),
        uuid("customer_id"),
        text("product_id"),
        integer("level_number", nullable=True),
        text_array("included_products"),
        timestamp("granted_at"),
        timestamp("expires_at", nullable=True),
        timestamp("revoked_at", nullable=True),
        text("actor"),
        text("note", nullable=True),
        *created_and_updated(),
        check("only_levels_include", "included_products = '{}' OR level_number IS NOT NULL"),
        references("customers", "customer_id"),
        references("products", "product_id"),
    )
    op.create_index("ix_manual_grants_by_customer", "manual_grants", ["tenant_id", "customer_id"])
    op.create_index(
        "uq_manual_grants_not_revoked",
        "manual_grants",
        ["tenant_id", "customer_id", "product_id"],
        unique=True,
        postgresql_where="revoked_at IS NULL",
    )
    protect("manual_grants")


def downgrade() -> None:
    op.drop_table("manual_grants")
    op.drop_table("access_grants")
