"""Create the images of products, in the sizes that the pages show."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import check, created_and_updated, integer, tenant_id, text
from migrations.row_level_security import protect

revision = "0025_product_images"
down_revision = "0024_refund_key_number"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "product_images",
        *tenant_id(),
        _product_id(),
        text("source_sha256"),
        text("alt_fr"),
        text("alt_en"),
        *created_and_updated(),
        sa.PrimaryKeyConstraint("tenant_id", "product_id"),
        sa.ForeignKeyConstraint(["tenant_id", "product_id"], ["products.tenant_id", "products.id"]),
    )
    protect("product_images", privileges="SELECT, INSERT, UPDATE, DELETE")
    op.create_table(
        "product_image_sizes",
        *tenant_id(),
        _product_id(),
        integer("width"),
        integer("height"),
        text("sha256"),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "product_id", "width"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "product_id"],
            ["product_images.tenant_id", "product_images.product_id"],
        ),
        check("sides_are_bounded", "width BETWEEN 1 AND 4000 AND height BETWEEN 1 AND 4000"),
        check("content_is_bounded", "octet_length(content) BETWEEN 1 AND 1048576"),
    )
    protect("product_image_sizes", privileges="SELECT, INSERT, UPDATE, DELETE")


def _product_id() -> sa.Column[str]:
    return sa.Column("product_id", sa.String(length=64), nullable=False)


def downgrade() -> None:
    op.drop_table("product_image_sizes")
    op.drop_table("product_images")
