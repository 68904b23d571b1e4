"""Create promotion codes, and the discount and the use of a code on orders."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import (
    boolean,
    check,
    created_and_updated,
    identity,
    integer,
    minor_units,
    text,
    text_array,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import protect

revision = "0059_promotion_codes"
down_revision = "0058_related_domains"
branch_labels = None
depends_on = None

_REFERENCE = "fk_orders_tenant_id_promotion_code_id"
#: Each with its condition. Without `NOT VALID` all orders would be read while they are locked; 0072 validates them.
_CHECKS = {
    "orders": {
        "promotion_use_is_known": "promotion_use IN ('reserved', 'redeemed', 'released', 'beyond_limit')",
        "promotion_is_whole": "(promotion_code_id IS NULL) = (promotion_code IS NULL) "
        "AND (promotion_code_id IS NULL) = (promotion_use IS NULL)",
        "promotion_is_reserved_until_then": "promotion_use <> 'reserved' OR promotion_reserved_until IS NOT NULL",
    },
    "order_lines": {
        "discount_is_part_of_price": "discount_amount BETWEEN 0 AND unit_amount * quantity",
    },
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "promotion_codes",
        *identity(),
        text("code"),
        integer("percent", nullable=True),
        minor_units("amount", nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        timestamp("valid_from", nullable=True),
        timestamp("valid_until", nullable=True),
        text_array("product_ids"),
        minor_units("minimum_amount", nullable=True),
        integer("max_uses", nullable=True),
        integer("max_uses_per_customer", nullable=True),
        boolean("active"),
        integer("reserved"),
        integer("redeemed"),
        *created_and_updated(),
        unique("code"),
        check("code_is_normalised", "code ~ '^[A-Z0-9][A-Z0-9_-]{2,39}$'"),
        check("percent_is_a_share", "percent BETWEEN 1 AND 100"),
        check("amount_fits_stripe", "amount BETWEEN 1 AND 999999999999"),
        check("takes_off_one_thing", "(percent IS NULL) <> (amount IS NULL)"),
        check("currency_is_iso", "currency ~ '^[a-z]{3}$'"),
        check("minimum_fits_stripe", "minimum_amount BETWEEN 1 AND 999999999999"),
        check(
            "amounts_have_a_currency",
            "(currency IS NULL) = (amount IS NULL AND minimum_amount IS NULL)",
        ),
        check("validity_begins_first", "valid_from < valid_until"),
        check("uses_are_positive", "max_uses > 0"),
        check("uses_of_customer_are_positive", "max_uses_per_customer > 0"),
        check("uses_are_not_negative", "reserved >= 0 AND redeemed >= 0"),
        check("nothing_is_used_too_often", "reserved + redeemed <= max_uses"),
    )
    protect("promotion_codes")
    op.add_column("orders", uuid("promotion_code_id", nullable=True))
    op.add_column("orders", text("promotion_code", nullable=True))
    op.add_column("orders", sa.Column[str]("promotion_use", sa.String(length=40), nullable=True))
    op.add_column("orders", timestamp("promotion_reserved_until", nullable=True))
    op.add_column(
        "order_lines", sa.Column("discount_amount", sa.BigInteger(), nullable=False, server_default="0")
    )
    for table, checks in _CHECKS.items():
        for name, condition in checks.items():
            op.create_check_constraint(name, table, condition, postgresql_not_valid=True)
    op.create_foreign_key(
        op.f(_REFERENCE),
        "orders",
        "promotion_codes",
        ["tenant_id", "promotion_code_id"],
        ["tenant_id", "id"],
        postgresql_not_valid=True,
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("order_lines", "discount_amount")
    for column in ("promotion_reserved_until", "promotion_use", "promotion_code", "promotion_code_id"):
        op.drop_column("orders", column)
    op.drop_table("promotion_codes")
