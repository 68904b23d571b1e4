"""Create stock, its reservations and its movements."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    check,
    choice,
    created_and_updated,
    identity,
    integer,
    references,
    tenant_id,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import protect

revision = "0007_stock"
down_revision = "0006_receipts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "stock_items",
        *tenant_id(),
        sa.Column("product_id", sa.String(length=64), nullable=False),
        integer("on_hand"),
        integer("reserved"),
        integer("sold"),
        *created_and_updated(),
        check("figures_are_not_negative", "on_hand >= 0 AND reserved >= 0 AND sold >= 0"),
        check("nothing_is_oversold", "reserved <= on_hand"),
        references("products", "product_id"),
        sa.PrimaryKeyConstraint("tenant_id", "product_id"),
        # Each sale updates these figures: free space in the page lets the update stay in it (HOT).
        postgresql_with={"fillfactor": "50"},
    )
    protect("stock_items")
    _create_reservations()
    _create_movements()


def _create_reservations() -> None:
    op.create_table(
        "stock_reservations",
        *identity(references_tenant=False),
        uuid("order_id"),
        text("product_id"),
        integer("quantity"),
        *choice("state", "reserved", "sold", "released"),
        timestamp("expires_at"),
        *created_and_updated(),
        check("quantity_is_positive", "quantity > 0"),
        references("orders", "order_id"),
        # To the line, not to the product: checking a foreign key locks the row, and the reservations of a
        # product in demand would all lock the same one.
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id", "product_id"],
            ["order_lines.tenant_id", "order_lines.order_id", "order_lines.product_id"],
        ),
        unique("order_id", "product_id"),
    )
    op.create_index(
        "ix_stock_reservations_reserved",
        "stock_reservations",
        ["tenant_id", "product_id"],
        postgresql_where="state = 'reserved'",
    )
    protect("stock_reservations")


def _create_movements() -> None:
    op.create_table(
        "stock_movements",
        *identity(references_tenant=False),
        text("product_id"),
        uuid("order_id", nullable=True),
        *choice("reason", "reserve", "sale", "release", "return", "correction"),
        integer("on_hand"),
        integer("reserved"),
        integer("sold"),
        text("actor"),
        timestamp("created_at"),
        check("something_moved", "on_hand <> 0 OR reserved <> 0 OR sold <> 0"),
        references("orders", "order_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"], ["stock_items.tenant_id", "stock_items.product_id"]
        ),
    )
    op.create_index("ix_stock_movements_by_product", "stock_movements", ["tenant_id", "product_id", "id"])
    op.create_index("ix_stock_movements_by_order", "stock_movements", ["tenant_id", "order_id"])
    # Movements are never changed: a mistake is corrected by another movement.
    protect("stock_movements", privileges="SELECT, INSERT")


def downgrade() -> None:
    for table in ("stock_movements", "stock_reservations", "stock_items"):
        op.drop_table(table)
