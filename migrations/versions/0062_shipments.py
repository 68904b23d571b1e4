"""Add shipments and returns: what was sent to the buyer in which parcel, and what came back."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    choice,
    created_and_updated,
    identity,
    integer,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import protect

revision = "0062_shipments"
down_revision = "0061_shipping"
branch_labels = None
depends_on = None

#: Validated by the next migration: rows that exist are not read while sales wait for the lock.
_CHECKS = (
    (
        "orders",
        "fulfilment_is_known",
        "fulfilment IN ('none', 'to_ship', 'partially_shipped', 'shipped', 'delivered', 'returned')",
    ),
    (
        "order_lines",
        "shipped_before_returned",
        "returned_quantity >= 0 AND returned_quantity <= shipped_quantity AND shipped_quantity <= quantity",
    ),
    (
        "stock_reservations",
        "restocked_in_part",
        "restocked >= 0 AND restocked < quantity AND (restocked = 0 OR state = 'sold')",
    ),
)


def upgrade() -> None:
    _create_shipments()
    _create_returns()
    # The previous release inserts rows without these columns, so that the defaults stay.
    op.add_column("orders", _flag("tracks_shipments"))
    op.add_column("orders", _flag("has_parcels"))
    op.add_column(
        "orders",
        sa.Column[str]("fulfilment", sa.String(length=40), nullable=False, server_default="none"),
    )
    op.add_column("order_lines", _count("shipped_quantity"))
    op.add_column("order_lines", _count("returned_quantity"))
    op.add_column("stock_reservations", _count("restocked"))
    op.add_column("withdrawals", _flag("waits_for_return"))
    op.add_column("withdrawals", timestamp("sent_back_at", nullable=True))
    op.add_column("refund_requests", uuid("return_id", nullable=True))
    op.add_column("tenants", _flag("refund_on_return"))
    op.add_column(
        "tenants", sa.Column[int]("ship_within_days", sa.Integer(), nullable=False, server_default="7")
    )
    op.create_check_constraint("ship_within_days_are_few", "tenants", "ship_within_days BETWEEN 0 AND 365")
    for table, name, condition in _CHECKS:
        op.create_check_constraint(name, table, condition, postgresql_not_valid=True)
    op.create_foreign_key(
        op.f("fk_refund_requests_tenant_id_return_id_returns"),
        "refund_requests",
        "returns",
        ["tenant_id", "return_id"],
        ["tenant_id", "id"],
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.drop_column("refund_requests", "return_id")
    op.drop_constraint(op.f("ck_tenants_ship_within_days_are_few"), "tenants")
    for table, name, _ in _CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
    for table, column in (
        ("tenants", "ship_within_days"),
        ("tenants", "refund_on_return"),
        ("withdrawals", "sent_back_at"),
        ("withdrawals", "waits_for_return"),
        ("stock_reservations", "restocked"),
        ("order_lines", "returned_quantity"),
        ("order_lines", "shipped_quantity"),
        ("orders", "fulfilment"),
        ("orders", "has_parcels"),
        ("orders", "tracks_shipments"),
    ):
        op.drop_column(table, column)
    for table in ("return_lines", "returns", "shipment_lines", "shipments"):
        op.drop_table(table)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column[bool](name, sa.Boolean(), nullable=False, server_default=sa.false())


def _count(name: str) -> sa.Column[int]:
    return sa.Column[int](name, sa.Integer(), nullable=False, server_default="0")


def _of_order(table: str, *columns: str) -> sa.ForeignKeyConstraint:
    """A foreign key to a row of the same order."""
    own, other = columns
    return sa.ForeignKeyConstraint(
        ["tenant_id", "order_id", own], [f"{table}.tenant_id", f"{table}.order_id", f"{table}.{other}"]
    )


def _to_order() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["tenant_id", "order_id"], ["orders.tenant_id", "orders.id"])


def _create_shipments() -> None:
    op.create_table(
        "shipments",
        *identity(references_tenant=False),
        uuid("order_id"),
        text("carrier", nullable=True),
        text("tracking_number", nullable=True),
        text("tracking_url", nullable=True),
        timestamp("shipped_at"),
        timestamp("delivered_at", nullable=True),
        timestamp("cancelled_at", nullable=True),
        *created_and_updated(),
        check("tracking_url_is_a_link", "tracking_url ~ '^https://[^[:space:]]+$'"),
        check("delivered_after_shipping", "delivered_at >= shipped_at"),
        check("cancelled_is_not_delivered", "cancelled_at IS NULL OR delivered_at IS NULL"),
        _to_order(),
        unique("order_id", "id"),
    )
    op.create_index("ix_shipments_by_order", "shipments", ["tenant_id", "order_id"])
    op.create_index(
        "ix_shipments_under_way",
        "shipments",
        ["tenant_id", "shipped_at", "id"],
        postgresql_where="delivered_at IS NULL AND cancelled_at IS NULL",
    )
    protect("shipments")
    op.create_table(
        "shipment_lines",
        *identity(references_tenant=False),
        uuid("order_id"),
        uuid("shipment_id"),
        text("product_id"),
        integer("quantity"),
        check("quantity_is_positive", "quantity > 0"),
        _of_order("shipments", "shipment_id", "id"),
        _of_order("order_lines", "product_id", "product_id"),
        unique("shipment_id", "product_id"),
    )
    protect("shipment_lines", privileges="SELECT, INSERT")


def _create_returns() -> None:
    op.create_table(
        "returns",
        *identity(references_tenant=False),
        uuid("order_id"),
        timestamp("received_at"),
        boolean("is_refunded"),
        text("reason", nullable=True),
        timestamp("created_at"),
        _to_order(),
        unique("order_id", "id"),
    )
    op.create_index("ix_returns_by_order", "returns", ["tenant_id", "order_id"])
    protect("returns")
    op.create_table(
        "return_lines",
        *identity(references_tenant=False),
        uuid("order_id"),
        uuid("return_id"),
        text("product_id"),
        integer("quantity"),
        *choice("condition", "restockable", "damaged"),
        check("quantity_is_positive", "quantity > 0"),
        _of_order("returns", "return_id", "id"),
        _of_order("order_lines", "product_id", "product_id"),
        unique("return_id", "product_id", "condition"),
    )
    protect("return_lines", privileges="SELECT, INSERT")
