"""A brand's colours, and alerts that the team is told of."""

import sqlalchemy as sa
from alembic import op

from migrations.row_level_security import create_sweep_function, show_to_sweep

revision = "0016_letters"
down_revision = "0015_content"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("tenants", sa.Column("brand_color", sa.Text(), nullable=True))
    op.add_column("tenants", sa.Column("brand_background", sa.Text(), nullable=True))
    op.add_column("tenants", sa.Column("brand_radius", sa.Integer(), nullable=True))
    for name, condition in (
        ("brand_color_is_hexadecimal", "brand_color ~ '^#[0-9A-F]{6}$'"),
        ("brand_background_is_hexadecimal", "brand_background ~ '^#[0-9A-F]{6}$'"),
        ("brand_radius_is_small", "brand_radius BETWEEN 0 AND 32"),
    ):
        op.create_check_constraint(op.f(f"ck_tenants_{name}"), "tenants", condition)
    # Alerts that are there already were seen in the log: nobody is sent them all at once.
    op.add_column("alerts", sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("next_notification_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "alerts", sa.Column("notification_attempts", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index(
        "ix_alerts_to_send",
        "alerts",
        ["tenant_id", "next_notification_at"],
        postgresql_where="next_notification_at IS NOT NULL",
    )
    show_to_sweep("alerts", "tenant_id, next_notification_at")
    create_sweep_function(
        "lumira_tenants_with_unsent_alerts(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM alerts WHERE next_notification_at <= now",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION lumira_tenants_with_unsent_alerts(timestamptz)")
    op.execute("DROP POLICY alerts_for_sweep ON alerts")
    op.execute("REVOKE SELECT (tenant_id, next_notification_at) ON alerts FROM lumira_sweep")
    op.drop_index("ix_alerts_to_send", "alerts")
    op.drop_column("alerts", "notification_attempts")
    op.drop_column("alerts", "next_notification_at")
    op.drop_column("alerts", "notified_at")
    for name in ("brand_radius_is_small", "brand_background_is_hexadecimal", "brand_color_is_hexadecimal"):
        op.drop_constraint(op.f(f"ck_tenants_{name}"), "tenants")
    op.drop_column("tenants", "brand_radius")
    op.drop_column("tenants", "brand_background")
    op.drop_column("tenants", "brand_color")
