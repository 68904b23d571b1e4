"""Create the job queue: Procrastinate's own schema (3.10), and the function that enqueues a job.

`lumira_enqueue_job` takes the tenant's advisory lock, shared, until its transaction ends. The job first takes the
same lock exclusively and releases it, so it never scans while the row that it was enqueued for is uncommitted.
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0012_jobs"
down_revision = "0011_idempotency_and_audit"
branch_labels = None
depends_on = None

TABLES = (
    "procrastinate_workers",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_events",
)


def upgrade() -> None:
    op.execute(SchemaManager.get_schema())
    for table in TABLES:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO lumira_app")
        op.execute(f"GRANT USAGE ON SEQUENCE {table}_id_seq TO lumira_app")
    # Most often the job is queued already, and the insert would wait for the transactions that insert it too. A
    # queued job waits for the shared lock before it scans, so it also finds what this transaction adds.
    op.execute(
        """
        CREATE FUNCTION lumira_enqueue_job(task text, tenant integer) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(hashtext(task), tenant);
            IF NOT EXISTS (
                SELECT FROM procrastinate_jobs WHERE queueing_lock = task || ':' || tenant AND status = 'todo'
            ) THEN
                INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
                VALUES ('lumira', task, task || ':' || tenant, jsonb_build_object('tenant_id', tenant))
                ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING;
            END IF;
        END $$
        """
    )


def downgrade() -> None:
    op.execute("DROP FUNCTION lumira_enqueue_job(text, integer)")
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table} CASCADE")
    op.execute(
        r"""
        DO $$ DECLARE object record; BEGIN
            FOR object IN SELECT oid::regprocedure AS name FROM pg_proc
                WHERE proname LIKE 'procrastinate\_%' LOOP
                EXECUTE 'DROP FUNCTION ' || object.name;
            END LOOP;
            FOR object IN SELECT oid::regtype AS name FROM pg_type
                WHERE typname LIKE 'procrastinate\_%' AND typtype IN ('e', 'c') LOOP
                EXECUTE 'DROP TYPE ' || object.name;
            END LOOP;
        END $$
        """
    )
