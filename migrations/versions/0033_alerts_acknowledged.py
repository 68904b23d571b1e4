"""Add who acknowledged and who resolved an alert, and the indexes of the dashboard's lists of alerts."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import text, timestamp

revision = "0033_alerts_acknowledged"
down_revision = "0032_operators"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alerts", timestamp("acknowledged_at", nullable=True))
    op.add_column("alerts", text("acknowledged_by", nullable=True))
    op.add_column("alerts", text("resolved_by", nullable=True))
    op.create_check_constraint(
        "acknowledged_by_an_operator", "alerts", "(acknowledged_at IS NULL) = (acknowledged_by IS NULL)"
    )
    op.create_check_constraint(
        "only_resolved_has_resolver", "alerts", "resolved_by IS NULL OR resolved_at IS NOT NULL"
    )
    op.create_index(
        "ix_alerts_open",
        "alerts",
        ["tenant_id", "raised_at", "id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index(
        "ix_alerts_resolved",
        "alerts",
        ["tenant_id", "resolved_at", "id"],
        postgresql_where=sa.text("resolved_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_alerts_resolved", "alerts")
    op.drop_index("ix_alerts_open", "alerts")
    for column in ("resolved_by", "acknowledged_by", "acknowledged_at"):
        op.drop_column("alerts", column)
