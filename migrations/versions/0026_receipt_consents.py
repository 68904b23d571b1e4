"""Add what the buyer consented to to the receipt of the sale."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0026_receipt_consents"
down_revision = "0025_product_images"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Documents that were issued before state no consents, as they did: an issued document never changes.
    op.add_column("receipts", sa.Column("consents", JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("receipts", "consents")
