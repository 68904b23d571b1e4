"""Settings of a tenant that were changed in the dashboard: a catalog file does not overwrite them by itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0041_tenants_edited"
down_revision = "0040_withdrawal_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "tenants", sa.Column("edited_fields", ARRAY(sa.Text()), nullable=False, server_default="{}")
    )


def downgrade() -> None:
    op.drop_column("tenants", "edited_fields")
