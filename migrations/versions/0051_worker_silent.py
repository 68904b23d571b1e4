"""Let alerts say that no worker runs."""

from alembic import op

from migrations.choices import accept, accept_no_longer

revision = "0051_worker_silent"
down_revision = "0050_replaced_api_keys"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept("alerts", "kind", "worker_silent")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept_no_longer("alerts", "kind", "worker_silent")
