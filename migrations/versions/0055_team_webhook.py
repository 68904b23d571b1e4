"""Store the webhook of a tenant's team, and what is still to be posted to it."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import check, encrypted, identity, integer, text, timestamp, uuid
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0055_team_webhook"
down_revision = "0054_traced_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", encrypted("team_webhook_sealed", nullable=True))
    op.add_column("tenants", text("team_webhook_host", nullable=True))
    op.add_column("tenants", sa.Column[str]("team_webhook_format", sa.String(length=40), nullable=True))
    op.create_check_constraint(
        "team_webhook_format_is_known", "tenants", "team_webhook_format IN ('text', 'json')"
    )
    op.create_check_constraint(
        "team_webhook_is_whole",
        "tenants",
        "(team_webhook_sealed IS NULL) = (team_webhook_host IS NULL) "
        "AND (team_webhook_sealed IS NULL) = (team_webhook_format IS NULL)",
    )
    op.create_table(
        "team_posts",
        *identity(),
        uuid("alert_id"),
        sa.Column("is_recovery", sa.Boolean(), nullable=False),
        timestamp("enqueued_at"),
        timestamp("next_attempt_at"),
        integer("attempts"),
        check("attempts_counted", "attempts >= 0"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "alert_id"], ["alerts.tenant_id", "alerts.id"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_team_posts_due", "team_posts", ["tenant_id", "next_attempt_at"])
    op.create_index("ix_team_posts_by_alert", "team_posts", ["tenant_id", "alert_id"])
    protect("team_posts", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_to_sweep("team_posts", "tenant_id, next_attempt_at")
    create_sweep_function(
        "lumira_tenants_with_due_team_posts(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM team_posts WHERE next_attempt_at <= now",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_tenants_with_due_team_posts(timestamptz)")
    op.drop_table("team_posts")
    op.drop_constraint(op.f("ck_tenants_team_webhook_is_whole"), "tenants")
    op.drop_constraint(op.f("ck_tenants_team_webhook_format_is_known"), "tenants")
    for column in ("team_webhook_format", "team_webhook_host", "team_webhook_sealed"):
        op.drop_column("tenants", column)
