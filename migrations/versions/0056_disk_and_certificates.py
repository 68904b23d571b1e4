"""Let alerts say that a disk is almost full, and that a certificate expires."""

from alembic import op

from migrations.choices import accept, accept_no_longer

revision = "0056_disk_and_certificates"
down_revision = "0055_team_webhook"
branch_labels = None
depends_on = None

_KINDS = ("disk_low", "certificate_expires")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept("alerts", "kind", *_KINDS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    accept_no_longer("alerts", "kind", *_KINDS)
