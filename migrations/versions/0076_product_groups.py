"""Create groups of products with options, and note which image is shown for each product."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import check, created_and_updated, jsonb, tenant_id, text, timestamp
from migrations.row_level_security import every_row
from migrations.tenant_tables import create_tenant_table

revision = "0076_product_groups"
down_revision = "0075_set_tenant"
branch_labels = None
depends_on = None

_GROUP = "fk_products_tenant_id_group_id_product_groups"
_COMBINATION = "uq_products_tenant_id_group_id_options"
_CHECKS = {
    "variants_have_options": "(group_id IS NULL) = (options IS NULL)",
    "options_are_named": "jsonb_typeof(options) = 'object'",
    "levels_have_no_group": "group_id IS NULL OR kind <> 'level'",
}


def upgrade() -> None:
    create_tenant_table(
        "product_groups",
        *tenant_id(),
        _name("id", nullable=False),
        text("name"),
        text("description"),
        jsonb("options"),
        timestamp("edited_at", nullable=True),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("tenant_id", "id"),
        check(
            "options_are_few",
            "jsonb_typeof(options) = 'array' AND jsonb_array_length(options) BETWEEN 1 AND 3",
        ),
    )
    op.add_column("products", _name("group_id", nullable=True))
    op.add_column("products", jsonb("options", nullable=True))
    op.add_column("products", text("image_path", nullable=True))
    # An order reads nothing else for its images. It grows with sales: nothing is filled in.
    op.add_column("order_lines", text("image_path", nullable=True))
    for name, condition in _CHECKS.items():
        op.create_check_constraint(name, "products", condition)
    op.create_foreign_key(
        op.f(_GROUP),
        "products",
        "product_groups",
        ["tenant_id", "group_id"],
        ["tenant_id", "id"],
    )
    op.create_unique_constraint(
        op.f(_COMBINATION),
        "products",
        ["tenant_id", "group_id", "options"],
        deferrable=True,
        initially="DEFERRED",
    )
    with every_row("products"), every_row("product_image_sizes"):
        # The widest size of each image. A catalog grows with no sale.
        op.execute(
            "UPDATE products SET image_path = sizes.product_id || '/' || left(sizes.sha256, 16) || '-' || "
            "sizes.width || '.webp' FROM (SELECT DISTINCT ON (tenant_id, product_id) tenant_id, product_id, sha256, "
            "width FROM product_image_sizes ORDER BY tenant_id, product_id, width DESC) sizes "
            "WHERE products.tenant_id = sizes.tenant_id AND products.id = sizes.product_id"
        )


def downgrade() -> None:
    op.drop_column("order_lines", "image_path")
    for column in ("image_path", "options", "group_id"):
        op.drop_column("products", column)
    op.drop_table("product_groups")


def _name(name: str, *, nullable: bool) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)
