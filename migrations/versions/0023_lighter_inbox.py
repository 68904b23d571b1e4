"""Storing an event touches no row that all deliveries share."""

from alembic import op

revision = "0023_lighter_inbox"
down_revision = "0022_receipts_of_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # Every insert would lock the tenant's row with all others that insert at that moment.
    op.drop_constraint(op.f("fk_webhook_events_tenant_id"), "webhook_events", type_="foreignkey")
    # Most often the wake-up is queued already. Whoever takes it waits for the shared lock before looking at the
    # inbox, so that one which is seen here will find what this transaction adds.
    _wake(
        """
        IF NOT EXISTS (
            SELECT FROM procrastinate_jobs WHERE queueing_lock = task || ':' || tenant AND status = 'todo'
        ) THEN
            INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
            VALUES ('lumira', task, task || ':' || tenant, jsonb_build_object('tenant_id', tenant))
            ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING;
        END IF;
        """
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _wake(
        """
        INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
        VALUES ('lumira', task, task || ':' || tenant, jsonb_build_object('tenant_id', tenant))
        ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING;
        """
    )
    op.create_foreign_key(
        op.f("fk_webhook_events_tenant_id"), "webhook_events", "tenants", ["tenant_id"], ["id"]
    )


def _wake(statements: str) -> None:
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION lumira_enqueue_job(task text, tenant integer) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(hashtext(task), tenant);
            {statements}
        END $$
        """
    )
