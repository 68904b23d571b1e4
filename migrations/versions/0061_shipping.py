"""Store where a shop delivers, what a product weighs, and an order's address and postage."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import integer, jsonb, text

revision = "0061_shipping"
down_revision = "0060_crm_connections"
branch_labels = None
depends_on = None

#: Each with its condition. Without `NOT VALID` all rows would be read while sales wait; 0072 validates them.
_CHECKS = {
    "orders": {
        "shipping_amount_is_a_part": "shipping_amount BETWEEN 0 AND amount",
        "postage_has_a_zone": "shipping_zone IS NOT NULL OR (shipping_amount = 0 AND shipping_vat_rate IS NULL)",
        "shipping_address_is_an_object": "jsonb_typeof(shipping_address) = 'object'",
    },
    "refund_requests": {
        "shipping_amount_is_a_part": "shipping_amount BETWEEN 0 AND amount",
    },
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", jsonb("shipping_zones", nullable=True))
    op.create_check_constraint(
        "shipping_zones_are_a_list", "tenants", "jsonb_typeof(shipping_zones) = 'array'"
    )
    op.add_column("products", integer("weight", nullable=True))
    op.create_check_constraint("weight_is_positive", "products", "weight > 0")
    op.create_check_constraint("only_goods_weigh", "products", "weight IS NULL OR kind = 'physical'")
    op.add_column("orders", text("shipping_zone", nullable=True))
    op.add_column("orders", _amount())
    op.add_column("orders", text("shipping_vat_rate", nullable=True))
    op.add_column("orders", jsonb("shipping_address", nullable=True))
    op.add_column("refund_requests", _amount())
    for table, checks in _CHECKS.items():
        for name, condition in checks.items():
            op.create_check_constraint(name, table, condition, postgresql_not_valid=True)


def _amount() -> sa.Column[int]:
    return sa.Column("shipping_amount", sa.BigInteger(), server_default="0", nullable=False)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Their constraints go with the columns.
    op.drop_column("refund_requests", "shipping_amount")
    for column in ("shipping_address", "shipping_vat_rate", "shipping_amount", "shipping_zone"):
        op.drop_column("orders", column)
    op.drop_column("products", "weight")
    op.drop_column("tenants", "shipping_zones")
