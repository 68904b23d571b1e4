"""Let a job know the span of the request that enqueued it, where traces are recorded."""

from alembic import op

revision = "0054_traced_jobs"
down_revision = "0053_continue_order"
branch_labels = None
depends_on = None

_ENQUEUE = """
    CREATE OR REPLACE FUNCTION lumira_enqueue_job(task text, tenant integer) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(hashtext(task), tenant);
        IF NOT EXISTS (
            SELECT FROM procrastinate_jobs WHERE queueing_lock = task || ':' || tenant AND status = 'todo'
        ) THEN
            INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
            VALUES ('lumira', task, task || ':' || tenant, %s)
            ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING;
        END IF;
    END $$
"""
_TENANT = "jsonb_build_object('tenant_id', tenant)"
#: The setting is empty where no traces are recorded: the job then has the arguments that every release knows.
_TRACED = (
    f"{_TENANT} || CASE WHEN current_setting('lumira.traceparent', true) <> '' "
    "THEN jsonb_build_object('traceparent', current_setting('lumira.traceparent', true)) ELSE '{}' END"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(_ENQUEUE % _TRACED)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    # The earlier release does not know the argument.
    op.execute("UPDATE procrastinate_jobs SET args = args - 'traceparent' WHERE status = 'todo'")
    op.execute(_ENQUEUE % _TENANT)
