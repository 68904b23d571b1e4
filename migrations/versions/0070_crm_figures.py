"""Count what is to be written to the CRMs of all tenants, for the metrics."""

from alembic import op

from migrations.row_level_security import SWEEP, create_sweep_function, show_to_sweep

revision = "0070_crm_figures"
down_revision = "0069_payout_alerts"
branch_labels = None
depends_on = None

# Each reads at most `most` rows of an index of what is not done yet; `oldest` is one probe of an index for each tenant.
_COUNT_TASKS = """
    SELECT 'pending', count(*), (
        SELECT min(first.enqueued_at) FROM tenants t CROSS JOIN LATERAL (
            SELECT c.enqueued_at FROM crm_tasks c WHERE c.tenant_id = t.id AND c.state = 'pending'
            ORDER BY c.next_attempt_at LIMIT 1) first)
    FROM (SELECT FROM crm_tasks WHERE state = 'pending' LIMIT most) counted
    UNION ALL SELECT 'parked', count(*), NULL
    FROM (SELECT FROM crm_tasks WHERE state = 'parked' LIMIT most) counted
"""
_COUNT_FAILING = """
    SELECT count(*) FROM crm_lanes l JOIN tenants t ON t.id = l.tenant_id
    WHERE l.failing_since IS NOT NULL AND t.crm_switched_on_at IS NOT NULL
"""


def upgrade() -> None:
    op.execute(f"GRANT SELECT (crm_switched_on_at) ON tenants TO {SWEEP}")
    show_to_sweep("crm_lanes", "tenant_id, failing_since")
    create_sweep_function(
        "lumira_count_crm_tasks(most integer)",
        "TABLE(state text, number bigint, oldest timestamptz)",
        _COUNT_TASKS,
    )
    create_sweep_function("lumira_count_failing_crms()", "bigint", _COUNT_FAILING)


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_count_failing_crms()")
    op.execute("DROP FUNCTION lumira_count_crm_tasks(integer)")
    op.execute("DROP POLICY crm_lanes_for_sweep ON crm_lanes")
    op.execute(f"REVOKE SELECT (tenant_id, failing_since) ON crm_lanes FROM {SWEEP}")  # noqa: S608 - a constant
    op.execute(f"REVOKE SELECT (crm_switched_on_at) ON tenants FROM {SWEEP}")  # noqa: S608 - a constant
