"""Products changed in the dashboard: a catalog file does not overwrite them by itself."""

import sqlalchemy as sa
from alembic import op

revision = "0036_products_edited"
down_revision = "0035_lock_kept_order"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("products", "edited_at")
