"""Index the open disputes by their due date, and the closed ones by their last change, as pages list them."""

import sqlalchemy as sa
from alembic import op

revision = "0042_dispute_lists"
down_revision = "0041_tenants_edited"
branch_labels = None
depends_on = None

_DECIDED = "('warning_closed', 'prevented', 'lost', 'won')"


def upgrade() -> None:
    op.create_index(
        "ix_disputes_open",
        "disputes",
        ["tenant_id", sa.text("coalesce(due_at, created_at)"), "id"],
        postgresql_where=sa.text(f"status NOT IN {_DECIDED}"),
    )
    op.create_index(
        "ix_disputes_closed",
        "disputes",
        ["tenant_id", "updated_at", "id"],
        postgresql_where=sa.text(f"status IN {_DECIDED}"),
    )


def downgrade() -> None:
    op.drop_index("ix_disputes_closed", "disputes")
    op.drop_index("ix_disputes_open", "disputes")
