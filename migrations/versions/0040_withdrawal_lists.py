"""Index the withdrawals by their deadline and by the time of the decision, as pages list them."""

import sqlalchemy as sa
from alembic import op

revision = "0040_withdrawal_lists"
down_revision = "0039_refused_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_withdrawals_waiting", "withdrawals")
    op.create_index(
        "ix_withdrawals_waiting",
        "withdrawals",
        ["tenant_id", "requested_at", "id"],
        postgresql_where=sa.text("decision IS NULL"),
    )
    op.create_index(
        "ix_withdrawals_decided",
        "withdrawals",
        ["tenant_id", "decided_at", "id"],
        postgresql_where=sa.text("decision IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_withdrawals_decided", "withdrawals")
    op.drop_index("ix_withdrawals_waiting", "withdrawals")
    op.create_index(
        "ix_withdrawals_waiting",
        "withdrawals",
        ["tenant_id", "id"],
        postgresql_where=sa.text("decision IS NULL"),
    )
