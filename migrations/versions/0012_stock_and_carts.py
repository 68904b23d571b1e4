"""Stock, its movements and what orders hold of it; Checkout Sessions."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import protect

revision = "0012_stock_and_carts"
down_revision = "0011_reconciliation"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _add_columns()
    _create_stock()
    op.create_table(
        "checkout_sessions",
        *_identified("checkout_sessions"),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("stripe_session_id", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("is_paid", sa.Boolean(), nullable=False),
        sa.Column("has_failed", sa.Boolean(), nullable=False),
        sa.Column("stripe_payment_intent_id", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *_timestamps(),
        sa.CheckConstraint("state IN ('open', 'expired', 'complete')", name="state_is_known"),
        _of_order("checkout_sessions"),
        sa.UniqueConstraint(
            "tenant_id", "stripe_session_id", name="uq_checkout_sessions_tenant_id_stripe_session_id"
        ),
    )
    op.create_index("ix_checkout_sessions_by_order", "checkout_sessions", ["tenant_id", "order_id"])
    protect("checkout_sessions")


def _add_columns() -> None:
    # Code of the release before writes none of these: until it is gone the defaults speak for it.
    for table in ("products", "order_lines"):
        op.add_column(
            table, sa.Column("restock_on_refund", sa.Boolean(), nullable=False, server_default=sa.true())
        )
    op.add_column(
        "orders",
        sa.Column("release_on_failure", sa.String(length=40), nullable=False, server_default="at_deadline"),
    )
    op.create_check_constraint(
        "release_on_failure_is_known", "orders", "release_on_failure IN ('at_once', 'at_deadline')"
    )
    op.add_column("orders", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("orders", sa.Column("sold_out_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "payment_requests",
        sa.Column("kind", sa.String(length=40), nullable=False, server_default="payment_intent"),
    )
    op.create_check_constraint(
        "kind_is_known", "payment_requests", "kind IN ('payment_intent', 'checkout_session')"
    )


def _create_stock() -> None:
    op.create_table(
        "stock_items",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.String(length=64), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        *_timestamps(),
        sa.CheckConstraint("on_hand >= 0 AND reserved >= 0 AND sold >= 0", name="figures_are_not_negative"),
        sa.CheckConstraint("reserved <= on_hand", name="nothing_is_oversold"),
        _of_tenant("stock_items"),
        _of_product("stock_items"),
        sa.PrimaryKeyConstraint("tenant_id", "product_id", name="pk_stock_items"),
        # The figures of a hot product change with every sale: room in the page keeps the change in it.
        postgresql_with={"fillfactor": "50"},
    )
    protect("stock_items")
    op.create_table(
        "stock_reservations",
        *_identified("stock_reservations", of_tenant=False),
        sa.Column("order_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        *_timestamps(),
        sa.CheckConstraint("quantity > 0", name="quantity_is_positive"),
        sa.CheckConstraint("state IN ('reserved', 'sold', 'released')", name="state_is_known"),
        _of_order("stock_reservations"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "order_id", "product_id"],
            ["order_lines.tenant_id", "order_lines.order_id", "order_lines.product_id"],
            name="fk_stock_reservations_tenant_id_order_id_product_id",
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "order_id",
            "product_id",
            name="uq_stock_reservations_tenant_id_order_id_product_id",
        ),
    )
    op.create_index(
        "ix_stock_reservations_reserved",
        "stock_reservations",
        ["tenant_id", "product_id"],
        postgresql_where="state = 'reserved'",
    )
    protect("stock_reservations")
    op.create_table(
        "stock_movements",
        *_identified("stock_movements", of_tenant=False),
        sa.Column("product_id", sa.Text(), nullable=False),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("on_hand", sa.Integer(), nullable=False),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("sold", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("on_hand <> 0 OR reserved <> 0 OR sold <> 0", name="something_moved"),
        sa.CheckConstraint(
            "reason IN ('reserve', 'sale', 'release', 'return', 'correction')", name="reason_is_known"
        ),
        _of_order("stock_movements"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["stock_items.tenant_id", "stock_items.product_id"],
            name="fk_stock_movements_tenant_id_product_id",
        ),
    )
    op.create_index("ix_stock_movements_by_product", "stock_movements", ["tenant_id", "product_id", "id"])
    op.create_index("ix_stock_movements_by_order", "stock_movements", ["tenant_id", "order_id"])
    # What moved has moved: a mistake is mended by another movement.
    protect("stock_movements", privileges="SELECT, INSERT")


def _identified(table: str, *, of_tenant: bool = True) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        *([_of_tenant(table)] if of_tenant else []),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=f"pk_{table}"),
    )


def _timestamps() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _of_tenant(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name=f"fk_{table}_tenant_id")


def _of_order(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"], name=f"fk_{table}_tenant_id_order_id"
    )


def _of_product(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "product_id"],
        ["products.tenant_id", "products.id"],
        name=f"fk_{table}_tenant_id_product_id",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in ("checkout_sessions", "stock_movements", "stock_reservations", "stock_items"):
        op.drop_table(table)
    op.drop_column("payment_requests", "kind")
    op.drop_column("orders", "sold_out_at")
    op.drop_column("orders", "closed_at")
    op.drop_column("orders", "release_on_failure")
    for table in ("order_lines", "products"):
        op.drop_column(table, "restock_on_refund")
