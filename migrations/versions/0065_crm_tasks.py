"""Store what is to be written to a tenant's CRM, what was, and whose turn it is."""

import sqlalchemy as sa
from alembic import op

from migrations.choices import accept, accept_no_longer
from migrations.columns import (
    boolean,
    check,
    choice,
    identity,
    integer,
    jsonb,
    minor_units,
    references,
    tenant_id,
    text,
    timestamp,
    unique,
    uuid,
)
from migrations.row_level_security import create_sweep_function, protect, show_to_sweep

revision = "0065_crm_tasks"
down_revision = "0064_stripe_money"
branch_labels = None
depends_on = None

_ALERTS = ("crm_failing", "crm_parked")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tasks()
    _create_links()
    _create_lanes()
    op.add_column(
        "tenants", sa.Column("crm_takes_test_sales", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    accept("alerts", "kind", *_ALERTS)
    # What is known in the CRM stays known here.
    _keep_customers(
        "AND NOT EXISTS (SELECT FROM crm_tasks WHERE tenant_id = tenant AND customer_id = c.id)"
        " AND NOT EXISTS (SELECT FROM crm_links WHERE tenant_id = tenant AND customer_id = c.id)"
    )


def _create_tasks() -> None:
    op.create_table(
        "crm_tasks",
        *identity(references_tenant=False),
        *choice("kind", "customer", "order", "invoice", "credit_note"),
        text("subject"),
        uuid("customer_id"),
        uuid("order_id", nullable=True),
        *choice("state", "pending", "done", "parked"),
        text("reason", nullable=True),
        text("reason_text", nullable=True),
        jsonb("details"),
        integer("attempts"),
        timestamp("next_attempt_at"),
        integer("version"),
        timestamp("enqueued_at"),
        timestamp("done_at", nullable=True),
        unique("kind", "subject"),
        references("customers", "customer_id"),
        references("orders", "order_id"),
        check("documents_have_an_order", "(kind = 'customer') = (order_id IS NULL)"),
        check("done_has_its_time", "(state = 'done') = (done_at IS NOT NULL)"),
        check("parked_has_a_reason", "state <> 'parked' OR reason IS NOT NULL"),
        check("attempts_counted", "attempts >= 0 AND version > 0"),
    )
    pending, undone = sa.text("state = 'pending'"), sa.text("state <> 'done'")
    op.create_index("ix_crm_tasks_due", "crm_tasks", ["tenant_id", "id"], postgresql_where=pending)
    op.create_index(
        "ix_crm_tasks_undone", "crm_tasks", ["tenant_id", "customer_id", "id"], postgresql_where=undone
    )
    op.create_index(
        "ix_crm_tasks_parked", "crm_tasks", ["tenant_id", "id"], postgresql_where=sa.text("state = 'parked'")
    )
    op.create_index("ix_crm_tasks_by_order", "crm_tasks", ["tenant_id", "order_id"])
    op.create_index(
        "ix_crm_tasks_done",
        "crm_tasks",
        ["tenant_id", "done_at"],
        postgresql_where=sa.text("done_at IS NOT NULL"),
    )
    protect("crm_tasks", privileges="SELECT, INSERT, UPDATE, DELETE")
    show_to_sweep("crm_tasks", "tenant_id, state, next_attempt_at, enqueued_at")
    create_sweep_function(
        "lumira_tenants_with_due_crm_tasks(now timestamptz)",
        "SETOF integer",
        "SELECT DISTINCT tenant_id FROM crm_tasks WHERE state = 'pending' AND next_attempt_at <= now",
    )


def _create_links() -> None:
    op.create_table(
        "crm_links",
        *identity(references_tenant=False),
        *choice("element", "third_party", "order", "invoice"),
        text("subject"),
        uuid("customer_id"),
        uuid("order_id", nullable=True),
        boolean("is_credit_note"),
        sa.Column("dolibarr_id", sa.BigInteger(), nullable=False),
        text("ref", nullable=True),
        minor_units("amount", nullable=True),
        jsonb("amounts_by_rate", nullable=True),
        jsonb("agreed", nullable=True),
        text("agreed_hash", nullable=True),
        timestamp("created_at"),
        timestamp("synced_at", nullable=True),
        timestamp("unlinked_at", nullable=True),
        text("unlinked_reason", nullable=True),
        references("customers", "customer_id"),
        references("orders", "order_id"),
        check("dolibarr_id_is_an_id", "dolibarr_id > 0"),
        check("documents_have_an_order", "(element = 'third_party') = (order_id IS NULL)"),
        check("unlinked_has_a_reason", "(unlinked_at IS NULL) = (unlinked_reason IS NULL)"),
    )
    for name in ("subject", "dolibarr_id"):
        op.create_index(
            f"uq_crm_links_{name}",
            "crm_links",
            ["tenant_id", "element", name],
            unique=True,
            postgresql_where=sa.text("unlinked_at IS NULL"),
        )
    op.create_index("ix_crm_links_by_customer", "crm_links", ["tenant_id", "customer_id"])
    op.create_index("ix_crm_links_by_order", "crm_links", ["tenant_id", "order_id"])
    protect("crm_links", privileges="SELECT, INSERT, UPDATE, DELETE")


def _create_lanes() -> None:
    op.create_table(
        "crm_lanes",
        *tenant_id(),
        sa.Column("token", sa.BigInteger(), nullable=False),
        timestamp("leased_until"),
        timestamp("next_turn_at"),
        integer("failures"),
        timestamp("failing_since", nullable=True),
        text("problem", nullable=True),
        text("problem_text", nullable=True),
        sa.PrimaryKeyConstraint("tenant_id"),
        check("counts_are_counted", "token > 0 AND failures >= 0"),
        check("problem_has_its_time", "(failing_since IS NULL) = (problem IS NULL)"),
    )
    protect("crm_lanes")


def _keep_customers(conditions: str) -> None:
    """Let a visitor's row be removed only if these conditions hold too, as a part of the statement."""
    op.execute(
        f"""
        CREATE OR REPLACE FUNCTION lumira_remove_unused_customers(customer_ids uuid[]) RETURNS integer
        LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
        DECLARE
            tenant integer := NULLIF(current_setting('lumira.tenant_id', true), '')::integer;
            locked uuid[];
            unused uuid[];
        BEGIN
            SELECT array_agg(id) INTO locked FROM (
                SELECT id FROM customers WHERE tenant_id = tenant AND id = ANY (customer_ids)
                    AND erased_at IS NULL AND merged_into_id IS NULL
                FOR UPDATE SKIP LOCKED
            ) AS found;
            SELECT array_agg(id) INTO unused FROM customers AS c
            WHERE tenant_id = tenant AND id = ANY (locked)
                AND NOT EXISTS (SELECT FROM orders WHERE tenant_id = tenant AND customer_id = c.id)
                AND NOT EXISTS (SELECT FROM access_grants WHERE tenant_id = tenant AND customer_id = c.id)
                AND NOT EXISTS (SELECT FROM manual_grants WHERE tenant_id = tenant AND customer_id = c.id)
                AND NOT EXISTS (SELECT FROM customers WHERE tenant_id = tenant AND merged_into_id = c.id)
                {conditions};
            DELETE FROM access_links WHERE tenant_id = tenant AND customer_id = ANY (unused);
            DELETE FROM customers WHERE tenant_id = tenant AND id = ANY (unused);
            RETURN coalesce(array_length(unused, 1), 0);
        END $$
        """  # noqa: S608 - constants
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _keep_customers("")
    accept_no_longer("alerts", "kind", *_ALERTS)
    op.drop_column("tenants", "crm_takes_test_sales")
    op.drop_table("crm_lanes")
    op.drop_table("crm_links")
    op.execute("DROP FUNCTION lumira_tenants_with_due_crm_tasks(timestamptz)")
    op.drop_table("crm_tasks")
