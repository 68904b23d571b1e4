"""Let a tenant be removed that was moved to another installation: only what the law keeps stays."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import timestamp

revision = "0082_removed_tenants"
down_revision = "0081_dispute_evidence"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", timestamp("removed_at", nullable=True))
    op.create_check_constraint(
        "removed_while_exported", "tenants", sa.text("removed_at IS NULL OR export_id IS NOT NULL")
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_column("tenants", "removed_at")
