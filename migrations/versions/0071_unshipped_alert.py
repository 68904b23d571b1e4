"""Let alerts be about orders that are shipped late."""

from alembic import op

from migrations.choices import accept, accept_no_longer

revision = "0071_unshipped_alert"
down_revision = "0070_crm_figures"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept("alerts", "kind", "order_unshipped")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept_no_longer("alerts", "kind", "order_unshipped")
