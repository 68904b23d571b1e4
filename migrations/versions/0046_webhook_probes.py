"""Note the deliveries by which an installation checks its own public address."""

from alembic import op

from migrations.columns import identity, timestamp
from migrations.row_level_security import protect

revision = "0046_webhook_probes"
down_revision = "0045_conditions_watched"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_probes", *identity(), timestamp("created_at"), timestamp("received_at", nullable=True)
    )
    protect("webhook_probes", privileges="SELECT, INSERT, UPDATE, DELETE")


def downgrade() -> None:
    op.drop_table("webhook_probes")
