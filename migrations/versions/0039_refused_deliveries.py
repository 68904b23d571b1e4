"""Count the deliveries to the webhook endpoint that are refused."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import check, choice, integer, tenant_id, timestamp
from migrations.row_level_security import protect

revision = "0039_refused_deliveries"
down_revision = "0038_messages_by_kind"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_deliveries",
        *tenant_id(),
        timestamp("hour"),
        *choice("reason", "signature", "no_secret", "no_event"),
        integer("number"),
        timestamp("last_at"),
        check("number_positive", "number > 0"),
        sa.PrimaryKeyConstraint("tenant_id", "hour", "reason"),
    )
    protect("refused_deliveries", privileges="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    op.drop_table("refused_deliveries")
