"""Add who works on a deliverable, and the indexes of the queue: the longest waiting first."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import text, timestamp

revision = "0037_deliverable_queue"
down_revision = "0036_products_edited"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliverables", text("claimed_by", nullable=True))
    op.add_column("deliverables", timestamp("claimed_at", nullable=True))
    op.create_check_constraint(
        "claimed_by_an_operator", "deliverables", "(claimed_at IS NULL) = (claimed_by IS NULL)"
    )
    op.drop_index("ix_deliverables_waiting", "deliverables")
    op.create_index(
        "ix_deliverables_queue",
        "deliverables",
        ["tenant_id", "created_at", "id"],
        postgresql_where=sa.text("state <> 'delivered'"),
    )
    op.create_index(
        "ix_deliverables_delivered",
        "deliverables",
        ["tenant_id", "delivered_at", "id"],
        postgresql_where=sa.text("state = 'delivered'"),
    )


def downgrade() -> None:
    op.drop_index("ix_deliverables_delivered", "deliverables")
    op.drop_index("ix_deliverables_queue", "deliverables")
    op.create_index(
        "ix_deliverables_waiting",
        "deliverables",
        ["tenant_id", "id"],
        postgresql_where=sa.text("state <> 'delivered'"),
    )
    op.drop_column("deliverables", "claimed_at")
    op.drop_column("deliverables", "claimed_by")
