"""Add the time at which a charge that is processing is decided at the latest."""

from alembic import op

from migrations.columns import timestamp

revision = "0015_charge_due"
down_revision = "0014_repeated_lines"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("orders", timestamp("charge_due_at", nullable=True))


def downgrade() -> None:
    op.drop_column("orders", "charge_due_at")
